package workflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// visitor handles one state. If it is done or fails, it is not called again.
type visitor func(*status.WorkflowStatus) (done bool, err error)

// follow calls visit for each state of a workflow until visit is done or fails, the workflow is
// deleted or replaced, or ctx ends. It stays on the stack for as long as a call waits, so its frame
// must be small.
func (c *WorkflowClient) follow(ctx context.Context, target watchhub.Target, visit visitor) error {
	if err := checkName(target.Name); err != nil {
		return err
	}
	if err := c.hub.Follow(ctx, target, observedVisit(ctx, c.recordedVisit(ctx, visit))); err != nil {
		return followError(ctx, err)
	}
	return nil
}

// followError converts an error of the hub to the public error.
//
//go:noinline
func followError(ctx context.Context, err error) error {
	var failed *watchhub.FollowError
	if !errors.As(err, &failed) {
		return err
	}
	switch {
	case errors.Is(failed.Err, watchhub.ErrDeleted):
		return &DeletedError{Last: failed.Last, Err: ErrDeleted}
	case errors.Is(failed.Err, watchhub.ErrReplaced):
		return &DeletedError{Last: failed.Last, Err: ErrReplaced}
	}
	return &WaitError{Last: failed.Last, Err: failed.Err, ended: ctx.Err()}
}

// newHub returns a hub that reads from the client's source.
func (c *WorkflowClient) newHub() *watchhub.Hub {
	return watchhub.New(watchhub.Config{
		Source: c.source, IdleTimeout: c.watchSilence, RetryFor: c.retryFor, Outage: c.outage, Decoders: c.decoders,
		Polled:   len(c.gates) > 0,
		Diagnose: c.diagnoseStart, DiagnoseAfter: c.diagnoseAfter,
		Hooks: watchhub.Hooks{
			WatchContext: c.observeWatch,
			WatchOpened: func(ctx context.Context, name string, again bool) {
				emit(ctx, func(c Call) Event {
					return WatchOpened{Backend: c.Backend, Namespace: c.Namespace, Name: name, Again: again}
				})
			},
			WatchClosed: func(ctx context.Context, name string, err error) {
				if errors.Is(err, source.ErrIdle) {
					err = fmt.Errorf("%w: %w", ErrUnavailable, err)
				}
				emit(ctx, func(c Call) Event {
					return WatchClosed{Backend: c.Backend, Namespace: c.Namespace, Name: name, Err: err}
				})
			},
			Retrying: emitRetrying,
		},
	})
}
