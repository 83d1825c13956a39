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
	growth.Linear(t, "look for lost decisions", func(n int) func() {
		_, s := manyGates(t, n)
		lost := (&decision{verb: decisionVerb{become: status.NodeRunning}}).on(s.Nodes)
		return func() {
			if all, err := lost.tookEffect(s); !all || err != nil {
				t.Errorf("%v, %v", all, err)
			}
		}
	})
}
