package backfill

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Verb is what is asked of a backfill; "" is its own course.
type Verb string

// One for each method of [Backfill] that changes its state, or could.
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

// Transition is what becomes of a backfill by a workflow, in one state, by one verb.
type Transition struct {
	From State
	Verb Verb
	// To are the states that it can come to; From among them if it can stay.
	To []State
	// Err is what the verb is refused with, matched by [errors.Is]; nothing changes then.
	Err error
}

// Transitions is the state machine of a backfill by a workflow: every verb in every state, and where
// it goes by itself. Scale is for workers that there are, and [ErrNoWorkers] else; Approve and Reject
// are for a gate that no caller has decided, in [StateTerminating] for one outside of exit handlers:
// one within an exit handler can be decided, and leaves the state as it is. Restart is for the first
// run. docs/backfill.md draws it.
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
	add(VerbNone, to(StateRunning, StateFailed), nil, StatePaused) // a gate can have a time, as a workflow can
	add(VerbNone, to(StateStopped, StateFailed, StateSucceeded), nil, StateTerminating)

	add(VerbStart, to(StateStarting), nil, StateNotStarted)
	add(VerbStart, to(StatePaused, StateRunning), nil, StatePaused) // it stays at a gate
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
		next := to(StatePaused, StateRunning) // it stays if it was paused, or waits at another gate
		if verb == VerbReject {
			next = to(StateFailed)
		}
		add(verb, nil, ErrNotStarted, StateNotStarted)
		add(verb, next, nil, StatePaused)
		add(verb, nil, workflow.ErrNotSuspended, slices.Concat(to(StateStarting, StateRunning, StateTerminating), ended)...)
	}

	add(VerbStop, to(StateTerminating), nil, active...)
	add(VerbStop, nil, nil, slices.Concat(to(StateNotStarted, StateTerminating), ended)...)

	add(VerbArchive, nil, ErrRunning, slices.Concat(active, to(StateTerminating))...)
	add(VerbArchive, nil, nil, slices.Concat(to(StateNotStarted), ended)...)
	return all
}
