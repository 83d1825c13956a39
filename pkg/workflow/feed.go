package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// watchFor is how long a watch runs before the API server is asked to close it. It is jittered
// up to twice as long, so that many clients don't come back at once.
const watchFor = 4 * time.Minute

// narrowAfter is how long a watch of the namespace brings everything before it is opened anew
// for what the followed workflows have in common.
const narrowAfter = 10 * time.Second

// The first list for many waits for more of them, which may begin at the same moment: it is what
// they begin with, if they were there before it. It waits until none has come for gatherFor, and
// no longer than gatherMost.
const (
	gatherFor  = 100 * time.Millisecond
	gatherMost = 2 * time.Second
)

// blindFor is how long a watch may fail to open before what it is for is read each time, in case
// that is only watches that fail; and for how long a page of a list is asked for again.
const blindFor = 15 * time.Second

// steady is how long a watch must have run for the next pause to be a short one again.
const steady = 5 * time.Second

// feed is a goroutine that keeps a watch of one workflow or of the namespace going, over closed
// and silent watches, expired versions and restarts of the API server, and passes on what it
// brings. Each state is passed on at least once, and each change since position.
type feed struct {
	hub    *hub
	name   string  // "": all workflows of the namespace
	before []*feed // which have to end first
	first  *coming // of the shared feed: what it reads first, unless those before it have done that
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended

	// position is the version from which on to watch; "": it has to be read. To be read by others
	// once the feed has ended.
	position string
	// opened: it has had a watch. names: watches by name were granted before. granted: what it
	// asks for was, so that refusals are borne for a while.
	opened, names, granted bool
	closed                 time.Time // since when there is no watch

	// Guarded by the hub's lock:
	cut    context.CancelCauseFunc // ends the request at hand; nil: there is none
	rewind string                  // to be the position before the next request
	labels string                  // the selector of the request at hand, or of the next one; "": none
	since  string                  // the version from which on that selector was watched; "": unknown
	epoch  uint64                  // how often the selector was widened
}

// reopen has the watch opened anew, with the labels that are shared by then, from version on
// unless that is "" or later than where the watch has come to. The caller holds the hub's lock.
func (f *feed) reopen(version string) {
	if version != "" && (f.rewind == "" || newer(f.rewind, version)) {
		f.rewind = version
	}
	if f.cut != nil {
		f.cut(errReopen)
	}
}

// run runs until ctx ends or it can't go on.
func (f *feed) run(ctx context.Context) {
	defer close(f.done)
	defer f.cancel()
	defer f.prepare(nil) // for those that go on from here
	if f.inherit() && f.name != "" {
		_ = pace.Sleep(ctx, f.hub.spread()) // there are others, which begin at the same moment
	}
	if f.first != nil {
		defer f.hub.listEnded(f.first) // it may not come to it
		if f.position == "" {
			f.gather(ctx)
		} else {
			f.hub.listEnded(f.first)
		}
	}
	f.closed = time.Now()
	p := f.pacer()
	var refused refusals
	for ctx.Err() == nil {
		began, from := time.Now(), f.position
		opened, err := f.readAndWatch(ctx)
		if ctx.Err() != nil {
			break
		}
		if opened {
			f.opened, f.granted, f.closed = true, true, time.Now()
			refused.stop()
		}
		// A watch that is cut after each event still brings them, if it is soon opened again.
		moved := opened && from != "" && f.position != "" && f.position != from
		if moved || time.Since(began) > steady {
			p = f.pacer()
		}
		switch {
		case errors.Is(err, errReopen):
			continue
		case passing(err):
			refused.stop()
			// What refuses right after an outage may be a server that doesn't know its roles yet.
			if err != nil && fault.Transient(err) {
				f.granted = true
				f.hub.outage.Note()
			}
		case !f.granted, f.name == "" && fault.Unparsable(err), refused.lasted(began, f.hub.patience):
			f.giveUp(err)
			return
		}
		if opened || fault.Expired(err) {
			p.PauseSilently(ctx, err)
		} else {
			p.Pause(ctx, err)
		}
	}
}

// pacer spaces out the requests of the feed.
func (f *feed) pacer() *pace.Pacer {
	p := newPacer(time.Time{})
	if f.name != "" {
		p.Least = f.hub.spread // what has ended this watch has probably ended all of them
	}
	return p
}

// giveUp ends the following, or leaves it to feeds of each workflow if that may do.
func (f *feed) giveUp(err error) {
	if f.name == "" && (fault.Unparsable(err) || !f.opened && apierrors.IsForbidden(err)) {
		f.hub.refuse(f)
		return
	}
	f.hub.fail(f, err)
}

// inherit waits for the feeds before this one and goes on from the earliest of their positions:
// from there on a watch brings all that they have not. It returns false if there were none.
func (f *feed) inherit() bool {
	inherits := len(f.before) > 0
	for i, b := range f.before {
		<-b.done
		if i == 0 || f.position != "" && (b.position == "" || newer(f.position, b.position)) {
			f.position = b.position
		}
		f.names = f.names || b.names || b.opened // who may watch all, may watch each
	}
	f.before = nil
	f.granted = f.name != "" && f.names
	return inherits
}

