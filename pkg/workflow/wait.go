package workflow

import (
	"context"
	"fmt"
	"iter"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Wait blocks until the condition holds for a state of the workflow, and returns that
// state. It begins with the present state, read from the API server, never with a cached
// one; then it watches, through closed watches, expired versions and restarts of the API
// server, for as long as ctx lasts.
//
// The calls of Wait, Watch and Logs on one client share their watches: up to eight workflows
// have one each; for more there is one of the namespace, with the labels that all of them have
// in common, until no more than four are left. The condition sees each state that the API
// server delivers, once and in order. While it is busy, further states are kept for it, and
// nobody else waits. The states have no Raw object. A workflow that has no phase for
// [Options.DiagnoseStartAfter] is shown once more, with its StartDiagnostic.
//
// That the workflow failed is no error. Errors: what the condition returned; [ErrCompleted]
// if the workflow ended in a state for which the condition doesn't hold; [ErrNotFound]: there
// was none when the call began; a [*GoneError], which is [ErrDeleted] or [ErrReplaced], if it
// went afterwards; [ErrForbidden] (needs get and watch; see [Needs]), [ErrUnauthorized],
// [ErrNotInstalled], [ErrInvalid]; [ErrNodesOffloaded], [ErrUnsupported] (unreadable
// nodes) from [Suspended]; when ctx ends, a [*WaitError] with the last state. A refusal of what
// was granted before is borne for [Options.RetryFor], so that roles and tokens may be renewed.
func (c *WorkflowClient) Wait(ctx context.Context, name string, until Condition) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpWait, name, &err)
	defer o.end(ctx)
	if until == nil {
		return nil, c.error(OpWait, name, noCondition())
	}
	w := awaiting{until: until}
	if err := c.follow(ctx, name, w.visit); err != nil {
		return nil, c.error(OpWait, name, err)
	}
	return w.reached, nil
}

func noCondition() error {
	return invalid(field.Required(field.NewPath("until"), "a condition such as Completed"))
}

// awaiting is the visitor of a wait.
type awaiting struct {
	until   Condition
	reached *status.WorkflowStatus
}

func (w *awaiting) visit(s *status.WorkflowStatus) (bool, error) {
	done, err := w.until(s)
	switch {
	case err != nil:
		return true, err
	case done:
		w.reached = s
		return true, nil
	case s.Completed():
		return true, fmt.Errorf("%w: it ended %s, and what was waited for does not hold", ErrCompleted, s.Outcome())
	}
	return false, nil
}

// Watch yields the present state of the workflow and then each further one that the API
// server delivers, until the workflow has ended; the ended state is the last. Nothing is
// sent before the sequence is ranged over, and nothing is left behind when the range is
// left early. What is said of the states and their watches at [WorkflowClient.Wait] holds here
// too; after a break that was longer than the API server remembers, the present state follows.
//
// An error is yielded once, as the last element, with a nil status. Errors: [ErrNotFound];
// a [*GoneError], which is [ErrDeleted] or [ErrReplaced]; [ErrForbidden] (needs get and
// watch; see [Needs]), [ErrUnauthorized], [ErrNotInstalled], [ErrInvalid], [ErrUnsupported] (an
// object that cannot be read); when ctx ends, a [*WaitError] with the last state.
func (c *WorkflowClient) Watch(ctx context.Context, name string) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		var err error
		ctx, o := c.begin(ctx, OpWatch, name, &err)
		defer o.end(ctx)
		err = c.follow(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
			if !yield(s, nil) {
				return true, errLeft
			}
			return s.Completed(), nil
		})
		switch {
		case err == errLeft: //nolint:errorlint // as it is given out here
			err = nil
		case err != nil:
			err = c.error(OpWatch, name, err)
			yield(nil, err)
		}
	}
}
