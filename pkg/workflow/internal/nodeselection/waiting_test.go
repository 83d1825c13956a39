package nodeselection

import (
	"fmt"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func gate(id, boundary string) *status.Node {
	return &status.Node{ID: id, DisplayName: id, BoundaryID: boundary, Type: status.NodeTypeSuspend, Phase: status.NodeRunning}
}

func ids(nodes []*status.Node) string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	return strings.Join(ids, " ")
}

// The exit handlers run after a stop, so a gate in one of them still waits for a decision.
func TestWaitingAfterAStop(t *testing.T) {
	group := func(id, name, boundary string) *status.Node {
		return &status.Node{ID: id, DisplayName: name, BoundaryID: boundary, Type: status.NodeTypeSteps, Phase: status.NodeRunning}
	}
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
		group("w", "w", ""), gate("main", "w"),
		group("exit", "w.onExit", ""), group("inner", "clean-up", "exit"), gate("in-handler", "exit"), gate("deep", "inner"),
		{ID: "handler", DisplayName: "step.onExit", BoundaryID: "w", Type: status.NodeTypeSuspend, Phase: status.NodeRunning},
		group("a", "a", "b"), group("b", "b", "a"), gate("in-a-circle", "a"), gate("nowhere", "missing"),
	}}
	for shutdown, want := range map[status.ShutdownStrategy]string{
		status.ShutdownNone:      "main in-handler deep handler in-a-circle nowhere",
		status.ShutdownStop:      "in-handler deep handler",
		status.ShutdownTerminate: "",
	} {
		s.Shutdown = shutdown
		if got := ids(Waiting(s)); got != want {
			t.Errorf("shutdown %q: %q, want %q", shutdown, got, want)
		}
	}
	s.Shutdown, s.Phase = status.ShutdownNone, status.PhaseSucceeded
	if got := Waiting(s); len(got) > 0 {
		t.Errorf("after the end: %q", ids(got))
	}
}

func TestWaitingTakesLinearTime(t *testing.T) {
	growth.Linear(t, "gates after a stop", func(n int) func() {
		s := &status.WorkflowStatus{Phase: status.PhaseRunning, Shutdown: status.ShutdownStop}
		within := ""
		for i := range n { // each within the one before
			id := fmt.Sprint("g", i)
			s.Nodes = append(s.Nodes, gate(id, within))
			within = id
		}
		s.Nodes[0].DisplayName = "w.onExit"
		return func() {
			if open := Waiting(s); len(open) != n {
				t.Errorf("%d of %d", len(open), n)
			}
		}
	})
}
