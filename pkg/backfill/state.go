package backfill

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// State is how a backfill stands.
type State string

const (
	// StateNotStarted: there is no workflow for the session.
	StateNotStarted State = "NotStarted"
	// StateStarting: the workflow waits to be run, or the Deployment's pods to come up.
	StateStarting State = "Starting"
	StateRunning  State = "Running"
	// StatePaused: nothing goes on until somebody acts. It was paused or suspended, or it waits at
	// a gate and no other step runs.
	StatePaused State = "Paused"
	// StateTerminating: it was asked to stop and has not ended yet, or pods of it are left.
	StateTerminating State = "Terminating"
	StateStopped     State = "Stopped"
	StateFailed      State = "Failed"
	StateSucceeded   State = "Succeeded"
)

// Completed reports whether a backfill in this state has ended.
func (s State) Completed() bool {
	return s == StateStopped || s == StateFailed || s == StateSucceeded
}

// States are all states, in the order in which a backfill comes through them.
func States() []State {
	return []State{
		StateNotStarted, StateStarting, StateRunning, StatePaused, StateTerminating, StateStopped, StateFailed, StateSucceeded,
	}
}

// stateOf is the state of a workflow; s nil: there is none. pods are its workers, nil if they could
// not be seen.
func stateOf(s *status.WorkflowStatus, pods *Pods) State {
	if s == nil {
		return StateNotStarted
	}
	switch s.Outcome() {
	case status.OutcomeSucceeded:
		return StateSucceeded
	case status.OutcomeFailed, status.OutcomeErrored:
		return StateFailed
	case status.OutcomeStopped, status.OutcomeTerminated:
		if pods != nil && pods.Any() {
			return StateTerminating
		}
		return StateStopped
	case status.OutcomePending, status.OutcomeRunning, status.OutcomeSuspended:
	}
	switch {
	case s.Shutdown != status.ShutdownNone:
		return StateTerminating
	case s.SpecSuspended, s.HasSuspendedNodes() && !stepsGoOn(s):
		return StatePaused
	case s.Phase == status.PhaseUnknown, s.Phase == status.PhasePending:
		return StateStarting
	}
	return StateRunning
}

// stepsGoOn reports whether a step other than a gate is under way. A retried step counts between
// its attempts too; during one, what is inside of it does.
func stepsGoOn(s *status.WorkflowStatus) bool {
	active := func(n *status.Node) bool {
		return n != nil && (n.Phase == status.NodeRunning || n.Phase == status.NodePending)
	}
	byID := s.NodesByID()
	for _, n := range s.Nodes {
		switch {
		case !active(n):
		case n.Type == status.NodeTypeRetry:
			if !slices.ContainsFunc(n.Children, func(attempt string) bool { return active(byID[attempt]) }) {
				return true
			}
		case !n.Type.Group() && (n.Type != status.NodeTypeSuspend || n.Delayed()):
			return true
		}
	}
	return false
}

// deploymentState is the state of a Deployment that is scaled to run and to stop.
func deploymentState(w *workload, pods Pods) State {
	switch {
	case pods.Terminating > 0 && pods.Desired == 0:
		return StateTerminating
	case pods.Running > 0:
		return StateRunning
	case pods.Pending > 0, pods.Desired > 0:
		return StateStarting
	case w.paused():
		return StatePaused
	}
	return StateStopped
}
