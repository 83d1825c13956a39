package status

import (
	"slices"
	"strings"
)

// Outcome is the state or the end of a workflow in a person's words. It tells a suspended workflow
// from a running one, and a stopped or terminated workflow from a failed one.
type Outcome string

// [UnfinishedOutcomes] and [CompletedOutcomes] tell those of running workflows from those of ended
// ones.
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

// UnfinishedOutcomes returns the outcomes of workflows that have not ended.
func UnfinishedOutcomes() []Outcome {
	return []Outcome{OutcomePending, OutcomeRunning, OutcomeSuspended}
}

// CompletedOutcomes returns the outcomes of workflows that have ended.
func CompletedOutcomes() []Outcome {
	return []Outcome{OutcomeSucceeded, OutcomeFailed, OutcomeErrored, OutcomeStopped, OutcomeTerminated}
}

// Completed reports whether a workflow with the outcome o has ended.
func (o Outcome) Completed() bool { return slices.Contains(CompletedOutcomes(), o) }

// Outcome derives the outcome from phase, spec and nodes.
//
// A workflow that was asked to stop can still succeed, or end in Error for another reason; only the
// phase Failed becomes [OutcomeStopped] or [OutcomeTerminated]. If spec.shutdown was removed,
// Outcome goes by the message of Argo's controller ("Stopped with strategy 'Stop'"). An unknown
// phase counts as running.
//
// Argo 3.7 gives the phase Succeeded to a workflow that is terminated while it waits for a lock,
// although its first node failed or was left running. Its outcome is [OutcomeTerminated] if its
// nodes are known; see NodesErr.
func (s *WorkflowStatus) Outcome() Outcome {
	switch s.Phase {
	case PhaseSucceeded:
		return s.succeededOutcome()
	case PhaseError:
		return OutcomeErrored
	case phaseStopped:
		return OutcomeStopped
	case phaseTerminated:
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

// succeededOutcome returns the outcome of a workflow with the phase Succeeded: OutcomeSucceeded,
// unless it was shut down and its root node did not succeed.
func (s *WorkflowStatus) succeededOutcome() Outcome {
	outcome := s.failedOutcome()
	if outcome == OutcomeFailed {
		return OutcomeSucceeded
	}
	// The id of the root node is the name of the workflow.
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
