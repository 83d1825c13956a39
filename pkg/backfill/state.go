package backfill

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// State is the state of a backfill.
type State string

const (
	// StateNotStarted means that the session does not have a workflow.
	StateNotStarted State = "NotStarted"
	// StateStarting means that the workflow has not run yet, or that no pod of the Deployment runs.
	StateStarting State = "Starting"
	StateRunning  State = "Running"
	// StatePaused means that the backfill does not continue by itself. It was paused or suspended,
	// or it waits at a gate and no other step runs.
	StatePaused State = "Paused"
	// StateTerminating means that it was stopped and has not ended yet, or that some of its pods
	// remain.
	StateTerminating State = "Terminating"
	// StateStopped also means that the workflow was deleted, and only the history of the client has it,
	// without its end.
	StateStopped   State = "Stopped"
	StateFailed    State = "Failed"
	StateSucceeded State = "Succeeded"
)

// Completed reports whether a backfill in this state has ended.
func (s State) Completed() bool {
	return s == StateStopped || s == StateFailed || s == StateSucceeded
}

// States returns all states, in the order in which a backfill goes through them.
func States() []State {
	return []State{
		StateNotStarted, StateStarting, StateRunning, StatePaused, StateTerminating, StateStopped, StateFailed, StateSucceeded,
	}
}

// stateOf returns the state of a workflow; s is nil if there is none. pods are its workers, and nil
// if they cannot be read.
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
	case past(s): // how it ended is not known
		if pods != nil && pods.Any() {
			return StateTerminating
		}
		return StateStopped
	case s.Shutdown != status.ShutdownNone:
		return StateTerminating
	case s.SpecSuspended, s.HasSuspendedNodes() && !hasActiveSteps(s):
		return StatePaused
	case s.Phase == status.PhaseUnknown, s.Phase == status.PhasePending:
		return StateStarting
	}
	return StateRunning
}

// hasActiveSteps reports whether a step other than a gate is in progress. A retried step also
// counts between its attempts; during an attempt, the steps inside of it count. A gate that is decided
// in an object does not count, and neither do its attempts.
func hasActiveSteps(s *status.WorkflowStatus) bool {
	active := func(n *status.Node) bool {
		return n != nil && (n.Phase == status.NodeRunning || n.Phase == status.NodePending)
	}
	byID := s.NodesByID()
	for _, n := range s.Nodes {
		switch {
		case !active(n), n.Waiting(), n.PartOfGate():
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

// deploymentState returns the state of a backfill by a Deployment.
func deploymentState(paused bool, pods Pods) State {
	switch {
	case pods.Terminating > 0 && pods.Desired == 0:
		return StateTerminating
	case pods.Running > 0:
		return StateRunning
	case pods.Pending > 0, pods.Desired > 0:
		return StateStarting
	case paused:
		return StatePaused
	}
	return StateStopped
}
