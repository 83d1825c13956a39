package backfill

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Verb is an operation on a backfill. [VerbNone] is a change without an operation.
type Verb string

// There is a verb for each method of [Backfill] that can change its state.
const (
	VerbNone    Verb = ""
	VerbStart   Verb = "start"
	VerbRestart Verb = "restart"
	VerbPause   Verb = "pause"
	VerbScale   Verb = "scale"
	VerbApprove Verb = "approve"
	VerbReject  Verb = "reject"
	VerbStop    Verb = "stop"
	VerbArchive Verb = "archive"
)

// Transition says what a verb does with a backfill of [ProviderArgo] in one state.
type Transition struct {
	From State
	Verb Verb
	// To are the states that can follow. From is one of them if the state can stay the same.
	To []State
	// Err is matched by the verb's error, if it is refused; nothing changes then.
	Err error
}

// Transitions returns the state machine of a backfill by a workflow: every verb in every state, and
// the changes without a verb. docs/backfill.md draws it. It assumes for Scale that there are
// workers, and otherwise Scale returns [ErrNoWorkers]; for Approve and Reject a gate that is not
// decided, and in [StateTerminating] one outside of exit handlers, since a decision inside of one
// does not change the state; for Restart the first run.
func Transitions() []Transition {
	to := func(states ...State) []State { return states }
	var all []Transition
	add := func(verb Verb, to []State, err error, from ...State) {
		for _, state := range from {
			next := to
			if err != nil || to == nil {
				next = []State{state}
			}
			all = append(all, Transition{From: state, Verb: verb, To: next, Err: err})
		}
	}
	active := to(StateStarting, StateRunning, StatePaused)
	ended := to(StateStopped, StateFailed, StateSucceeded)

	add(VerbNone, to(StateRunning, StatePaused, StateFailed), nil, StateStarting)
	add(VerbNone, to(StatePaused, StateFailed, StateSucceeded), nil, StateRunning)
	add(VerbNone, to(StateRunning, StateFailed), nil, StatePaused) // a gate can have a timeout, and so can a workflow
	add(VerbNone, to(StateStopped, StateFailed, StateSucceeded), nil, StateTerminating)

	add(VerbStart, to(StateStarting), nil, StateNotStarted)
	add(VerbStart, to(StatePaused, StateRunning), nil, StatePaused) // it stays paused at a gate
	add(VerbStart, nil, nil, slices.Concat(to(StateStarting, StateRunning, StateTerminating), ended)...)

	add(VerbRestart, to(StateStarting), nil, slices.Concat(to(StateNotStarted), ended)...)
	add(VerbRestart, nil, ErrRunning, slices.Concat(active, to(StateTerminating))...)

	add(VerbPause, nil, ErrNotStarted, StateNotStarted)
	add(VerbPause, to(StatePaused), nil, active...)
	add(VerbPause, nil, ErrEnded, slices.Concat(to(StateTerminating), ended)...)

	add(VerbScale, nil, ErrNotStarted, StateNotStarted)
	add(VerbScale, nil, ErrNoWorkers, StateStarting)
	add(VerbScale, nil, nil, StateRunning, StatePaused)
	add(VerbScale, nil, ErrEnded, slices.Concat(to(StateTerminating), ended)...)

	for _, verb := range []Verb{VerbApprove, VerbReject} {
		next := to(StatePaused, StateRunning) // it stays paused if it was suspended, or waits at another gate
		if verb == VerbReject {
			next = to(StateFailed)
		}
		add(verb, nil, ErrNotStarted, StateNotStarted)
		add(verb, next, nil, StatePaused)
		add(verb, nil, workflow.ErrNotSuspended, StateStarting, StateRunning, StateTerminating)
		add(verb, nil, workflow.ErrCompleted, ended...)
	}

	add(VerbStop, to(StateTerminating), nil, active...)
	add(VerbStop, nil, nil, slices.Concat(to(StateNotStarted, StateTerminating), ended)...)

	add(VerbArchive, nil, ErrRunning, slices.Concat(active, to(StateTerminating))...)
	add(VerbArchive, nil, nil, slices.Concat(to(StateNotStarted), ended)...)
	return all
}
