package workflow

import (
	"slices"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/retryplan"
)

// gatesDecided returns the uptake of a decision about gates: a node follows one of the gates, or
// what contains it ends. This need not show soon if other work of the same template is in progress.
func gatesDecided(before *status.WorkflowStatus, gates []*status.Node) *uptake {
	decided := make(map[string]*status.Node, len(gates))
	parts := map[string]bool{} // IDs of what contains the gates
	var expires time.Time
	for _, gate := range gates {
		decided[gate.ID] = gate
		parts[gate.BoundaryID] = true
		if until := gate.Until(); expires.IsZero() || !until.IsZero() && until.Before(expires) {
			expires = until
		}
	}
	busy := map[string]bool{} // those of parts with other work in progress
	over := map[string]bool{} // IDs of groups that had ended before
	for _, n := range before.Nodes {
		switch {
		case n.Type.Group() && n.Phase.Fulfilled():
			over[n.ID] = true
		case decided[n.ID] == nil && !n.Phase.Fulfilled() && !groupsOthers(n):
			busy[n.BoundaryID] = true
		}
	}
	return &uptake{
		expires: expires,
		soon:    slices.ContainsFunc(gates, func(gate *status.Node) bool { return !busy[gate.BoundaryID] }),
		acted: shows(func(n *status.Node) bool {
			if gate := decided[n.ID]; gate != nil {
				return len(n.Children) > len(gate.Children)
			}
			return n.Type.Group() && n.Phase.Fulfilled() && !over[n.ID] &&
				(parts[n.ID] || slices.ContainsFunc(n.Children, func(id string) bool { return decided[id] != nil }))
		}),
	}
}

// actedOn returns a function that reports whether the controller has acted on a gate since it was
// decided: a node follows the gate, or what contains it has ended.
func actedOn(s *status.WorkflowStatus) func(gate *status.Node) bool {
	byID := s.NodesByID()
	within := map[string]bool{} // IDs of the children of groups that have ended
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

// groupsOthers reports whether a node only groups other nodes of the same template.
func groupsOthers(n *status.Node) bool {
	switch n.Type {
	case status.NodeTypeStepGroup, status.NodeTypeTaskGroup, status.NodeTypeRetry:
		return true
	}
	return false
}

// unsuspended returns the uptake of resuming a workflow as a whole: a node starts, or a group turns
// out to have ended. Neither need show soon if other work is in progress.
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

// shuttingDown returns the uptake of a shutdown: the controller fails unfinished nodes with a
// message that mentions the strategy. If no node has started, as in a queued workflow, nothing
// shows.
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

// goingAgain returns the uptake of a retry: a node starts or changes its phase, or the workflow's
// phase changes. This shows soon unless the workflow is suspended as a whole.
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

// shows returns a function that reports whether shown holds for a node of the workflow.
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
