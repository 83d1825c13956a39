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

// server is an API server for one workflow. It keeps what is written to it, and that ends the
// workflow, so that no decision waits for a controller.
type server struct {
	t *testing.T

	mu      sync.Mutex
	obj     *unstructured.Unstructured
	written map[string]any
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := any(s.now())
	switch {
	case strings.Contains(r.URL.Path, "/pods"):
		answer = map[string]any{"kind": "PodList", "apiVersion": "v1", "items": []any{}}
	case r.URL.Query().Get("watch") != "":
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	case r.Method == http.MethodPatch || r.Method == http.MethodPut:
		s.keep(r.Body)
	case strings.HasSuffix(r.URL.Path, "/workflows"):
		answer = map[string]any{"kind": "WorkflowList", "apiVersion": "argoproj.io/v1alpha1", "items": []any{answer}}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.t.Error(err)
	}
}

func (s *server) now() *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.obj
}

// put sets the workflow's state.
func (s *server) put(obj *unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.obj = obj
}

func (s *server) keep(body io.Reader) {
	text, err := io.ReadAll(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written = nil
	if err := errors.Join(err, json.Unmarshal(text, &s.written)); err != nil {
		s.t.Error(err)
	}
	s.obj = s.obj.DeepCopy()
	s.obj.SetResourceVersion("2")
	if err := unstructured.SetNestedField(s.obj.Object, "Failed", "status", "phase"); err != nil {
		s.t.Error(err)
	}
}

func (s *server) wrote() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, _, _ := unstructured.NestedString(s.written, "status", "compressedNodes")
	nodes, err := status.DecompressNodes(text)
	if err != nil {
		s.t.Errorf("what was written is not gzip: %v", err)
	}
	return nodes
}

// Every verb reads nodes with the client's decoders, and writes them as gzip.
func TestClientReadsNodes(t *testing.T) {
	const gate = `{"w":{"name":"w","type":"Steps","phase":"Running"},"gate":{"displayName":"approve","type":"Suspend","phase":"Running","boundaryID":"w"}}`
	const ended = `{"w":{"name":"w","type":"DAG","phase":"Failed","children":["a","b"]},` +
		`"a":{"name":"w.a","displayName":"load","type":"Pod","phase":"Failed","boundaryID":"w"},` +
		`"b":{"name":"w.b","displayName":"fine","type":"Pod","phase":"Succeeded","boundaryID":"w"}}`
	for _, name := range []string{"zstd default", "brotli 6"} {
		algorithm := algorithms(t)[name]
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

			listed := 0
			for s, err := range client.List(t.Context(), workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}) {
				if listed++; err != nil || s.Node("gate") == nil {
					t.Errorf("List: %v", err)
				}
			}
			if listed != 1 {
				t.Errorf("List: %d workflows", listed)
			}
			if s, err := client.Get(t.Context(), "w"); err != nil || !s.HasSuspendedNodes() {
				t.Errorf("Get: %v", err)
			}
			if _, err := client.Wait(t.Context(), "w", workflow.Suspended); err != nil {
				t.Errorf("Wait: %v", err)
			}
			var missing *status.CompressionError
			if _, err := without.Wait(t.Context(), "w", workflow.Suspended); !errors.Is(err, workflow.ErrUnreadable) || !errors.As(err, &missing) {
				t.Errorf("Wait without decoders: %v", err)
			}
			for s, err := range client.Watch(t.Context(), "w") {
				if err != nil || !s.Suspended() {
					t.Errorf("Watch: %v", err)
				}
				break
			}
			for _, err := range client.Logs(t.Context(), "w", workflow.LogOptions{Selector: "displayName=approve"}) {
				t.Errorf("Logs: %v", err)
			}
			for _, err := range without.Logs(t.Context(), "w", workflow.LogOptions{Selector: "displayName=approve"}) {
				if !errors.Is(err, workflow.ErrUnreadable) {
					t.Errorf("Logs without decoders: %v", err)
				}
			}
			if _, err := client.Reject(t.Context(), "w", workflow.Decision{Gates: []string{"approve"}}); err != nil {
				t.Errorf("Reject: %v", err)
			} else if node, _ := answers.wrote()["gate"].(map[string]any); node["phase"] != "Failed" {
				t.Errorf("Reject wrote %v", node)
			}
			answers.put(workflowOf("Running", packed(t, algorithm, []byte(gate))))
			if _, err := client.Approve(t.Context(), "w", workflow.Decision{Gates: []string{"gate"}}); err != nil {
				t.Errorf("Approve: %v", err)
			} else if node, _ := answers.wrote()["gate"].(map[string]any); node["phase"] != "Succeeded" {
				t.Errorf("Approve wrote %v", node)
			}
			answers.put(workflowOf("Running", packed(t, algorithm, []byte(gate))))
			if _, err := without.Resume(t.Context(), "w", workflow.ResumeOptions{}); !errors.Is(err, workflow.ErrUnreadable) {
				t.Errorf("Resume without decoders: %v", err)
			}

			answers.put(workflowOf("Failed", packed(t, algorithm, []byte(ended))))
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
