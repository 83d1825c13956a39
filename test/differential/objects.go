package differential

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// objects returns a side's workflows by name, without anything that depends on the time or the
// side.
func (s Side) objects(ctx context.Context) (map[string]string, error) {
	list, err := s.workflows().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("look at namespace %s: %w", s.Namespace, err)
	}
	found := make(map[string]string, len(list.Items))
	for i := range list.Items {
		u := &list.Items[i]
		text, err := s.plain(u)
		if err != nil {
			return nil, fmt.Errorf("workflow %s: %w", u.GetName(), err)
		}
		found[u.GetName()] = text
	}
	return found, nil
}

// plain returns an object as a string for comparison.
func (s Side) plain(u *unstructured.Unstructured) (string, error) {
	for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "namespace"} {
		unstructured.RemoveNestedField(u.Object, "metadata", field)
	}
	if packed, ok, _ := unstructured.NestedString(u.Object, "status", "compressedNodes"); ok {
		nodes, err := status.DecompressNodes(packed)
		if err != nil {
			return "", err
		}
		unstructured.RemoveNestedField(u.Object, "status", "compressedNodes")
		_ = unstructured.SetNestedField(u.Object, plainValue("", nodes), "status", "compressedNodes unpacked")
	}
	text, err := json.MarshalIndent(plainValue("", u.Object), "", " ")
	return strings.ReplaceAll(string(text), s.Namespace, "NAMESPACE"), err
}

// plainValue replaces times and IDs: their values differ between the sides, but both sides must
// have them.
func plainValue(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		plain := make(map[string]any, len(v))
		for key, value := range v {
			plain[key] = plainValue(key, value)
		}
		return plain
	case []any:
		plain := make([]any, len(v))
		for i, value := range v {
			plain[i] = plainValue("", value)
		}
		return plain
	case string:
		// A touch for the controller marks that it did not wait.
		switch _, noTime := time.Parse(time.RFC3339, strings.TrimSuffix(v, " at once")); {
		case noTime == nil:
			return "some time"
		case v != "" && strings.HasSuffix(key, "-id"): // of an attempt, in an annotation
			return "some id"
		case key == "argoservice.opensearch.org/start":
			return plainMark(v)
		case key == "argoservice.opensearch.org/decisions": // an ID for each
			return strings.Repeat("some id ", len(strings.Fields(v)))
		}
	}
	return value
}

// plainMark returns the annotation of a start without the ID of the call that created the workflow.
func plainMark(text string) any {
	var mark map[string]any
	if err := json.Unmarshal([]byte(text), &mark); err != nil {
		return text
	}
	if mark["id"] != nil {
		mark["id"] = "some id"
	}
	return mark
}
