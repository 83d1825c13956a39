package watchhub

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// narrowAfter is how long a watch of the namespace brings everything before it is opened again for
// what the watched workflows have in common.
const narrowAfter = 10 * time.Second

// The first list of a shared reflector waits for further calls, which may begin at the same moment:
// they begin with what the list brings if they subscribed before it. It waits until none has
// subscribed for gatherInterval, and no longer than maxGather.
const (
	gatherInterval = 100 * time.Millisecond
	maxGather      = 2 * time.Second
)

// relistAfter is how long a watch may fail to open before the workflows are listed for each
// attempt, in case only watches fail. A page of a list is retried for as long.
const relistAfter = 15 * time.Second

// reflector is a goroutine that keeps a watch of one workflow or of the namespace going, through
// closed and silent watches, expired versions and restarts of the API server, and delivers what it
// brings. It delivers each state at least once, and each change since position.
type reflector struct {
	hub          *Hub
	name         string       // "" for all workflows of the namespace
	predecessors []*reflector // which have to end first
	first        *pendingList // of the shared reflector: what it reads first, unless its predecessors have read
	cancel       context.CancelFunc
	done         chan struct{} // closed when it has ended

	// position is the version to watch from; "" means that a list has to be read first. Other
	// reflectors may read it once this one has ended.
	position string
	// opened: it has had a watch. byName: a watch of one workflow has been granted. granted: what
	// it requests has been granted, so refusals are retried for a while.
	opened, byName, granted bool
	closed                  time.Time // since when there is no watch
	unanswered              int       // how many requests in a row have been given up, since nothing came

	// Guarded by the hub's lock:
	cut      context.CancelCauseFunc // ends the present request; nil if there is none
	rewindTo string                  // position of the next request; "" means no change
	selector string                  // labels of the present request, or of the next one
	since    string                  // version from which that selector has been watched; "" if unknown
	epoch    uint64                  // how often the selector was widened
}

// reopen ends the present request. The next one has the labels that are shared by then, and begins
// at version unless that is "" or later than the position. The caller holds the hub's lock.
func (r *reflector) reopen(version string) {
	if version != "" && (r.rewindTo == "" || newer(r.rewindTo, version)) {
		r.rewindTo = version
	}
	if r.cut != nil {
		r.cut(errReopen)
	}
}

// run runs until ctx ends or it can't go on.
func (r *reflector) run(ctx context.Context) {
	defer close(r.done)
	defer r.cancel()
	defer r.prepare(nil) // sets the position for successors
	if r.inherit() && r.name != "" {
		_ = pace.Sleep(ctx, r.hub.spread()) // others begin at the same moment
	}
	if r.first != nil {
		defer r.hub.listOver(r.first) // it may never be read
		if r.position == "" {
			r.gather(ctx)
		} else {
			r.hub.listOver(r.first)
		}
	}
	r.closed = time.Now()
	p := r.pacer()
	var refused refusals
	for ctx.Err() == nil {
		began, from := time.Now(), r.position
		opened, err := r.listAndWatch(ctx)
		if ctx.Err() != nil {
			break
		}
		if opened {
			r.opened, r.granted, r.closed = true, true, time.Now()
			refused.reset()
		}
		// A watch that is cut after each event still makes progress if it is soon opened again.
		moved := opened && from != "" && r.position != "" && r.position != from
		if moved || time.Since(began) > source.StableAfter {
			p = r.pacer()
		}
		switch {
		case errors.Is(err, errReopen):
			continue
		case errors.Is(err, errNothing), source.Resumable(err):
			refused.reset()
			// Right after an outage, a server may refuse because it doesn't know its roles yet.
			if err != nil && fault.Transient(err) {
				r.granted = true
				r.hub.cfg.Outage.Record()
			}
		case !r.granted, r.name == "" && fault.Unparsable(err), refused.exceed(began, r.hub.cfg.RetryFor):
			r.giveUp(err)
			return
		}
		if opened || fault.Expired(err) {
			p.PauseSilently(ctx, err)
		} else {
			p.Pause(ctx, err)
		}
	}
}

// pacer spaces out the requests of the reflector.
func (r *reflector) pacer() *pace.Pacer {
	p := r.hub.pacer()
	if r.name != "" {
		p.Least = r.hub.spread // what has ended this watch has probably ended all of them
	}
	return p
}

// giveUp ends the calls with err, or leaves them to reflectors of single workflows if those may
// work.
func (r *reflector) giveUp(err error) {
	if r.name == "" && (fault.Unparsable(err) || !r.opened && apierrors.IsForbidden(err)) {
		r.hub.refuseShared(r)
		return
	}
	r.hub.fail(r, err)
}

// inherit waits for the predecessors and takes over the earliest of their positions: from there, a
// watch brings all that they have not. It reports whether there were any.
func (r *reflector) inherit() bool {
	inherits := len(r.predecessors) > 0
	for i, p := range r.predecessors {
		<-p.done
		if i == 0 || r.position != "" && (p.position == "" || newer(r.position, p.position)) {
			r.position = p.position
		}
		r.byName = r.byName || p.byName || p.opened // a caller that may watch all may watch each
	}
	r.predecessors = nil
	r.granted = r.name != "" && r.byName
	return inherits
}

