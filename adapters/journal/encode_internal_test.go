package journal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func failedWith(t *testing.T, fields map[string]any) *status.WorkflowStatus {
	t.Helper()
	fields["phase"] = "Failed"
	s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"kind": "Workflow", "metadata": map[string]any{"namespace": "ma", "name": "w", "uid": "1", "resourceVersion": "1"}, "status": fields,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Of a huge workflow no more is read, masked and encoded than may be kept.
func TestWorkIsBounded(t *testing.T) {
	nodes := map[string]any{}
	for i := range 20_000 {
		id := fmt.Sprint("n-", i)
		nodes[id] = map[string]any{"id": id, "name": id, "displayName": id, "type": "Pod", "phase": "Failed", "message": "exit code 1"}
	}
	var parameters []any
	for i := range 20_000 {
		parameters = append(parameters, map[string]any{"name": fmt.Sprint("p-", i), "value": "1"})
	}
	s := failedWith(t, map[string]any{"nodes": nodes, "outputs": map[string]any{"parameters": parameters}})
	const most = 64 << 10
	for _, omitted := range []string{"spec", "spec nodes"} {
		m := mask{most: most}
		statusFields(&m, s, omitted)
		if !m.full() || len(m.values) > most/20 {
			t.Errorf("without %s: %d values, at least %d bytes", omitted, len(m.values), m.size)
		}
		if _, err := encode(s, false, omitted, most); !errors.Is(err, errTooLarge) {
			t.Errorf("without %s: %v", omitted, err)
		}
	}
	m := mask{most: most}
	if statusFields(&m, s, "spec nodes outputs"); m.full() {
		t.Errorf("%d bytes", m.size)
	}
}

// The size that is estimated while an object is made is never more than that of the object, unless a secret
// is masked. Otherwise less would be kept than may be.
func TestSizeIsALowerBound(t *testing.T) {
	s := failedWith(t, map[string]any{
		"message": "child failed",
		"outputs": map[string]any{"parameters": []any{map[string]any{"name": "documents", "value": "12"}}, "result": "fine"},
		"nodes": map[string]any{
			"a": map[string]any{"id": "a", "name": "a", "displayName": "a", "type": "Steps", "children": []any{"b"}},
			"b": map[string]any{
				"id": "b", "name": "b", "displayName": "b", "type": "Pod", "message": "m",
				"outputs": map[string]any{"artifacts": []any{map[string]any{"name": "main-logs"}}},
			},
		},
	})
	var m mask
	statusFields(&m, s, "spec")
	encoded, err := encode(s, false, "spec", 1<<20)
	if err != nil || m.size == 0 || m.size > len(encoded) {
		t.Fatalf("%d bytes, estimated %d: %v", len(encoded), m.size, err)
	}
	if _, err := encode(s, false, "spec", len(encoded)); err != nil {
		t.Errorf("it has exactly the size that it may have: %v", err)
	}
	if _, err := encode(s, false, "spec", len(encoded)-1); !errors.Is(err, errTooLarge) {
		t.Errorf("%v", err)
	}
}

// The rule that masks reads a limited number of strings as YAML. Other values do not use that up.
func TestSecretAfterManyMessages(t *testing.T) {
	const secret = "password:\n  - hunter2\n"
	for name, before := range map[string]string{
		"messages": "Error: exit code 1",
		"a list":   `["` + strings.Repeat(`a: b","`, 1200) + `"]`,
	} {
		var m mask
		fields := make([]map[string]any, 1500)
		for i := range fields {
			fields[i] = map[string]any{}
			m.add("message", before, func(masked any) { fields[i]["message"] = masked })
			if name == "a list" && i > 2 {
				break
			}
		}
		last := map[string]any{}
		m.add("report", secret, func(masked any) { last["report"] = masked })
		if err := m.apply(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(last["report"]); strings.Contains(got, "hunter2") {
			t.Errorf("after %s: %s", name, got)
		}
		if got := fields[0]["message"]; got != before {
			t.Errorf("%v", got)
		}
	}
}

// What others write into the mark of a start is no part of an index.
func TestMarkIsBounded(t *testing.T) {
	for text, want := range map[string]string{
		`{"name":"w","key":"k","id":"i","request":"r"}`:                          "k",
		`{"name":"other","key":"k"}`:                                             "",
		`{"name":"w","key":"` + strings.Repeat("k", 10_000) + `"}`:               "",
		`{"name":"w","key":"k","id":"` + strings.Repeat("i", 10_000) + `"}`:      "",
		`{"name":"w","key":"k","request":"` + strings.Repeat("r", 10_000) + `"}`: "",
		`{`: "",
	} {
		s := &status.WorkflowStatus{Name: "w", Annotations: map[string]string{annotationStart: text}}
		if got := startOf(s); got.Key != want {
			t.Errorf("%.40s: %q", text, got.Key)
		}
	}
}
