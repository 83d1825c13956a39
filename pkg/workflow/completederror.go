package workflow

import (
	"fmt"
	"time"

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
