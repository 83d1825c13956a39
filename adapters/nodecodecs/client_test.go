package nodecodecs_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/nodecodecs"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// server answers for one workflow, and keeps what is written to it.
type server struct {
	t *testing.T

	mu      sync.Mutex
	obj     *unstructured.Unstructured
	written map[string]any
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	obj := s.obj
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer := any(obj)
	switch {
	case strings.Contains(r.URL.Path, "/pods"):
		answer = map[string]any{"kind": "PodList", "apiVersion": "v1", "items": []any{}}
	case r.URL.Query().Get("watch") != "":
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	case r.Method == http.MethodPatch || r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		s.mu.Lock()
		s.written = nil
		if err := errors.Join(err, json.Unmarshal(body, &s.written)); err != nil {
			s.t.Error(err)
		}
		s.mu.Unlock()
	case strings.HasSuffix(r.URL.Path, "/workflows"):
		answer = map[string]any{"kind": "WorkflowList", "apiVersion": "argoproj.io/v1alpha1", "items": []any{obj}}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.t.Error(err)
	}
}

func (s *server) wrote() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, _, _ := unstructured.NestedString(s.written, "status", "compressedNodes")
	nodes, err := status.DecompressNodes(text)
	if err != nil {
		s.t.Errorf("what was written is no gzip: %v", err)
	}
	return nodes
}

// Every verb reads nodes with the client's decoders, and what it writes is gzip.
func TestClientReadsNodes(t *testing.T) {
	const gate = `{"w":{"name":"w","type":"Steps","phase":"Running"},"gate":{"displayName":"approve","type":"Suspend","phase":"Running","boundaryID":"w"}}`
	const ended = `{"w":{"name":"w","type":"DAG","phase":"Failed","children":["a","b"]},` +
		`"a":{"name":"w.a","displayName":"load","type":"Pod","phase":"Failed","boundaryID":"w"},` +
		`"b":{"name":"w.b","displayName":"fine","type":"Pod","phase":"Succeeded","boundaryID":"w"}}`
	for _, name := range []string{"zstd default", "brotli 6"} {
		algorithm := algorithms(t)[name]
		if algorithm == nil {
			algorithm = algorithms(t)["brotli 11"]
		}
		t.Run(name, func(t *testing.T) {
			answers := &server{t: t, obj: workflowOf("Running", packed(t, algorithm, []byte(gate)))}
			host := httptest.NewServer(answers)
			defer host.Close()
			newClient := func(decoders status.NodeDecoders) *workflow.WorkflowClient {
				client, err := workflow.NewForConfig(&rest.Config{Host: host.URL}, workflow.Options{NodeDecoders: decoders, RetryFor: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				return client
			}
			client, without := newClient(nodecodecs.Decoders()), newClient(status.NodeDecoders{})

			for s, err := range client.List(t.Context(), workflow.ListOptions{Suspended: true}) {
				if err != nil || s.Node("gate") == nil {
					t.Errorf("List: %v", err)
				}
			}
			if s, err := client.Get(t.Context(), "w"); err != nil || !s.HasSuspendedNodes() {
				t.Errorf("Get: %v", err)
			}
			if _, err := client.Wait(t.Context(), "w", workflow.Suspended); err != nil {
				t.Errorf("Wait: %v", err)
			}
			var missing *status.CompressionError
			if _, err := without.Wait(t.Context(), "w", workflow.Suspended); !errors.Is(err, workflow.ErrUnsupported) || !errors.As(err, &missing) {
				t.Errorf("Wait without decoders: %v", err)
			}
			if err := client.Stop(t.Context(), "w", workflow.StopOptions{Selector: "displayName=approve"}); err != nil {
				t.Errorf("Stop: %v", err)
			} else if node, _ := answers.wrote()["gate"].(map[string]any); node["phase"] != "Failed" {
				t.Errorf("Stop wrote %v", node)
			}

			answers.mu.Lock()
			answers.obj = workflowOf("Failed", packed(t, algorithm, []byte(ended)))
			answers.mu.Unlock()
			if _, err := client.Retry(t.Context(), "w", workflow.RetryOptions{}); err != nil {
				t.Errorf("Retry: %v", err)
			} else if nodes := answers.wrote(); nodes["a"] != nil || nodes["b"] == nil {
				t.Errorf("Retry wrote %v", nodes)
			}
			if _, err := without.Retry(t.Context(), "w", workflow.RetryOptions{}); !errors.As(err, &missing) {
				t.Errorf("Retry without decoders: %v", err)
			}
		})
	}
}
