package workflow

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/retryplan"
)

// gatesDecided is the uptake of a decision about gates: something follows one of them, or what it
// is a part of ends. That need not be so where other work of the same template goes on.
func gatesDecided(before *status.WorkflowStatus, gates []*status.Node) *uptake {
	decided := make(map[string]*status.Node, len(gates))
	parts := map[string]bool{} // ids of what the gates are a part of
	for _, gate := range gates {
		decided[gate.ID] = gate
		parts[gate.BoundaryID] = true
	}
	busy := map[string]bool{} // of these, where other work goes on
	over := map[string]bool{} // ids of groups that had ended
	for _, n := range before.Nodes {
		switch {
		case n.Type.Group() && n.Phase.Fulfilled():
			over[n.ID] = true
		case decided[n.ID] == nil && !n.Phase.Fulfilled() && !groupsOthers(n):
			busy[n.BoundaryID] = true
		}
	}
	return &uptake{
		soon: slices.ContainsFunc(gates, func(gate *status.Node) bool { return !busy[gate.BoundaryID] }),
		acted: shows(func(n *status.Node) bool {
			if gate := decided[n.ID]; gate != nil {
				return len(n.Children) > len(gate.Children)
			}
			return n.Type.Group() && n.Phase.Fulfilled() && !over[n.ID] &&
				(parts[n.ID] || slices.ContainsFunc(n.Children, func(id string) bool { return decided[id] != nil }))
		}),
	}
}

// actedOn reports of a gate that was decided some time before whether the controller has acted on
// that since: something follows it, or what it is a part of has ended.
func actedOn(s *status.WorkflowStatus) func(gate *status.Node) bool {
	byID := s.NodesByID()
	within := map[string]bool{} // ids of what groups that have ended are of
	for _, n := range s.Nodes {
		if n.Type.Group() && n.Phase.Fulfilled() {
			for _, id := range n.Children {
				within[id] = true
			}
		}
	}
	return func(gate *status.Node) bool {
		if around := byID[gate.BoundaryID]; within[gate.ID] || around != nil && around.Phase.Fulfilled() {
			return true
		}
		return slices.ContainsFunc(gate.Children, func(id string) bool {
			child := byID[id]
			return child != nil && !child.Hooked
		})
	}
}

// groupsOthers reports whether a node is nothing but the nodes of the same template under it.
func groupsOthers(n *status.Node) bool {
	switch n.Type {
	case status.NodeTypeStepGroup, status.NodeTypeTaskGroup, status.NodeTypeRetry:
		return true
	}
	return false
}

// unsuspended is the uptake of a workflow that was suspended as a whole: something begins, or a
// group is found to have ended. Neither need be so where work goes on.
func unsuspended(before *status.WorkflowStatus) *uptake {
	was := phasesOf(before)
	works := func(n *status.Node) bool { return !n.Type.Group() && !n.Phase.Fulfilled() }
	return &uptake{
		soon: before.NodesErr == nil && !slices.ContainsFunc(before.Nodes, works),
		acted: shows(func(n *status.Node) bool {
			phase, known := was[n.ID]
			return !known || n.Type.Group() && n.Phase.Fulfilled() && !phase.Fulfilled()
		}),
	}
}

// shuttingDown is the uptake of a shutdown: the controller fails what has not ended, with a
// message that says so. Where nothing has begun, as in a workflow that is queued, nothing shows.
func shuttingDown(before *status.WorkflowStatus) *uptake {
	const said = "with strategy" // "workflow shutdown with strategy: Stop", "Stopped with strategy 'Stop'"
	was := phasesOf(before)
	return &uptake{
		soon: slices.ContainsFunc(before.Nodes, func(n *status.Node) bool { return !n.Phase.Fulfilled() }),
		acted: shows(func(n *status.Node) bool {
			return n.Phase.Unsuccessful() && strings.Contains(n.Message, said) && !was[n.ID].Fulfilled()
		}),
	}
}

// goingAgain is the uptake of a retry: something begins or ends, unless all of it is suspended.
func goingAgain(before *status.WorkflowStatus, plan *retryplan.Plan) *uptake {
	was := make(map[string]status.NodePhase, len(before.Nodes))
	for _, n := range before.Nodes {
		switch {
		case plan.Resets(n.ID):
			was[n.ID] = status.NodeRunning
		case plan.Keeps(n.ID):
			was[n.ID] = n.Phase
		}
	}
	planned := plan.Phase()
	changed := shows(func(n *status.Node) bool {
		phase, known := was[n.ID]
		return !known || n.Phase != phase
	})
	return &uptake{
		soon:  !before.SpecSuspended,
		acted: func(now *status.WorkflowStatus) bool { return now.Phase != planned || changed(now) },
	}
}

// shows looks for a node that shows the uptake.
func shows(shown func(*status.Node) bool) func(*status.WorkflowStatus) bool {
	return func(now *status.WorkflowStatus) bool { return slices.ContainsFunc(now.Nodes, shown) }
}

func phasesOf(s *status.WorkflowStatus) map[string]status.NodePhase {
	phases := make(map[string]status.NodePhase, len(s.Nodes))
	for _, n := range s.Nodes {
		phases[n.ID] = n.Phase
	}
	return phases
}
