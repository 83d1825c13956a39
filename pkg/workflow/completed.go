package workflow

import (
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// CompletedError is the error of an operation on a workflow that has ended and so cannot be changed
// any more. It matches [ErrCompleted].
type CompletedError struct {
	Name    string
	Outcome status.Outcome
	EndTime time.Time // zero if it is unknown
	// Gates are the gates that a decision was about, as they ended; see [NotSuspendedError].
	Gates []GateState
}

func (e *CompletedError) Error() string {
	text := fmt.Sprintf("%v: it ended %s", ErrCompleted, e.Outcome)
	if len(e.Gates) > 0 {
		text += " (" + describeGates(e.Gates) + ")"
	}
	return text
}

// Is makes [errors.Is] match [ErrCompleted].
func (e *CompletedError) Is(target error) bool { return target == ErrCompleted }

func completed(s *status.WorkflowStatus) *CompletedError {
	return &CompletedError{Name: s.Name, Outcome: s.Outcome(), EndTime: s.EndTime}
}

// GateState is a gate, or another node that a decision selected, and its phase.
type GateState struct {
	ID, Name string // Name is the display name
	Phase    status.NodePhase
	EndTime  time.Time // zero if it has not ended
	Message  string    // the node's message, such as that of the decision about it

	why string // it is not decided, if the phase does not say it
}

// describeGates lists gates for an error.
func describeGates(gates []GateState) string {
	texts := make([]string, len(gates)) // List shows only the first ones
	for i, gate := range gates[:min(len(gates), shown.MaxListed)] {
		texts[i] = gate.describe()
	}
	return shown.List(texts)
}

func (g GateState) describe() string {
	if g.why != "" {
		return shown.Quoted(g.Name) + " " + g.why
	}
	text := "gate " + shown.Quoted(g.Name) + " is " + shown.Name(string(g.Phase))
	if !g.EndTime.IsZero() {
		text += " since " + g.EndTime.UTC().Format(time.RFC3339)
	}
	if g.Message != "" {
		text += ": " + shown.Quoted(g.Message)
	}
	return text
}
