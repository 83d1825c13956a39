package workflow

import (
	"context"
	"errors"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// observation is an operation on the way, or a shared watch, as far as an observer is concerned.
// A nil one has none.
type observation struct {
	observer Observer
	call     Call
	err      *error // what the operation returns, once it has
}

type observationKey struct{}

// begin has the observer know that an operation begins. The operation goes on with the context
// that is returned, and in the end tells so:
//
//	ctx, o := c.begin(ctx, OpStop, name, &err)
//	defer o.end(ctx)
//
// err is where the operation's own error will be. It is not inlined, since its Call would lie on the
// stack of everyone who waits; see [following].
//
//go:noinline
func (c *WorkflowClient) begin(ctx context.Context, op Op, name string, err *error) (context.Context, *observation) {
	return c.beginCall(ctx, Call{Op: op, Name: name}, err)
}

// beginCall is begin for a call of which more is to be told.
func (c *WorkflowClient) beginCall(ctx context.Context, call Call, err *error) (context.Context, *observation) {
	if c.observer == nil {
		return ctx, nil
	}
	*err = errNotReturned // until it returns
	call.Backend, call.Namespace, call.Began = c.backend, c.namespace, time.Now()
	o := &observation{observer: c.observer, call: call, err: err}
	return c.observer.Begin(context.WithValue(ctx, observationKey{}, o), o.call), o
}

// observeWatch returns a context in which a watch that calls share is observed.
func (c *WorkflowClient) observeWatch(ctx context.Context, name string) context.Context {
	if c.observer == nil {
		return ctx
	}
	call := Call{Op: OpWatch, Backend: c.backend, Namespace: c.namespace, Name: name}
	return context.WithValue(ctx, observationKey{}, &observation{observer: c.observer, call: call})
}

// errNotReturned is what an observer gets of an operation that a panic has ended, or its goroutine's
// end: that of the caller's own code in a condition or a range.
var errNotReturned = errors.New("the call did not return")

// end is for the end of the operation.
func (o *observation) end(ctx context.Context) {
	if o == nil {
		return
	}
	var failed *Error
	if o.call.Name == "" && errors.As(*o.err, &failed) {
		o.call.Name = failed.Name
	}
	o.observer.End(ctx, o.call, *o.err)
}

// named is for an operation that has chosen the name of its workflow.
func (o *observation) named(name string) {
	if o != nil {
		o.call.Name = name
	}
}

// found is for a start that has found its workflow.
func (o *observation) found() {
	if o != nil {
		o.call.Found = true
	}
}

// begun is for a start that has its workflow, created or found.
func (o *observation) begun(s *status.WorkflowStatus) {
	if o != nil && s != nil {
		o.call.Outcome = s.Outcome()
	}
}

// observationOf is that of the operation that ctx is for; nil: nobody observes it.
func observationOf(ctx context.Context) *observation {
	o, _ := ctx.Value(observationKey{}).(*observation)
	return o
}

// note tells of an event of the operation that ctx is for.
func note(ctx context.Context, event func(Call) Event) {
	if o := observationOf(ctx); o != nil {
		o.observer.Note(ctx, event(o.call))
	}
}
