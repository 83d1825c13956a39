package workflow

import (
	"context"
	"errors"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// next has the next state that is to be shown in now, or nil if there is none as yet. An error
// ends the following.
func (w *following) next(ctx context.Context) (err error) {
	shown := w.now
	w.now = nil
	for err == nil && w.now == nil && w.end == nil {
		switch {
		case !w.begun:
			err = w.begin(ctx)
		case !w.watched:
			err = w.watch(ctx, shown)
		case ctx.Err() != nil:
			err = ctx.Err()
		case w.alarmed.Swap(false) && w.alarm != nil:
			err = w.diagnose(ctx)
		default:
			n, end, ok := w.follower.next()
			if !ok {
				w.pack()
				return nil
			}
			err = w.take(ctx, n, end)
		}
	}
	if err == nil && w.now == nil {
		err = w.end
	}
	if ctx.Err() != nil && w.now == nil && shown != nil && shown.ResourceVersion == w.last.id.ResourceVersion {
		w.now = shown // which spares it from being read once more
	}
	return err
}

// begin reads the workflow.
func (w *following) begin(ctx context.Context) error {
	first, err := w.read(ctx)
	switch {
	case w.known != nil && notFound(err):
		return ErrDeleted
	case err != nil:
		return err
	case w.uid != "" && first.id.UID != w.uid:
		return ErrReplaced
	}
	w.begun, w.uid = true, first.id.UID
	w.follower.begin(w.uid, first.id.ResourceVersion)
	return w.prepare(ctx, first)
}

// watch has the workflow watched from where it was read. s is the last state if it was shown.
func (w *following) watch(ctx context.Context, s *status.WorkflowStatus) (err error) {
	if s == nil || s.ResourceVersion != w.last.id.ResourceVersion {
		if s, err = w.decoded(ctx); err != nil {
			return err
		}
	}
	if w.client.hub.watch(w.follower, s) { //nolint:contextcheck // the feed serves others too
		w.watched = true
		return nil
	}
	// What changed in the meantime may have gone to nobody.
	again, err := w.patiently(ctx, func() (*snapshot, error) { return w.client.hub.read(ctx, w.follower) })
	if notFound(err) {
		return ErrDeleted
	}
	if err != nil {
		return err
	}
	w.follower.offer(news{snapshot: again, arrived: time.Now()})
	if w.last.id.UID == again.id.UID && newer(again.id.ResourceVersion, w.last.id.ResourceVersion) {
		w.last = again // for its labels; it is shown in its turn
	}
	return nil
}

// take takes in what has come, or that nothing more will.
func (w *following) take(ctx context.Context, n news, end error) error {
	switch {
	case end != nil:
		return end
	case n.doubtful != "":
		return w.look(ctx, n)
	}
	w.arrived = n.arrived
	return w.prepare(ctx, n.snapshot)
}

// look finds out whether a workflow was deleted, or has other labels than those watched for.
func (w *following) look(ctx context.Context, n news) error {
	var since string
	found, err := w.patiently(ctx, func() (found *snapshot, err error) {
		found, since, err = w.client.hub.resolve(ctx, w.follower, n.doubtful)
		return found, err
	})
	switch {
	case errors.Is(err, errSeenSince):
		return nil
	case notFound(err):
		w.end = ErrDeleted
	case err != nil:
		return err
	case found.id.UID != w.uid:
		w.end = ErrReplaced
	default:
		return w.readmit(ctx, found, since)
	}
	if n.snapshot != nil {
		w.arrived = n.arrived
		return w.prepare(ctx, n.snapshot) // its last state counts
	}
	return nil
}

// readmit goes on with a workflow that is still there, though it has left a filtered watch.
func (w *following) readmit(ctx context.Context, found *snapshot, since string) error {
	labels, err := found.labels()
	if err != nil {
		return err
	}
	w.client.hub.readmit(w.follower.topic, labels, since)
	if found.id.ResourceVersion == w.last.id.ResourceVersion {
		return nil // nothing has happened to it, and it was shown
	}
	w.follower.skip(found.id.ResourceVersion)
	w.arrived = time.Now()
	return w.prepare(ctx, found)
}

// read reads the workflow, over transient faults for as long as ctx lasts. A state that a list
// brings will do.
func (w *following) read(ctx context.Context) (*snapshot, error) {
	p := newPacer(time.Time{})
	p.Outage = w.client.outage
	return pace.Do(ctx, p, func() (*snapshot, error) { return w.client.hub.read(ctx, w.follower) })
}

// patiently reads what the call was permitted to read before: over transient faults for as long as
// ctx lasts, and over refusals for as long as a feed retries them.
func (w *following) patiently(ctx context.Context, attempt func() (*snapshot, error)) (*snapshot, error) {
	p := newPacer(time.Time{})
	var refused refusals
	for {
		began := time.Now()
		s, err := attempt()
		switch {
		case err == nil || ctx.Err() != nil:
			return s, pace.Ended(ctx, err)
		case fault.Transient(err):
			w.client.outage.Note()
			refused.stop()
		case !fault.Refused(err) || refused.lasted(began, w.client.hub.patience):
			return nil, err
		}
		if !p.Pause(ctx, err) {
			return nil, pace.Ended(ctx, err)
		}
	}
}

// prepare has a state shown, if it is not known from before the call.
func (w *following) prepare(ctx context.Context, s *snapshot) error {
	before := w.last
	w.last = s
	if w.known != nil && w.known.ResourceVersion == s.id.ResourceVersion {
		return nil
	}
	now, err := w.decoded(ctx)
	if err != nil {
		if ctx.Err() != nil {
			w.last = before // this one was not seen
		}
		return err
	}
	w.setAlarm(now.Phase == status.PhaseUnknown && w.diagnostic == nil)
	w.now = now
	return nil
}

// decoded is the last state.
func (w *following) decoded(ctx context.Context) (*status.WorkflowStatus, error) {
	return w.decodedBy(func(data []byte) (*status.WorkflowStatus, error) {
		s, err := w.client.decoders.FromJSONContext(ctx, data)
		return s, interrupted(ctx, err)
	})
}

func (w *following) decodedBy(read func([]byte) (*status.WorkflowStatus, error)) (*status.WorkflowStatus, error) {
	s, err := w.last.status(read)
	if err == nil && s.Phase == status.PhaseUnknown {
		s.StartDiagnostic = w.diagnostic
	}
	return s, err
}

// seen is the last state that was seen; nil: none.
func (w *following) seen() *status.WorkflowStatus {
	switch {
	case w.last == nil:
		return w.known
	case w.now != nil:
		return w.now
	}
	s, err := w.decodedBy(w.client.decoders.FromJSON) // also when the call has ended
	if err != nil {
		return nil // as it was shown, it can be read
	}
	return s
}

// diagnose has the last state shown once more, with why no controller has taken it up.
func (w *following) diagnose(ctx context.Context) (err error) {
	w.setAlarm(false)
	w.diagnostic = w.client.diagnoseStart(ctx, w.seen())
	w.arrived = time.Time{} // that is no state that came
	w.now, err = w.decoded(ctx)
	return err
}

// setAlarm sets the alarm for a workflow that no controller has taken up, or turns it off.
func (w *following) setAlarm(on bool) {
	switch after := w.client.diagnoseAfter; {
	case on && w.alarm == nil && after > 0:
		w.alarm = time.AfterFunc(after, func() {
			w.alarmed.Store(true)
			w.follower.rouse()
		})
	case !on && w.alarm != nil:
		w.alarm.Stop()
		w.alarm = nil
	}
}

// pack has the last state take less room while nothing happens.
func (w *following) pack() {
	if w.last.packable() {
		w.last = w.client.hub.packer.pack(w.last)
	}
}
