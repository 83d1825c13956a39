package workflow

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// manyGates returns a workflow with n waiting gates.
func manyGates(t *testing.T, n int) (*unstructured.Unstructured, *status.WorkflowStatus) {
	nodes := map[string]any{}
	for i := range n {
		id := fmt.Sprint("w-", i)
		nodes[id] = map[string]any{"id": id, "name": "w." + id, "displayName": id, "type": "Suspend", "phase": "Running"}
	}
	obj := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "w", "namespace": "ma"},
		"spec":     map[string]any{}, "status": map[string]any{"phase": "Running", "nodes": nodes},
	}}
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	return obj, s
}

func TestTimeOfDecisionsGrowsWithTheGates(t *testing.T) {
	growth.Linear(t, "set global outputs", func(n int) func() {
		obj, s := manyGates(t, n)
		var set []status.Parameter
		for _, gate := range s.Nodes {
			set = append(set, status.Parameter{Name: "by", GlobalName: "by-" + gate.ID, Value: "me"})
		}
		return func() {
			if globals := globalOutputs(obj, set); len(globals) != n {
				t.Errorf("%d", len(globals))
			}
		}
	})
	growth.Linear(t, "compare with a later state", func(n int) func() {
		_, s := manyGates(t, n)
		written := (&decision{verb: decisionVerb{become: status.NodeRunning}}).on(s.Nodes)
		return func() {
			if kept, err := written.compare(t.Context(), s); len(kept) != n || err != nil {
				t.Errorf("%d of %d, %v", len(kept), n, err)
			}
		}
	})
	growth.Linear(t, "compare outputs", func(n int) func() {
		gate, values := &unstructured.Unstructured{}, map[string]string{}
		outputs := make([]any, n)
		for i := range n {
			name := fmt.Sprint("p", i)
			outputs[i], values[name] = map[string]any{"name": name, "value": "a"}, "b"
		}
		gate.Object = map[string]any{"kind": "Workflow", "status": map[string]any{"nodes": map[string]any{
			"g": map[string]any{"type": "Suspend", "phase": "Succeeded", "outputs": map[string]any{"parameters": outputs}},
		}}}
		s, err := status.FromUnstructured(gate)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if names := (gateOutputs{values: values}).differing(s.Nodes[0], nil); len(names) != n {
				t.Errorf("%d of %d", len(names), n)
			}
		}
	})
}
