package workflow

import (
	"context"
	"errors"
	"time"
)

// observation is an operation on the way, or a shared watch, as far as an observer is concerned.
// A nil one has none.
type observation struct {
	observer Observer
	call     Call
}

type observationKey struct{}

// begin has the observer know that an operation begins. The operation goes on with the context
// that is returned, and in the end tells so:
//
//	ctx, o := c.begin(ctx, OpStop, name)
//	defer o.end(ctx, &err)
func (c *WorkflowClient) begin(ctx context.Context, op Op, name string) (context.Context, *observation) {
	if c.observer == nil {
		return ctx, nil
	}
	o := &observation{observer: c.observer, call: Call{Op: op, Backend: c.backend, Namespace: c.namespace, Name: name, Began: time.Now()}}
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

// end is for the end of the operation, with the error that it has by then.
func (o *observation) end(ctx context.Context, err *error) {
	if o == nil {
		return
	}
	var failed *Error
	if o.call.Name == "" && errors.As(*err, &failed) {
		o.call.Name = failed.Name
	}
	o.observer.End(ctx, o.call, *err)
}

// named is for an operation that has chosen the name of its workflow.
func (o *observation) named(name string) {
	if o != nil {
		o.call.Name = name
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
