package workflow

import (
	"context"
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
	if err := checkName(name); err != nil {
		return err
	}
	w := following{client: c, visit: visit, uid: uid}
	return w.run(ctx, name)
}

// followOn follows the workflow of which s is a state that was seen, and is not shown again.
func (c *WorkflowClient) followOn(ctx context.Context, s *status.WorkflowStatus, visit visitor) error {
	w := following{client: c, visit: visit, uid: s.UID, known: s}
	return w.run(ctx, s.Name)
}

// following is one call's following of a workflow.
type following struct {
	client   *WorkflowClient
	follower *follower
	visit    visitor
	known    *status.WorkflowStatus // what was seen before the call; nil: nothing

	uid        types.UID              // "": any
	last       *snapshot              // what was seen last
	now        *status.WorkflowStatus // the same decoded, but while nothing happens
	unclaimed  *time.Timer
	diagnostic *status.StartDiagnostic
}

// run follows the workflow until the visitor is done, or it can't go on.
func (w *following) run(ctx context.Context, name string) error {
	w.follower = w.client.hub.join(name)
	defer w.client.hub.leave(w.follower)
	defer w.setAlarm(false)
	done, err := w.begin(ctx)
	for !done && err == nil {
		done, err = w.step(ctx)
	}
	if !done && ctx.Err() != nil {
		return &WaitError{Last: w.seen(), Err: context.Cause(ctx), ended: ctx.Err()}
	}
	if err == ErrDeleted || err == ErrReplaced { //nolint:errorlint // as the follower says, not what a visitor may return
		return &GoneError{Last: w.seen(), Err: err}
	}
	return err
}

// begin reads the workflow and has it watched from there. done, as in what follows: it is over,
// with err as its result. Otherwise an error is that of a request.
func (w *following) begin(ctx context.Context) (done bool, err error) {
	first, err := w.read(ctx)
	switch {
	case w.known != nil && notFound(err):
		return true, ErrDeleted
	case err != nil:
		return false, err
	case w.uid != "" && first.id.UID != w.uid:
		return true, ErrReplaced
	}
	w.uid = first.id.UID
	w.follower.begin(w.uid, first.id.ResourceVersion)
	if done, err := w.show(first); done {
		return true, err
	}
	for {
		s := w.seen()
		if s == nil || w.client.hub.watch(w.follower, s) {
			return false, nil
		}
		// What changed in the meantime may have gone to nobody.
		again, err := w.read(ctx)
		if notFound(err) {
			return true, ErrDeleted
		}
		if err != nil {
			return false, err
		}
		w.follower.offer(news{snapshot: again})
		if w.last.id.UID == again.id.UID && newer(again.id.ResourceVersion, w.last.id.ResourceVersion) {
			w.last, w.now = again, nil // for its labels; it is shown in its turn
		}
	}
}

// step shows what has come in, or waits for it.
func (w *following) step(ctx context.Context) (done bool, err error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	n, end, ok := w.follower.next()
	switch {
	case !ok:
		return w.await(ctx)
	case end != nil:
		return true, end
	case n.doubtful != "":
		return w.look(ctx, n)
	}
	return w.show(n.snapshot)
}

// await blocks until there may be something to show.
func (w *following) await(ctx context.Context) (done bool, err error) {
	w.now = nil
	if w.last.packable() {
		w.last, _ = elsewhere(func() (*snapshot, error) { return w.client.hub.packer.pack(w.last), nil })
	}
	var alarm <-chan time.Time
	if w.unclaimed != nil {
		alarm = w.unclaimed.C
	}
	select {
	case <-w.follower.wake:
	case <-ctx.Done():
	case <-alarm:
		w.setAlarm(false)
		w.diagnostic = w.client.diagnoseStart(ctx, w.seen())
		return w.visited()
	}
	return false, nil
}

// look finds out whether a workflow was deleted, or has other labels than those watched for.
func (w *following) look(ctx context.Context, n news) (done bool, err error) {
	now, err := w.readNow(ctx)
	if err == nil && now.id.UID == w.uid {
		w.client.hub.widen(n.doubtful)
		now, err = w.readNow(ctx) // again: of what came before this, the watch may have missed some
	}
	var end error
	switch {
	case notFound(err):
		end = ErrDeleted
	case err != nil:
		return false, err
	case now.id.UID != w.uid:
		end = ErrReplaced
	default:
		w.follower.skip(now.id.ResourceVersion)
		return w.show(now)
	}
	if n.snapshot != nil { // its last state counts
		if done, err := w.show(n.snapshot); done {
			return true, err
		}
	}
	return true, end
}

// read reads the workflow, over transient faults for as long as ctx lasts. A state that a list
// brings will do.
func (w *following) read(ctx context.Context) (*snapshot, error) {
	return w.retried(ctx, func() (*snapshot, error) { return w.client.hub.read(ctx, w.follower) })
}

// readNow reads the workflow as read does, by itself.
func (w *following) readNow(ctx context.Context) (*snapshot, error) {
	return w.retried(ctx, func() (*snapshot, error) { return w.client.hub.get(ctx, w.follower.topic.name) })
}

func (w *following) retried(ctx context.Context, attempt func() (*snapshot, error)) (*snapshot, error) {
	return elsewhere(func() (*snapshot, error) {
		p := newPacer(time.Time{})
		p.outage = w.client.outage
		return read(ctx, p, attempt)
	})
}

// show shows a state, if that is not known from before the call.
func (w *following) show(s *snapshot) (done bool, err error) {
	w.last, w.now = s, nil
	if w.known != nil && w.known.ResourceVersion == s.id.ResourceVersion {
		return false, nil
	}
	return w.visited()
}

// visited has the last state visited.
func (w *following) visited() (done bool, err error) {
	s, err := elsewhere(w.last.status)
	if err != nil {
		return true, err
	}
	w.setAlarm(s.Phase == status.PhaseUnknown && w.diagnostic == nil)
	if s.Phase == status.PhaseUnknown {
		s.StartDiagnostic = w.diagnostic
	}
	w.now = s
	done, err = w.visit(s)
	return done || err != nil, err
}

// setAlarm sets the alarm for a workflow that no controller has taken up, or turns it off.
func (w *following) setAlarm(on bool) {
	switch after := w.client.diagnoseAfter; {
	case on && w.unclaimed == nil && after > 0:
		w.unclaimed = time.NewTimer(after)
	case !on && w.unclaimed != nil:
		w.unclaimed.Stop()
		w.unclaimed = nil
	}
}

// seen is the last state that was seen; nil: none.
func (w *following) seen() *status.WorkflowStatus {
	switch {
	case w.last == nil:
		return w.known
	case w.now != nil:
		return w.now
	}
	s, err := elsewhere(w.last.status)
	if err != nil {
		return nil // as it was shown, it can be read
	}
	if s.Phase == status.PhaseUnknown {
		s.StartDiagnostic = w.diagnostic
	}
	return s
}

// elsewhere calls do in a goroutine of its own. A stack that has grown shrinks to four times of
// what is used of it, at best, so who is going to wait for hours, with ten thousand others,
// should not have gone deep before.
func elsewhere[T any](do func() (T, error)) (T, error) {
	done := make(chan Result[T], 1)
	go func() { done <- ResultOf(do()) }()
	return (<-done).Unwrap()
}
