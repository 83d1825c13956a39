package differential

import (
	"errors"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestKindsOfErrors(t *testing.T) {
	about := func(name string, err error) error {
		return &workflow.Error{Op: workflow.OpStop, Namespace: "ma", Name: name, Backend: "native", Err: err}
	}
	failed := func(err error) error { return about("a", err) }
	if a, b := kindOf(failed(workflow.ErrConflict)), kindOf(failed(fmt.Errorf("in other words: %w", workflow.ErrConflict))); a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
	for name, pair := range map[string][2]error{
		"kind":      {failed(workflow.ErrConflict), failed(workflow.ErrCompleted)},
		"name":      {failed(workflow.ErrConflict), about("b", workflow.ErrConflict)},
		"one fails": {failed(workflow.ErrConflict), nil},
		"no kind":   {failed(errors.New("x")), nil},
	} {
		if outcomeOf("", pair[0]).agrees(outcomeOf("", pair[1])) {
			t.Errorf("%s: %v and %v are the same", name, pair[0], pair[1])
		}
	}
}

func TestPlainObjects(t *testing.T) {
	object := func(namespace, at, message string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": "a", "namespace": namespace, "uid": at, "annotations": map[string]any{
				"in": namespace, "argoservice.opensearch.org/decisions": "one-of-" + at + " another-of-" + at,
			}},
			"status": map[string]any{"message": message, "nodes": map[string]any{"n": map[string]any{"finishedAt": at}}},
		}}
	}
	plain := func(namespace, at, message string) string {
		text, err := Side{Namespace: namespace}.plain(object(namespace, at, message))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := plain("one", "2026-11-02T08:30:00Z", "m")
	if second := plain("two", "2026-11-02T08:30:01Z", "m"); second != first {
		t.Error(lines(first, second))
	}
	for _, different := range []string{plain("one", "", "m"), plain("one", "2026-11-02T08:30:00Z", "other")} {
		if different == first {
			t.Error("no difference is seen")
		}
	}
}
