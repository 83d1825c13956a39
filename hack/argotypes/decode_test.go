package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	v3 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	v4 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// decode reads a workflow as Argo 3.7 and 4.0 do: their controllers from the object (util.FromUnstructured),
// which leave some objects, as their servers and command lines do all, to the decoder of JSON.
func decode(text []byte) error {
	var object map[string]any
	if err := utiljson.Unmarshal(text, &object); err != nil {
		return err
	}
	for version, into := range map[string]func() any{
		"3.7": func() any { return &v3.Workflow{} },
		"4.0": func() any { return &v4.Workflow{} },
	} {
		err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, into())
		if err != nil && err.Error() != "cannot convert int64 to v1alpha1.AnyString" { // goes on with the JSON
			return fmt.Errorf("the controller of %s: %w", version, err)
		}
		if err := json.Unmarshal(text, into()); err != nil {
			return fmt.Errorf("JSON in %s: %w", version, err)
		}
	}
	return nil
}

// verdicts counts what became of workflows. It is the API server too: it answers each request that
// creates something with what was sent.
type verdicts struct {
	client        *workflow.WorkflowClient
	created       []byte
	sent, refused int
}

func newVerdicts(t *testing.T) *verdicts {
	t.Helper()
	v := &verdicts{}
	var err error
	v.client, err = workflow.NewForConfig(&rest.Config{Host: "http://api", Transport: v, QPS: -1},
		workflow.Options{Namespace: "default", RetryFor: -1})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// judge has the client send a workflow. What it sends must be one that Argo decodes, and what it
// refuses for a type must not be.
func (v *verdicts) judge(t *testing.T, what string, object map[string]any, send sending) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	v.created = nil
	err = send(t.Context(), v.client, text)
	var invalid *workflow.InvalidError
	switch {
	case v.created != nil:
		v.sent++
		if err := decode(v.created); err != nil {
			t.Errorf("%s was sent, and Argo cannot decode it: %v\n%s", what, err, v.created)
		}
	case !errors.As(err, &invalid):
		t.Fatalf("%s: %v\n%s", what, err, text)
	default:
		v.refused++
		for _, p := range invalid.Problems {
			if p.Type == field.ErrorTypeTypeInvalid && decode(text) == nil {
				t.Errorf("%s was refused, and Argo decodes it: %v\n%s", what, p, text)
			}
		}
	}
}

// sending is a way to have the client send a workflow.
type sending func(ctx context.Context, client *workflow.WorkflowClient, text []byte) error

func create(ctx context.Context, client *workflow.WorkflowClient, text []byte) error {
	obj := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(text, &obj.Object); err != nil {
		return err
	}
	_, err := client.Create(ctx, obj)
	return err
}

func startManifest(ctx context.Context, client *workflow.WorkflowClient, text []byte) error {
	_, err := client.Start(ctx, workflow.StartRequest{Name: "w", Manifest: text, SkipTemplateCheck: true})
	return err
}

// RoundTrip implements http.RoundTripper.
func (v *verdicts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return nil, errors.New("not expected: " + r.Method)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	v.created = body
	return &http.Response{
		StatusCode: http.StatusCreated, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}
