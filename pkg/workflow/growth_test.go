package workflow

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// linear fails if work takes out of proportion longer for four times as much: 4 times is linear, 16
// times quadratic. Since the machine may be busy, the shortest of several measurements counts, and one
// ratio that is small enough.
func linear(t *testing.T, what string, n int, prepare func(n int) (work func())) {
	t.Helper()
	shortest := func(n int) time.Duration {
		work := prepare(n)
		least := time.Duration(0)
		for range 3 {
			began := time.Now()
			work()
			if took := time.Since(began); least == 0 || took < least {
				least = took
			}
		}
		return least
	}
	var ratio float64
	for range 15 {
		if ratio = float64(shortest(4*n)) / float64(shortest(n)); ratio < 9 {
			return
		}
	}
	t.Errorf("%s: 4 times as many nodes take %.1f times as long", what, ratio)
}

// manyGates is a workflow with n gates that wait.
func manyGates(t *testing.T, n int) (*unstructured.Unstructured, *status.WorkflowStatus, []string) {
	nodes := map[string]any{}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint("w-", i)
		nodes[ids[i]] = map[string]any{
			"id": ids[i], "name": "w." + ids[i], "displayName": ids[i], "type": "Suspend", "phase": "Running",
		}
	}
	obj := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "w", "namespace": "ma"},
		"spec":     map[string]any{}, "status": map[string]any{"phase": "Running", "nodes": nodes},
	}}
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	return obj, s, ids
}

func TestTimeOfDecisionsGrowsWithTheGates(t *testing.T) {
	linear(t, "find gates by ids", 1_000, func(n int) func() {
		_, s, ids := manyGates(t, n)
		return func() {
			if waiting, err := (gates{ids: ids}).toDecide(s); len(waiting) != n || err != nil {
				t.Errorf("%d, %v", len(waiting), err)
			}
		}
	})
	linear(t, "set global outputs", 1_000, func(n int) func() {
		obj, s, _ := manyGates(t, n)
		var set []any
		for _, gate := range s.Nodes {
			set = append(set, map[string]any{"name": "by", "globalName": "by-" + gate.ID, "value": "me"})
		}
		return func() {
			if globals := globalOutputs(obj, set); len(globals) != n {
				t.Errorf("%d", len(globals))
			}
		}
	})
	linear(t, "look for lost decisions", 1_000, func(n int) func() {
		_, s, _ := manyGates(t, n)
		return func() {
			if all, err := allAre(s, s.Nodes, func(before, gate *status.Node) bool { return before == gate }); !all || err != nil {
				t.Errorf("%v, %v", all, err)
			}
		}
	})
}
