package spec

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestObjectProblems(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"fine":            {"metadata: {name: a}", ""},
		"generated":       {"metadata: {generateName: a-}", ""},
		"nameless":        {"metadata: {}", "metadata.name"},
		"other kind":      {"{kind: Pod, apiVersion: v1, metadata: {name: a}}", "kind apiVersion"},
		"other namespace": {"metadata: {name: a, namespace: other}", "metadata.namespace"},
		"names":           {"metadata: {name: A, generateName: B-}", "metadata.name metadata.generateName"},
		"only a dash":     {"metadata: {generateName: '-'}", "metadata.generateName"},
	} {
		t.Run(name, func(t *testing.T) {
			obj := &unstructured.Unstructured{Object: fromYAML(t, tc.text)}
			if got := fieldsOf(ObjectProblems(obj, "ma")); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	if len(ObjectProblems(nil, "ma")) == 0 || len(ObjectProblems(&unstructured.Unstructured{}, "ma")) == 0 {
		t.Error("no object passes")
	}
}
