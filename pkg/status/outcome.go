package status

import "strings"

// Outcome is how a workflow stands, in the words a person uses: it tells a suspended
// workflow from a running one, and a stopped or terminated one from one that failed.
type Outcome string

// The first three are those of workflows that have not ended.
const (
	OutcomePending    Outcome = "Pending"
	OutcomeRunning    Outcome = "Running"
	OutcomeSuspended  Outcome = "Suspended"
	OutcomeSucceeded  Outcome = "Succeeded"
	OutcomeFailed     Outcome = "Failed"
	OutcomeErrored    Outcome = "Errored"
	OutcomeStopped    Outcome = "Stopped"
	OutcomeTerminated Outcome = "Terminated"
)

// Outcome derives how the workflow stands from phase, spec and nodes.
//
// A workflow that was asked to stop can still succeed, or end in Error for another
// reason; only the phase Failed reads as [OutcomeStopped] or [OutcomeTerminated]. Where
// spec.shutdown is gone, the message that Argo's controller leaves ("Stopped with
// strategy 'Stop'") tells it. A phase that this package doesn't know counts as running.
//
// Argo 3.7 gives the phase Succeeded to a workflow that is terminated while it waits for a
// lock, though nothing of it has run and its first node has failed, or is left running. Its
// outcome is [OutcomeTerminated], unless its nodes are not known; see NodesErr.
func (s *WorkflowStatus) Outcome() Outcome {
	switch s.Phase {
	case PhaseSucceeded:
		return s.succeededOutcome()
	case PhaseError:
		return OutcomeErrored
	case PhaseStopped:
		return OutcomeStopped
	case PhaseTerminated:
		return OutcomeTerminated
	case PhaseFailed:
		return s.failedOutcome()
	}
	switch {
	case s.Suspended():
		return OutcomeSuspended
	case s.Phase == PhaseUnknown, s.Phase == PhasePending:
		return OutcomePending
	}
	return OutcomeRunning
}

// succeededOutcome is that of a workflow that was shut down and whose root node has not
// succeeded, or else success.
func (s *WorkflowStatus) succeededOutcome() Outcome {
	outcome := s.failedOutcome()
	if outcome == OutcomeFailed {
		return OutcomeSucceeded
	}
	// The root's id is the workflow's name.
	root := s.Node(s.Name)
	if root == nil || root.Phase.Fulfilled() && !root.Phase.Unsuccessful() {
		return OutcomeSucceeded
	}
	return outcome
}

func (s *WorkflowStatus) failedOutcome() Outcome {
	const byStrategy = "Stopped with strategy "
	switch {
	case s.Shutdown == ShutdownTerminate, strings.HasPrefix(s.Message, byStrategy+"'Terminate'"):
		return OutcomeTerminated
	case s.Shutdown == ShutdownStop, strings.HasPrefix(s.Message, byStrategy+"'Stop'"):
		return OutcomeStopped
	}
	return OutcomeFailed
}
