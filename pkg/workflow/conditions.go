package workflow

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
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
// a duration is not a gate (see [status.Node.Delayed]). A step that polls an object is one only with a
// [GatePolicy] of the client that waits. Suspended fails with an
// [*EndedBeforeSuspendError] if the workflow ends first, and with [ErrNodesOffloaded] or
// [ErrUnreadable] if the nodes, and so the gates, cannot be read.
func Suspended(s *status.WorkflowStatus) (bool, error) {
	if s.Suspended() {
		return true, nil
	}
	return false, noGate(s)
}

// AtGate returns a condition that holds once one of these gates waits for a decision: gates with such
// a display name or ID, or whose display name matches such a shell pattern, as in [Decision.Gates].
// Without names, it holds once any gate waits. A delay counts only if its ID or its exact name is given.
// A gate that is about to fail, since the workflow is being stopped, does not count. Unlike [Suspended],
// the condition does not hold for a workflow that is suspended as a whole.
//
// The condition fails with an [*EndedBeforeSuspendError] if the workflow ends first, with
// [ErrNodesOffloaded] or a [*status.NodesError] if the nodes cannot be read, and with an
// [*InvalidError] in its first evaluation if a pattern is malformed or there are more than 1,000 names.
func AtGate(names ...string) Condition {
	parsed, problems := nodeselection.ParseNames(field.NewPath("names"), names)
	return func(s *status.WorkflowStatus) (bool, error) {
		switch {
		case len(problems) > 0:
			return false, invalid(problems...)
		case waitsAt(s, parsed):
			return true, nil
		}
		return false, noGate(s)
	}
}

// waitsAt reports whether a gate or delay with one of the names waits, or without names any gate.
func waitsAt(s *status.WorkflowStatus, names []nodeselection.Name) bool {
	if !slices.ContainsFunc(s.Nodes, func(n *status.Node) bool { return n.Waiting() || n.Delayed() }) {
		return false
	}
	open := nodeselection.Open(s)
	gate := func(n *status.Node) bool { return n.Waiting() && open(n) }
	if len(names) == 0 {
		return slices.ContainsFunc(s.Nodes, gate)
	}
	index := nodeselection.NewIndex(s, gateName)
	return slices.ContainsFunc(names, func(name nodeselection.Name) bool {
		exact, matched := index.Find(name)
		delay := func(n *status.Node) bool { return n.Delayed() && open(n) }
		return slices.ContainsFunc(exact, gate) || slices.ContainsFunc(exact, delay) || slices.ContainsFunc(matched, gate)
	})
}

// noGate returns the error of a condition that looks for a gate, for a state without one. It is nil if
// a later state can have one.
func noGate(s *status.WorkflowStatus) error {
	switch {
	case s.Completed():
		return &EndedBeforeSuspendError{Name: s.Name, Phase: s.Phase, Status: s}
	case s.NodesErr != nil:
		return fmt.Errorf("look for suspended nodes: %w", s.NodesErr)
	}
	return nil
}

// NotPickedUp holds once a workflow has had no phase for [Options].DiagnoseStartAfter, so that
// probably no controller will pick it up. The state's StartDiagnostic says why. Combine it with
// another condition: Any(Completed, NotPickedUp).
func NotPickedUp(s *status.WorkflowStatus) (bool, error) {
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
