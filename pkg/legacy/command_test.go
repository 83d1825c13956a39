package legacy

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func request(t *testing.T, method, uri, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://kubectl"+uri, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestCommandFor(t *testing.T) {
	const workflows = "/apis/argoproj.io/v1alpha1/namespaces/ma/workflows"
	for _, tc := range []struct {
		method, uri string
		args        []string
	}{
		{"GET", workflows + "?labelSelector=a%3Db", []string{"get", "--raw=" + workflows + "?labelSelector=a%3Db"}},
		{"POST", workflows + "?fieldValidation=Strict", []string{"create", "--raw=" + workflows + "?fieldValidation=Strict", "--filename=-"}},
		{"PUT", workflows + "/w", []string{"replace", "--raw=" + workflows + "/w", "--filename=-"}},
		{"DELETE", workflows + "/w", []string{"delete", "--raw=" + workflows + "/w", "--filename=-"}},
		{"PATCH", workflows + "/--w?dryRun=All", []string{
			"patch", "workflows.v1alpha1.argoproj.io", "--namespace=ma", "--type=merge", "--patch-file=/dev/stdin", "--output=json", "--show-managed-fields", "--dry-run=server", "--", "--w",
		}},
	} {
		req := request(t, tc.method, tc.uri, `{"a":"secret"}`)
		req.Header.Set("Content-Type", "application/merge-patch+json")
		cmd, err := commandFor(req)
		if err != nil || !slices.Equal(cmd.Args, tc.args) || string(cmd.Stdin) != `{"a":"secret"}` {
			t.Errorf("%s %s: %+v, %v", tc.method, tc.uri, cmd, err)
		}
	}
	for _, req := range []*http.Request{
		request(t, "PATCH", workflows+"/w?force=true", ""), request(t, "PATCH", "/api/v1/namespaces/ma/pods/p", ""), request(t, "OPTIONS", workflows, ""),
	} {
		req.Header.Set("Content-Type", "application/merge-patch+json")
		if _, err := commandFor(req); !errors.Is(err, workflow.ErrUnsupported) {
			t.Errorf("%s %s: %v", req.Method, req.URL, err)
		}
	}
	if _, err := commandFor(request(t, "PATCH", workflows+"/w", "")); !errors.Is(err, workflow.ErrUnsupported) {
		t.Errorf("a patch of no kind: %v", err)
	}
}

// A command has a workflow with its parameters in its input.
func TestCommandsShowNoInput(t *testing.T) {
	cmd := Command{Args: []string{"create", "--filename=-"}, Stdin: []byte("s3cr3t")}
	var asText, asJSON bytes.Buffer
	slog.New(slog.NewTextHandler(&asText, nil)).Info("run", "command", cmd)
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("run", "command", cmd)
	texts := []string{asText.String(), asJSON.String(), fmt.Sprint(cmd), fmt.Sprintf("%+v %#v %d %x", cmd, cmd, cmd, &cmd)}
	for _, text := range texts {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "115 51") || strings.Contains(text, "733363723374") || !strings.Contains(text, "6 bytes") {
			t.Error(text)
		}
	}
}
