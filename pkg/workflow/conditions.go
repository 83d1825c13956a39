package workflow

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Condition reports whether a wait is over. If it returns an error, the wait ends with that error.
// It is called for every state, in order, by the goroutine that waits, so it can also report
// progress. It must not block for long.
type Condition func(*status.WorkflowStatus) (done bool, err error)

// Completed holds once the workflow has ended, whatever its outcome.
func Completed(s *status.WorkflowStatus) (bool, error) {
	return s.Completed(), nil
}

// Suspended holds once the workflow waits at a gate or is suspended as a whole. A suspend node with
// a duration is not a gate (see [status.Node.Delayed]). Suspended fails with an
// [*EndedBeforeSuspendError] if the workflow ends first, and with [ErrNodesOffloaded] or a
// [*status.NodesError] if the nodes, and so the gates, cannot be read.
func Suspended(s *status.WorkflowStatus) (bool, error) {
	switch {
	case s.Suspended():
		return true, nil
	case s.Completed():
		return false, &EndedBeforeSuspendError{Name: s.Name, Phase: s.Phase, Status: s}
	case s.NodesErr != nil:
		return false, fmt.Errorf("look for suspended nodes: %w", s.NodesErr)
	}
	return false, nil
}

// Unclaimed holds once a workflow has had no phase for [Options].DiagnoseStartAfter, so that
// probably no controller will pick it up. The state's StartDiagnostic says why. Combine it with
// another condition: Any(Completed, Unclaimed).
func Unclaimed(s *status.WorkflowStatus) (bool, error) {
	return s.StartDiagnostic != nil, nil
}

// Any holds as soon as one of the conditions holds. It fails only if none holds and one fails. A
// nil condition fails with [ErrInvalid].
func Any(conditions ...Condition) Condition {
	return func(s *status.WorkflowStatus) (bool, error) {
		var failed error
		for i, condition := range conditions {
			if condition == nil {
				return false, invalid(field.Required(field.NewPath("conditions").Index(i), "a condition such as Completed"))
			}
			done, err := condition(s)
			if err != nil && failed == nil {
				failed = err
			}
			if done && err == nil {
				return true, nil
			}
		}
		return false, failed
	}
}
