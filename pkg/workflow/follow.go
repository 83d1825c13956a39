package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	if err := c.hub.Follow(ctx, target, observedVisit(ctx, visit)); err != nil {
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
		return &GoneError{Last: failed.Last, Err: ErrDeleted}
	case errors.Is(failed.Err, watchhub.ErrReplaced):
		return &GoneError{Last: failed.Last, Err: ErrReplaced}
	}
	return &WaitError{Last: failed.Last, Err: failed.Err, ended: ctx.Err()}
}

// observedVisit returns a function that calls visit and notifies the operation's observer of ends
// and reached states.
//
//go:noinline
func observedVisit(ctx context.Context, visit visitor) func(watchhub.State) (bool, error) {
	o := observationOf(ctx)
	if o == nil {
		return func(s watchhub.State) (bool, error) { return visit(s.Status) }
	}
	return func(state watchhub.State) (done bool, err error) {
		s := state.Status
		if state.FirstEnd {
			o.observer.OnEvent(ctx, WorkflowEnded{Backend: o.call.Backend, Status: s})
		}
		reached := Reached{Op: o.call.Op, Backend: o.call.Backend, Status: s}
		if !state.Arrived.IsZero() {
			reached.Delay = time.Since(state.Arrived)
		}
		if o.call.Op == OpWatch && s.Completed() { // before visit, since the caller owns the state afterwards
			o.observer.OnEvent(ctx, reached)
		}
		done, err = visit(s)
		if o.call.Op == OpWait && done && err == nil {
			o.observer.OnEvent(ctx, reached)
		}
		return done, err
	}
}

// newHub returns a hub that reads from the client's source.
func (c *WorkflowClient) newHub() *watchhub.Hub {
	return watchhub.New(watchhub.Config{
		Source: c.source, IdleTimeout: c.watchSilence, RetryFor: c.retryFor, Outage: c.outage, Decoders: c.decoders,
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
