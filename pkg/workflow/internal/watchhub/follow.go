package watchhub

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Target is a workflow to follow.
type Target struct {
	Name string
	// UID is that of a workflow that has existed, so if there is no workflow of that name, it was
	// deleted. "" means the workflow that is read first.
	UID types.UID
	// Known, if not nil, is a state that the caller has seen before. It is not shown again, and UID
	// must be its UID.
	Known *status.WorkflowStatus
}

// State is a state to look at.
type State struct {
	Status *status.WorkflowStatus // without the raw object
	// Arrived is when the state arrived from the API server. It is zero for the one that the call
	// began with, and for one that is shown again for its StartDiagnostic.
	Arrived time.Time
	// FirstEnd reports whether the workflow has ended with this state while the call followed it,
	// and no other call has seen that before.
	FirstEnd bool
}

// Follow calls visit, in the caller's goroutine, for each state of the workflow, until visit is
// done or fails, and returns visit's error. It blocks until then, or until the workflow is deleted
// or replaced or ctx ends, which is a [*FollowError]. Any other error is that of a request: a
// refusal, or an object that cannot be read; transient faults are retried for as long as ctx lasts.
// A workflow without a phase is shown again once, with its StartDiagnostic.
func (h *Hub) Follow(ctx context.Context, target Target, visit func(State) (done bool, err error)) error {
	c := &call{hub: h, uid: target.UID, known: target.Known, unended: target.Known != nil && !target.Known.Completed()}
	return c.run(ctx, target.Name, visit)
}

// call is one call of Follow.
//
// A caller may wait for hours beside ten thousand others, so its stack must stay small; a grown
// stack rarely shrinks. So the caller's goroutine only waits, in a shallow frame, and calls visit.
// All else runs in goroutines that end at once; what starts them is allocated once, since
// allocating can go deep.
type call struct {
	hub   *Hub
	sub   *subscription          // nil before the first step
	known *status.WorkflowStatus // seen before the call, or nil

	uid        types.UID              // "" before the first read if any is meant
	last       *snapshot              // seen last, or nil
	now        *status.WorkflowStatus // to be shown, or shown since nothing else has arrived
	arrived    time.Time              // of now; see State
	unended    bool                   // a state before had not ended
	overdue    *time.Timer            // runs while the workflow has no phase
	diagnostic *status.StartDiagnostic
	unbind     func() bool // stops the end of the context from waking the call
}

// run follows the workflow until visit is done, or it can't go on.
func (c *call) run(ctx context.Context, name string, visit func(State) (bool, error)) error {
	done := make(chan error, 1)
	step := func() { done <- c.step(ctx, name) }
	defer c.leave()
	for {
		go step()
		if err := <-done; err != nil {
			return c.ended(ctx, err)
		}
		if c.now == nil {
			<-c.sub.wake // not a select, which takes twice as much of the stack
		} else if done, err := visit(c.state()); done || err != nil {
			return err
		}
	}
}

// state returns what is to be shown.
func (c *call) state() State {
	s := State{Status: c.now, Arrived: c.arrived}
	ended := c.now.Completed()
	s.FirstEnd = c.unended && ended && c.hub.firstToSeeEnd(c.sub.topic, c.now)
	c.unended = !ended
	return s
}

// leave ends the subscription.
func (c *call) leave() {
	if c.sub == nil {
		return
	}
	c.unbind()
	c.setOverdue(false)
	c.hub.unsubscribe(c.sub)
}

// ended returns the error of a call that can't go on because of err.
func (c *call) ended(ctx context.Context, err error) error {
	switch {
	case err == ErrDeleted || err == ErrReplaced: //nolint:errorlint // as the hub returns them, not what a request may fail with
		return &FollowError{Last: c.seen(), Err: err}
	case ctx.Err() != nil:
		return &FollowError{Last: c.seen(), Err: context.Cause(ctx)}
	}
	return err
}