// gather waits until no more calls join.
func (f *feed) gather(ctx context.Context) {
	tick := time.NewTicker(gatherFor)
	defer tick.Stop()
	began := time.Now()
	for before := f.hub.calls(); time.Since(began) < gatherMost; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := f.hub.calls()
		if now == before {
			return
		}
		before = now
	}
}

// readAndWatch reads what the feed is for, if the position is not known, and watches it until
// the watch ends, for the reason that the error tells if it is known. opened: it was a watch.
func (f *feed) readAndWatch(ctx context.Context) (opened bool, err error) {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	labels := f.prepare(cut)
	defer f.settle()
	mute := time.AfterFunc(f.hub.silence, func() { cut(errMute) })
	defer mute.Stop()
	alive := func() { mute.Reset(f.hub.silence) }

	from := f.position
	if f.position == "" {
		err = f.read(ctx, labels, alive)
	}
	if err == nil {
		opened, err = f.watch(ctx, labels, alive)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // of what the request has failed with
	}
	if opened {
		f.noteClosed(ctx, err)
	}
	blind := !opened && time.Since(f.closed) > blindFor
	stuck := undecoded(err) && f.position == from
	if opened && errors.Is(err, errMute) || fault.Expired(err) || malformed(err) || blind || stuck {
		f.position = "" // a watch from there doesn't bring what there is, so look
	}
	return opened, err
}

// prepare goes back to where somebody has asked it to, takes note of how to end the request to
// come, and returns the labels it is for.
func (f *feed) prepare(cut context.CancelCauseFunc) (labels string) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	f.cut = cut
	if f.rewind != "" && f.position != "" && newer(f.position, f.rewind) {
		f.position = f.rewind
	}
	f.rewind = ""
	if labels = f.hub.selectorOf(f); labels != f.labels {
		f.labels, f.since = labels, ""
	}
	if f.since == "" || f.position == "" || newer(f.since, f.position) {
		f.since = f.position
	}
	return labels
}

// settle takes note that the request has ended.
func (f *feed) settle() {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	f.cut = nil
}

func (f *feed) options(labels string) metav1.ListOptions {
	opts := metav1.ListOptions{LabelSelector: labels}
	if f.name != "" {
		opts.FieldSelector = fields.OneTermEqualSelector("metadata.name", f.name).String()
	}
	return opts
}

// watch passes on what comes after position.
func (f *feed) watch(ctx context.Context, labels string, alive func()) (opened bool, err error) {
	timeout := int64((watchFor + rand.N(watchFor)).Seconds())
	opts := f.options(labels)
	opts.ResourceVersion = f.position
	opts.AllowWatchBookmarks = true // they tell a quiet watch from a dead one
	opts.TimeoutSeconds = &timeout
	stream, err := f.hub.wire.watch(ctx, opts, alive)
	if err != nil {
		return false, err
	}
	defer stream.close()
	f.noteOpened(ctx)
	alive()
	for began := time.Now(); ; {
		e, err := stream.next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return true, err
		}
		n, err := f.newsOf(e, labels != "")
		if err == nil {
			err = f.hub.advance(ctx, f, e.id, n)
		}
		if err != nil {
			return true, err
		}
		if time.Since(began) > narrowAfter && f.hub.selector(f) != labels {
			return true, errReopen // it is known by now what all have in common
		}
	}
}

// newsOf is what an event has for the followers; nil: nothing. filtered: a workflow that has
// changed its labels would look like one that was deleted.
func (f *feed) newsOf(e event, filtered bool) (*news, error) {
	gone := e.kind == watch.Deleted
	if !gone && e.kind != watch.Added && e.kind != watch.Modified || !f.hub.follows(e.id.Name) || f.name != "" && e.id.Name != f.name {
		return nil, nil
	}
	state, err := newSnapshot(e.id, e.object)
	if err != nil {
		return nil, &watchError{err: err}
	}
	n := &news{snapshot: state, gone: gone, arrived: time.Now()}
	if gone && filtered {
		n.doubtful = e.id.ResourceVersion
	}
	return n, nil
}

func (f *feed) noteOpened(ctx context.Context) {
	note(ctx, func(c Call) Event {
		return WatchOpened{Backend: c.Backend, Namespace: c.Namespace, Name: f.name, Again: f.opened}
	})
}

// noteClosed tells of the end of a watch. It is no fault if it was ended from here, or had come too
// far behind.
func (f *feed) noteClosed(ctx context.Context, err error) {
	switch {
	case errors.Is(err, errReopen), errors.Is(err, context.Canceled), fault.Expired(err):
		err = nil
	case errors.Is(err, errMute):
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	note(ctx, func(c Call) Event {
		return WatchClosed{Backend: c.Backend, Namespace: c.Namespace, Name: f.name, Err: err}
	})
}
