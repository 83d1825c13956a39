package watchhub

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// call is one call of Follow.
//
// A caller may wait for hours beside ten thousand others, so its stack must stay small; a grown
// stack rarely shrinks. So the caller's goroutine only waits, in a shallow frame, and calls visit.
// All else runs in goroutines that end at once; what starts them is allocated once, since
// allocating can go deep.
type call struct {
	hub   *Hub
	sub   *subscription          // nil before the first step
	turn  *turn                  // to read the state that the call begins with, or nil
	known *status.WorkflowStatus // seen before the call, or nil
	// endOnly: after the first state, only ends are shown.
	endOnly bool

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
	s.FirstEnd = c.unended && ended && c.hub.ends.first(c.sub.topic.name, c.now)
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
	c.leaveTurn()
	c.hub.unsubscribe(c.sub)
}

func (c *call) leaveTurn() {
	if c.turn != nil {
		c.hub.turns.leave(c.turn)
		c.turn = nil
	}
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

// step brings the next state to show into now, or nil if none has arrived. An error ends the call.
func (c *call) step(ctx context.Context, name string) (err error) {
	if c.sub == nil {
		c.sub = c.hub.subscribe(name)
		c.unbind = context.AfterFunc(ctx, c.sub.signal)
	}
	shown := c.now
	c.now = nil
	for err == nil && c.now == nil {
		switch {
		case c.sub.stage == stageSubscribed:
			if err = c.begin(ctx); err == nil && c.sub.stage == stageSubscribed {
				return nil
			}
		case c.sub.stage == stageRead:
			err = c.receive(ctx, shown)
		case ctx.Err() != nil:
			err = ctx.Err()
		default:
			u, ok, end := c.hub.next(c.sub)
			if !ok && end == nil {
				c.pack()
				return nil
			}
			if err = end; ok {
				err = c.take(ctx, u)
			}
		}
	}
	if ctx.Err() != nil && c.now == nil && shown != nil && shown.ResourceVersion == c.last.id.ResourceVersion {
		c.now = shown // for the error, which then need not decode it again
	}
	return err
}

// begin reads the workflow, unless a list has brought it. While many calls read, it returns at once,
// and the call is woken at its turn: if thousands of goroutines blocked here, their stacks would lie
// between those of the callers, and their memory could not be used for anything else later.
func (c *call) begin(ctx context.Context) error {
	first, pending := c.hub.listedFor(c.sub)
	if first == nil {
		if c.turn == nil {
			c.turn = &turn{wake: c.sub.signal}
		}
		if !c.hub.turns.take(c.turn, !pending) { // later calls, for which no list is pending, need the turns
			return ctx.Err()
		}
	}
	return c.beginWith(ctx, first)
}

// beginWith begins with a state that a list has brought, or with nil reads it.
func (c *call) beginWith(ctx context.Context, first *snapshot) (err error) {
	if first == nil {
		p := c.hub.pacer()
		p.Outage = c.hub.cfg.Outage
		first, err = pace.Do(ctx, p, func() (*snapshot, error) {
			if c.turn == nil { // not the first attempt
				return c.hub.readSnapshot(ctx, c.sub.topic.name)
			}
			defer c.leaveTurn()
			return c.hub.get(ctx, c.sub.topic.name)
		})
	}
	c.leaveTurn()
	switch {
	case c.uid != "" && notFound(err):
		return ErrDeleted
	case err != nil:
		return err
	case c.uid != "" && first.id.UID != c.uid:
		return ErrReplaced
	}
	c.uid = first.id.UID
	c.hub.begin(c.sub, c.uid, first.id.ResourceVersion)
	return c.prepare(ctx, first)
}

// receive starts to receive the later states of the workflow. shown is the state that was shown
// last.
func (c *call) receive(ctx context.Context, shown *status.WorkflowStatus) (err error) {
	if shown == nil || shown.ResourceVersion != c.last.id.ResourceVersion {
		if shown, err = c.decodeLast(ctx); err != nil {
			return err
		}
	}
	if c.hub.receive(c.sub, shown) {
		return nil
	}
	// A change since the read may have been delivered to no call.
	again, err := c.retry(ctx, func() (*snapshot, error) { return c.hub.readSnapshot(ctx, c.sub.topic.name) })
	if notFound(err) {
		return ErrDeleted
	}
	if err != nil {
		return err
	}
	c.hub.offer(c.sub, update{snapshot: again, arrived: time.Now()})
	if c.last.id.UID == again.id.UID && newer(again.id.ResourceVersion, c.last.id.ResourceVersion) {
		c.last = again // for its labels; it is shown in its turn
	}
	return nil
}

// take handles an update.
func (c *call) take(ctx context.Context, u update) error {
	switch {
	case u.overdue:
		return c.diagnose(ctx)
	case u.doubtful != "":
		return c.resolve(ctx, u)
	}
	c.arrived = u.arrived
	if u.row != nil {
		return c.takeRow(ctx, u)
	}
	return c.prepare(ctx, u.snapshot)
}

// resolve finds out whether a workflow was deleted, or has other labels than those watched.
func (c *call) resolve(ctx context.Context, u update) error {
	var since string
	found, err := c.retry(ctx, func() (found *snapshot, err error) {
		found, since, err = c.hub.resolve(ctx, c.sub, u.doubtful)
		return found, err
	})
	switch {
	case errors.Is(err, errSuperseded):
		return nil
	case notFound(err):
		err = ErrDeleted
	case err != nil:
		return err
	case found.id.UID != c.uid:
		err = ErrReplaced
	default:
		return c.readmit(ctx, found, since)
	}
	c.hub.endWith(c.sub, err)
	if u.snapshot == nil {
		return err
	}
	c.arrived = u.arrived
	return c.prepare(ctx, u.snapshot) // its last state counts
}

// readmit continues with a workflow that still exists, though it has left a filtered watch.
func (c *call) readmit(ctx context.Context, found *snapshot, since string) error {
	labels, err := found.labels()
	if err != nil {
		return err
	}
	c.hub.readmit(c.sub.topic, labels, since)
	if found.id.ResourceVersion == c.last.id.ResourceVersion {
		return nil // it has not changed, and was shown
	}
	c.hub.skip(c.sub, found.id.ResourceVersion)
	c.arrived = time.Now()
	return c.prepare(ctx, found)
}

// retry reads what the call was permitted to read before: over transient faults for as long as ctx
// lasts, and over refusals for as long as a reflector retries them.
func (c *call) retry(ctx context.Context, attempt func() (*snapshot, error)) (*snapshot, error) {
	p := c.hub.pacer()
	var refused refusals
	for {
		began := time.Now()
		s, err := attempt()
		switch {
		case err == nil || ctx.Err() != nil:
			return s, pace.Ended(ctx, err)
		case fault.Transient(err):
			c.hub.cfg.Outage.Record()
			refused.reset()
		case !fault.Refused(err) || refused.exceed(began, c.hub.cfg.RetryFor):
			return nil, err
		}
		if !p.Pause(ctx, err) {
			return nil, pace.Ended(ctx, err)
		}
	}
}

// prepare makes a state the one to show, unless it is known from before the call.
func (c *call) prepare(ctx context.Context, s *snapshot) error {
	before := c.last
	c.last = s
	if c.known != nil && c.known.ResourceVersion == s.id.ResourceVersion {
		return nil
	}
	now, err := c.decodeLast(ctx)
	if err != nil {
		if ctx.Err() != nil {
			c.last = before // this one was not seen
		}
		return err
	}
	if now, err = c.refresh(ctx, now); err != nil {
		return err
	}
	c.setOverdue(now.Phase == status.PhaseUnknown && c.diagnostic == nil)
	if !c.endOnly || before == nil || now.Completed() {
		c.now = now
	}
	return nil
}

// refresh returns now, or a later state if the nodes are no longer kept in the version that now names.
func (c *call) refresh(ctx context.Context, now *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	for errors.Is(now.NodesErr, status.ErrNodesGone) {
		later, err := c.retry(ctx, func() (*snapshot, error) { return c.hub.readSnapshot(ctx, c.sub.topic.name) })
		switch {
		case notFound(err), err == nil && (later.id.UID != c.uid || !newer(later.id.ResourceVersion, c.last.id.ResourceVersion)):
			return now, nil
		case err != nil:
			return nil, err
		}
		c.hub.skip(c.sub, later.id.ResourceVersion)
		if c.last = later; !c.arrived.IsZero() {
			c.arrived = time.Now()
		}
		if now, err = c.decodeLast(ctx); err != nil {
			return nil, err
		}
	}
	return now, nil
}

func (c *call) decodeLast(ctx context.Context) (*status.WorkflowStatus, error) {
	return c.decodeBy(func(data []byte) (*status.WorkflowStatus, error) {
		return c.hub.cfg.Decoders.FromJSONContext(ctx, data)
	})
}

func (c *call) decodeBy(decode func([]byte) (*status.WorkflowStatus, error)) (*status.WorkflowStatus, error) {
	s, err := c.last.status(decode)
	if err == nil && s.Phase == status.PhaseUnknown {
		s.StartDiagnostic = c.diagnostic
	}
	return s, err
}

// seen returns the last state that was seen, or nil.
func (c *call) seen() *status.WorkflowStatus {
	s := c.decoded()
	if row := c.hub.lastRow(c.sub); s != nil && row != nil && newer(row.id.ResourceVersion, s.ResourceVersion) {
		return withRow(s, row)
	}
	return s
}

// decoded returns the last state that was read, or nil.
func (c *call) decoded() *status.WorkflowStatus {
	switch {
	case c.last == nil:
		return c.known
	case c.now != nil:
		return c.now
	}
	s, err := c.decodeBy(c.hub.cfg.Decoders.FromJSON) // also if the context has ended
	if err != nil {
		return nil // does not happen: it was shown, so it can be read
	}
	return s
}

// pack compresses the last state, which is kept for as long as nothing happens.
func (c *call) pack() {
	if c.last.packable() {
		c.last = c.hub.packer.pack(c.last)
	}
}
