package workflow

import (
	"context"
	"errors"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// observation is an operation or a shared watch that an observer observes. A nil observation does
// nothing.
type observation struct {
	observer Observer
	call     Call
	err      *error // the operation's error, valid once it has returned
}

type observationKey struct{}

// begin notifies the observer that an operation begins, and returns the context for the operation:
//
//	ctx, o := c.begin(ctx, OpStop, name, &err)
//	defer o.emitEnd(ctx)
//
// err points to the operation's named result. begin is not inlined, since its Call would then be on
// the stack of each waiting call; see [following].
//
//go:noinline
func (c *WorkflowClient) begin(ctx context.Context, op Op, name string, err *error) (context.Context, *observation) {
	return c.beginCall(ctx, Call{Op: op, Name: name}, err)
}

// beginCall is like begin, but takes a Call with more of its fields set.
func (c *WorkflowClient) beginCall(ctx context.Context, call Call, err *error) (context.Context, *observation) {
	if c.observer == nil {
		return ctx, nil
	}
	*err = errNotReturned // overwritten when the operation returns
	call.Backend, call.Namespace, call.Began = c.backend, c.namespace, time.Now()
	o := &observation{observer: c.observer, call: call, err: err}
	return c.observer.Begin(context.WithValue(ctx, observationKey{}, o), o.call), o
}

// observeWatch returns a context for a shared watch, with an observation of its own.
func (c *WorkflowClient) observeWatch(ctx context.Context, name string) context.Context {
	if c.observer == nil {
		return ctx
	}
	call := Call{Op: OpWatch, Backend: c.backend, Namespace: c.namespace, Name: name}
	return context.WithValue(ctx, observationKey{}, &observation{observer: c.observer, call: call})
}

// errNotReturned is the error that an observer receives if the caller's code, in a condition or a
// range body, panics or ends its goroutine.
var errNotReturned = errors.New("the call did not return")

// emitEnd notifies the observer that the operation has ended.
func (o *observation) emitEnd(ctx context.Context) {
	if o == nil {
		return
	}
	var failed *Error
	if o.call.Name == "" && errors.As(*o.err, &failed) {
		o.call.Name = failed.Name
	}
	o.observer.End(ctx, o.call, *o.err)
}

// named sets the name that the operation has chosen for its workflow.
func (o *observation) named(name string) {
	if o != nil {
		o.call.Name = name
	}
}

// begun records the workflow that a start created or found, and the one that it replaced.
func (o *observation) begun(s *status.WorkflowStatus, sub *submission) {
	if o == nil {
		return
	}
	o.call.Found, o.call.Replaced = sub.found, sub.replaced
	if s != nil {
		o.call.Outcome, o.call.Source = s.Outcome(), s.Source
	}
}

// returned records the workflow that the operation returns.
func (o *observation) returned(s *status.WorkflowStatus) {
	if o != nil {
		o.call.Source = s.Source
	}
}

// observationOf returns the observation of the operation that ctx belongs to. It is nil if there is
// no observer.
func observationOf(ctx context.Context) *observation {
	o, _ := ctx.Value(observationKey{}).(*observation)
	return o
}

// emit notifies the observer of an event in the operation that ctx belongs to.
func emit(ctx context.Context, event func(Call) Event) {
	if o := observationOf(ctx); o != nil {
		o.observer.OnEvent(ctx, event(o.call))
	}
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
