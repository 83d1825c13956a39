package workflow

import (
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// NotSuspendedError is the error of a decision that selects no gate to decide: its gates have not
// been reached, were decided otherwise or with other outputs, or do not exist. It matches
// [ErrNotSuspended]. Its string names up to eight gates each of those that were selected and those
// that wait.
type NotSuspendedError struct {
	// Selected is the entry of [Decision.Gates] that selects no gate to decide, or the selector, without
	// values of parameters. If a gate passed by itself during the call, it is the name of that gate.
	Selected string
	// Gates are the nodes that it selects, at most 100. Phase says how a gate was decided. Empty means
	// that there is no such gate.
	Gates []GateState
	// Waiting are the gates that wait for a decision, at most 100.
	Waiting []GateState

	waiting int // number of gates that wait
	hint    string
}

// mostGateStates is the maximum number of gates in each list of an error.
const mostGateStates = 100

func (e *NotSuspendedError) Error() string {
	text := fmt.Sprintf("%v: %s", ErrNotSuspended, shown.Quoted(e.Selected))
	if len(e.Gates) > 0 {
		text += " (" + describeGates(e.Gates) + ")"
	}
	waiting := max(e.waiting, len(e.Waiting))
	if waiting == 0 {
		return text + "; no gate is waiting"
	}
	names := make([]string, waiting) // List shows only the first ones
	for i, gate := range e.Waiting[:min(len(e.Waiting), shown.MaxListed)] {
		names[i] = shown.Name(gate.Name)
	}
	return text + "; waiting gates: " + shown.List(names) + e.hint
}

// Is makes [errors.Is] match [ErrNotSuspended].
func (e *NotSuspendedError) Is(target error) bool { return target == ErrNotSuspended }

// notSuspended returns the error of a decision whose entry selects only nodes that it cannot decide.
func notSuspended(selected string, others []GateState, waiting []*status.Node) *NotSuspendedError {
	e := &NotSuspendedError{Selected: selected, Gates: others, waiting: len(waiting)}
	names := make([]string, len(waiting))
	for i, n := range waiting {
		names[i] = n.GateName()
		if i < mostGateStates {
			e.Waiting = append(e.Waiting, stateOf(n, ""))
		}
	}
	if near := spec.Nearest(selected, names); near != "" && len(others) == 0 {
		e.hint = "; did you mean " + shown.Quoted(near) + "?"
	}
	return e
}
