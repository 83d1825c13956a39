package legacy

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// onePast is a history that has one workflow.
type onePast struct{ name string }

func (h onePast) ByUID(ctx context.Context, namespace string, _ types.UID) (*unstructured.Unstructured, error) {
	return h.ByName(ctx, namespace, h.name)
}

func (h onePast) ByName(_ context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	if name != h.name {
		return nil, workflow.ErrNotFound
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{"name": name, "namespace": namespace, "uid": "u"},
		"status":   map[string]any{"phase": "Failed"},
	}}, nil
}

func (h onePast) List(ctx context.Context, q workflow.HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) { yield(h.ByName(ctx, q.Namespace, h.name)) }
}

// The options for history and nodes are those of the native client.
func TestHistoryOverKubectl(t *testing.T) {
	nothing := executorFunc(func(cmd Command) CommandOutput {
		if strings.Contains(strings.Join(cmd.Args, " "), "/workflows?") {
			return CommandOutput{Stdout: `{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowList","metadata":{},"items":[]}`}
		}
		return CommandOutput{Stderr: `Error from server (NotFound): workflows.argoproj.io "w" not found`, ReturnCode: 1}
	})
	kubectl, err := NewKubectlClient(nothing, Options{History: onePast{"w"}})
	if err != nil {
		t.Fatal(err)
	}
	router, err := NewRouter(kubectl, kubectl, RouterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]workflow.Interface{"kubectl": kubectl, "router": router} {
		if s, err := client.Get(t.Context(), "w"); err != nil || s.Source != status.SourceHistory || s.Outcome() != status.OutcomeFailed {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if s, err := client.Wait(t.Context(), "w", workflow.Completed, workflow.WithUID("u")); err != nil || s.Source != status.SourceHistory {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if _, err := client.Get(t.Context(), "x"); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		var names []string
		for s, err := range client.List(t.Context(), workflow.ListOptions{Archived: true}) {
			if err != nil {
				t.Fatal(name, err)
			}
			names = append(names, s.Name)
		}
		if len(names) != 1 || names[0] != "w" {
			t.Errorf("%s: %v", name, names)
		}
	}
}
