package workflow

import (
	"context"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// visitor looks at one state; done ends the following, as does an error.
type visitor func(*status.WorkflowStatus) (done bool, err error)

// follow shows visit each state of a workflow until visit says it is done or fails, or the
// workflow is gone, or ctx ends.
func (c *WorkflowClient) follow(ctx context.Context, name string, visit visitor) error {
	return c.followUID(ctx, name, "", visit)
}

// followUID follows the workflow that has the given uid; "": the one seen first.
func (c *WorkflowClient) followUID(ctx context.Context, name string, uid types.UID, visit visitor) error {
	return (&following{client: c, uid: uid}).run(ctx, name, visit)
}

// followOn follows the workflow of which s is a state that was seen, and is not shown again.
func (c *WorkflowClient) followOn(ctx context.Context, s *status.WorkflowStatus, visit visitor) error {
	return (&following{client: c, uid: s.UID, known: s, unended: !s.Completed()}).run(ctx, s.Name, visit)
}

// following is one call's following of a workflow.
//
// Who waits for hours, with ten thousand others, should have a small stack, and one that has grown
// hardly ever shrinks again. So the caller's goroutine does nothing but wait, in a frame that is
// not deep, and call the visitor. All else is done by others. What starts them is allocated once,
// since allocating can go deep.
type following struct {
	client   *WorkflowClient
	follower *follower
	known    *status.WorkflowStatus // what was seen before the call; nil: nothing

	uid        types.UID              // "": any
	begun      bool                   // it was read
	watched    bool                   // what follows comes in
	last       *snapshot              // what was seen last
	now        *status.WorkflowStatus // the same decoded, but while nothing happens
	arrived    time.Time              // when it came; zero: the call itself has read it to begin with
	unended    bool                   // a state before had not ended
	end        error                  // comes after what was seen last
	alarm      *time.Timer            // runs while no controller has taken the workflow up
	alarmed    atomic.Bool
	diagnostic *status.StartDiagnostic
	unbind     func() bool // has the context's end tell nobody
}

// run follows the workflow until the visitor is done, or it can't go on.
func (w *following) run(ctx context.Context, name string, visit visitor) error {
	done := make(chan error, 1)
	step := func() { done <- w.step(ctx, name) }
	defer w.leave()
	for {
		go step()
		if err := <-done; err != nil {
			return w.ended(ctx, err)
		}
		if w.now == nil {
			<-w.follower.wake // not a select, which takes twice as much of the stack
		} else if done, err := w.show(ctx, visit); done || err != nil {
			return err
		}
	}
}

// step has the next state in now, or nil if there is none as yet.
func (w *following) step(ctx context.Context, name string) error {
	if w.follower == nil {
		if err := w.join(ctx, name); err != nil {
			return err
		}
	}
	return w.next(ctx)
}

// show shows the visitor the present state, and the observer what that means.
func (w *following) show(ctx context.Context, visit visitor) (done bool, err error) {
	if o := observationOf(ctx); o != nil {
		return w.observe(ctx, o, visit)
	}
	return visit(w.now)
}

func (w *following) observe(ctx context.Context, o *observation, visit visitor) (done bool, err error) {
	s := w.now
	if w.unended && s.Completed() && w.client.hub.endSeen(w.follower, s) {
		o.observer.Note(ctx, WorkflowEnded{Backend: o.call.Backend, Status: s})
	}
	w.unended = !s.Completed()
	reached := Reached{Op: o.call.Op, Backend: o.call.Backend, Status: s}
	if !w.arrived.IsZero() {
		reached.Delay = time.Since(w.arrived)
	}
	if o.call.Op == OpWatch && s.Completed() { // before, since the state is the caller's then
		o.observer.Note(ctx, reached)
	}
	done, err = visit(s)
	if o.call.Op == OpWait && done && err == nil {
		o.observer.Note(ctx, reached)
	}
	return done, err
}

func (w *following) join(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	w.follower = w.client.hub.join(name)
	w.unbind = context.AfterFunc(ctx, w.follower.rouse)
	return nil
}

func (w *following) leave() {
	if w.follower == nil {
		return
	}
	w.unbind()
	w.setAlarm(false)
	w.client.hub.leave(w.follower)
}

// ended is how a following ends that can't go on.
func (w *following) ended(ctx context.Context, err error) error {
	switch {
	case w.follower == nil: // it has not begun: there can be no such workflow
	case err == ErrDeleted || err == ErrReplaced: //nolint:errorlint // as they are given out here, not what a request may fail with
		return &GoneError{Last: w.seen(), Err: err}
	case ctx.Err() != nil:
		return &WaitError{Last: w.seen(), Err: context.Cause(ctx), ended: ctx.Err()}
	}
	return err
}