// gather waits until no more calls subscribe.
func (r *reflector) gather(ctx context.Context) {
	tick := time.NewTicker(gatherInterval)
	defer tick.Stop()
	began := time.Now()
	for before := r.hub.calls(); time.Since(began) < maxGather; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := r.hub.calls()
		if now == before {
			return
		}
		before = now
	}
}

// listAndWatch lists the workflows if the position is not known, and watches them until the watch
// ends. opened reports whether it was open. The error is why it ended, or nil if the API server
// closed it.
func (r *reflector) listAndWatch(ctx context.Context) (opened bool, err error) {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	selector := r.prepare(cut)
	defer r.requestDone()

	from := r.position
	if from == "" {
		err = r.list(ctx, selector)
	}
	if err == nil {
		opened, err = r.watch(ctx, selector)
	}
	if opened {
		r.observeClosed(ctx, err)
	}
	r.countUnanswered(opened, err)
	unwatched := !opened && time.Since(r.closed) > relistAfter
	stuck := source.Undecodable(err) && r.position == from
	if opened && errors.Is(err, source.ErrIdle) || fault.Expired(err) || source.Malformed(err) || unwatched || stuck {
		r.position = "" // a watch from there would miss states, so list
	}
	return opened, err
}

// maxUnanswered limits by how many times the patience with a request is doubled.
const maxUnanswered = 3

// patience is how long a request may bring nothing. It grows with each that was given up: on a slow line, the
// answer to the next one has to wait for what is on its way for the last one, and with the same patience none
// would ever arrive.
func (r *reflector) patience() time.Duration {
	return r.hub.cfg.IdleTimeout << min(r.unanswered, maxUnanswered)
}

// countUnanswered records how a request has ended.
func (r *reflector) countUnanswered(opened bool, err error) {
	if !opened && errors.Is(err, source.ErrIdle) {
		r.unanswered++
		return
	}
	r.unanswered = 0
}

// prepare rewinds the position if a call has asked for that, records how to end the coming request,
// and returns the labels it is for.
func (r *reflector) prepare(cut context.CancelCauseFunc) (selector string) {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.cut = cut
	if r.rewindTo != "" && r.position != "" && newer(r.position, r.rewindTo) {
		r.position = r.rewindTo
	}
	r.rewindTo = ""
	if selector = r.hub.selectorLocked(r); selector != r.selector {
		r.selector, r.since = selector, ""
	}
	if r.since == "" || r.position == "" || newer(r.since, r.position) {
		r.since = r.position
	}
	return selector
}

// requestDone records that the request has ended.
func (r *reflector) requestDone() {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.cut = nil
}

func (r *reflector) options(selector string) metav1.ListOptions {
	opts := metav1.ListOptions{LabelSelector: selector}
	if r.name != "" {
		opts.FieldSelector = named(r.name)
	}
	return opts
}

// watch delivers what comes after position.
func (r *reflector) watch(ctx context.Context, selector string) (opened bool, err error) {
	opts := r.options(selector)
	opts.ResourceVersion = r.position
	var began time.Time
	return source.Watch{
		Source: r.hub.cfg.Source, Options: opts, IdleTimeout: r.patience(),
		Opened: func() {
			if opened := r.hub.cfg.Hooks.WatchOpened; opened != nil {
				opened(ctx, r.name, r.opened)
			}
			began = time.Now()
		},
		Handle: func(e source.Event) error {
			u, err := r.updateOf(e, selector != "")
			if err == nil {
				err = r.hub.advance(ctx, r, e.ID, u)
			}
			if err == nil && time.Since(began) > narrowAfter && r.hub.selector(r) != selector {
				return errReopen // by now it is known what all workflows have in common
			}
			return err
		},
	}.Run(ctx)
}

// updateOf returns what an event means for calls, or nil. If the watch is filtered, a workflow that
// only changed its labels looks deleted.
func (r *reflector) updateOf(e source.Event, filtered bool) (*update, error) {
	deleted := e.Type == watch.Deleted
	if !deleted && e.Type != watch.Added && e.Type != watch.Modified || !r.covers(e.ID.Name) {
		return nil, nil
	}
	state := &snapshot{id: e.ID, row: e.Row}
	if e.Row == nil {
		var err error
		if state, err = r.hub.newSnapshot(e.Item); err != nil {
			return nil, &source.WatchError{Err: err}
		}
	}
	u := &update{snapshot: state, deleted: deleted, arrived: time.Now()}
	if deleted && filtered {
		u.doubtful = e.ID.ResourceVersion
	}
	return u, nil
}

// covers reports whether the reflector is for that workflow, and a call follows it.
func (r *reflector) covers(name string) bool {
	return (r.name == "" || r.name == name) && r.hub.follows(name)
}

// observeClosed reports the end of a watch. It is no fault if the hub has ended it, or if its
// version had expired.
func (r *reflector) observeClosed(ctx context.Context, err error) {
	if errors.Is(err, errReopen) || errors.Is(err, context.Canceled) || fault.Expired(err) {
		err = nil
	}
	if closed := r.hub.cfg.Hooks.WatchClosed; closed != nil {
		closed(ctx, r.name, err)
	}
}
