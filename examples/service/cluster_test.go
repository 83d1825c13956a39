package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// emptyCluster is an API server without objects, which permits everything except one resource.
type emptyCluster struct{ forbidden string }

func (c emptyCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/selfsubjectaccessreviews"):
		body := new(strings.Builder)
		_ = r.Write(body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "status": {"allowed": %t}}`,
			c.forbidden == "" || !strings.Contains(body.String(), c.forbidden))
	case strings.HasSuffix(path, "/workflows") && r.Method == http.MethodPost: // a dry run
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1",
			"metadata": {"namespace": "migrations", "name": "backfill-demo", "uid": "2", "resourceVersion": "2"}}`)
	case strings.HasSuffix(path, "/workflows"):
		fmt.Fprint(w, `{"kind": "WorkflowList", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"resourceVersion": "1"}, "items": []}`)
	case strings.HasSuffix(path, "/workflowtemplates/bulk-load"):
		fmt.Fprint(w, `{"kind": "WorkflowTemplate", "apiVersion": "argoproj.io/v1alpha1",
			"metadata": {"namespace": "migrations", "name": "bulk-load", "uid": "1", "resourceVersion": "1"},
			"spec": {"templates": [{"name": "run-bulk-load"}], "arguments": {"parameters": [{"name": "image-config", "value": ""}]}}}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`)
	}
}

// built returns the service on a cluster, with the backfills of these configurations.
func built(t *testing.T, cluster http.Handler, log *logBook, configs ...string) *service {
	t.Helper()
	return builtWith(t, settings{configs: configs, every: time.Hour}, cluster, log)
}

func builtWith(t *testing.T, s settings, cluster http.Handler, log *logBook) *service {
	t.Helper()
	server := httptest.NewServer(cluster)
	t.Cleanup(server.Close)
	t.Setenv("KUBECONFIG", write(t, strings.Replace(deadCluster, "http://127.0.0.1:1", server.URL, 1)))
	app, err := build(t.Context(), s, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.release)
	return app
}

// asked returns a handler's response to a request.
func asked(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	req.Host = "localhost"
	h.ServeHTTP(answer, req)
	return answer.Code, answer.Body.String()
}
