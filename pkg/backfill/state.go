package backfill

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"

// State is how a backfill stands.
type State string

const (
	// StateNotStarted: there is no workflow for the session.
	StateNotStarted State = "NotStarted"
	// StateStarting: the workflow waits to be run.
	StateStarting State = "Starting"
	StateRunning  State = "Running"
	// StatePaused: the workflow waits at a gate or is suspended as a whole.
	StatePaused State = "Paused"
	// StateTerminating: it was asked to stop and has not ended yet.
	StateTerminating State = "Terminating"
	StateStopped     State = "Stopped"
	StateFailed      State = "Failed"
	StateSucceeded   State = "Succeeded"
)

// Completed reports whether a backfill in this state has ended.
func (s State) Completed() bool {
	return s == StateStopped || s == StateFailed || s == StateSucceeded
}

// Status is how a backfill stands at one moment.
type Status struct {
	Session string
	State   State
	// Workflow is the workflow's own status, never nil. Before the start only its name and
	// namespace are set.
	Workflow *status.WorkflowStatus
}

func stateOf(s *status.WorkflowStatus) State {
	switch s.Outcome() {
	case status.OutcomeSucceeded:
		return StateSucceeded
	case status.OutcomeFailed, status.OutcomeErrored:
		return StateFailed
	case status.OutcomeStopped, status.OutcomeTerminated:
		return StateStopped
	}
	switch {
	case s.Shutdown != status.ShutdownNone:
		return StateTerminating
	case s.Suspended():
		return StatePaused
	case s.Outcome() == status.OutcomePending:
		return StateStarting
	}
	return StateRunning
}
