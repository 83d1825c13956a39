package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// apiServer answers for the API server: it has one workflow, takes whatever is written, and has
// nothing else.
type apiServer struct {
	status string // the JSON of the workflow's status
}

// newClient returns a client of an API server that has a workflow of that status.
func newClient(status string) (*workflow.WorkflowClient, error) {
	return workflow.NewForConfig(&rest.Config{Host: "http://hostile.invalid", Transport: &apiServer{status: status}},
		workflow.Options{Namespace: "ma"})
}

// RoundTrip implements http.RoundTripper.
func (s *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	hour := time.Now().Add(-time.Hour)
	switch path := r.URL.Path; {
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/workflows/w"):
		return answer(r, http.StatusOK, s.workflow("1", hour)), nil
	case r.Method == http.MethodPatch || r.Method == http.MethodPut:
		// So long after the last change that nobody has to wait for the controller.
		return answer(r, http.StatusOK, s.workflow("2", time.Now())), nil
	case r.Method == http.MethodPost:
		var created struct{ Metadata struct{ Name string } }
		if err := json.Unmarshal(sent, &created); err != nil {
			return nil, err
		}
		return answer(r, http.StatusCreated, []byte(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w","uid":"u","resourceVersion":"1"}}`)), nil
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/pods"):
		return answer(r, http.StatusOK, []byte(`{"apiVersion":"v1","kind":"PodList","metadata":{},"items":[]}`)), nil
	}
	return answer(r, http.StatusNotFound, []byte(`{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"NotFound","code":404}`)), nil
}

func (s *apiServer) workflow(version string, written time.Time) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w","namespace":"ma","uid":"u",`+
		`"resourceVersion":%q,"managedFields":[{"manager":"m","operation":"Update","time":%q}]},"spec":{},"status":%s}`,
		version, written.UTC().Format(time.RFC3339), s.status)
}

func answer(r *http.Request, code int, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// packedStatus is a status of that phase with compressed nodes.
func packedStatus(phase status.NodePhase, nodes packedText) string {
	return fmt.Sprintf(`{"phase":%q,"compressedNodes":%q}`, phase, base64.StdEncoding.EncodeToString(nodes.gzip))
}
