package workflow

import (
	"context"
	"errors"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// visitPast is for a workflow that could not be followed because of err. If it is no longer in the
// cluster and the history has its end, visitPast calls visit for that, and returns visit's error. Otherwise
// it returns err, or a [*GoneError] if the history has the workflow without its end. It is not inlined, so
// that it is not on the stack of each waiting call.
//
//go:noinline
func (c *WorkflowClient) visitPast(ctx context.Context, target watchhub.Target, err error, visit visitor) error {
	if c.history == nil || !wasDeleted(err) {
		return err
	}
	var deleted *DeletedError
	if !errors.As(err, &deleted) {
		deleted = &DeletedError{Err: ErrDeleted}
	}
	last, uid := deleted.Last, target.UID
	if uid == "" && last != nil {
		uid = last.UID
	}
	obj, failed := c.past(ctx, target.Name, uid)
	if failed == nil && obj == nil {
		return err
	}
	var s *status.WorkflowStatus
	if failed == nil {
		s, failed = c.readPast(ctx, obj)
	}
	switch {
	case failed != nil && ctx.Err() != nil:
		return &WaitError{Last: last, Err: context.Cause(ctx), ended: ctx.Err()}
	case failed != nil:
		return failed
	case last != nil && endedBefore(s, last):
		return err // it was retried since, and that run's end is not known
	case !s.Completed():
		if last == nil {
			deleted.Last = s
		}
		return &GoneError{Last: deleted.Last, Err: deleted}
	}
	_, err = observedVisit(ctx, visit)(watchhub.State{Status: s})
	return err
}

// endedBefore reports whether past is the end of an earlier run than that of the state last.
func endedBefore(past, last *status.WorkflowStatus) bool {
	before, err := strconv.ParseUint(past.ResourceVersion, 10, 64)
	after, failed := strconv.ParseUint(last.ResourceVersion, 10, 64)
	if err == nil && failed == nil && before != after {
		return before < after
	}
	then, now := runOf(past), runOf(last)
	if (then.retry == "") != (now.retry == "") { // the times are by different clocks, the controller's and a client's
		return then.retry == ""
	}
	return then.started.Before(now.started)
}
