package watchhub

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

const (
	pageSize = 100
	// muchLarger: in a namespace with that many times as many workflows as are followed, only the
	// latter are read, one by one.
	muchLarger = 10
)

// relist is one list of what a reflector is for, all of it as it was at one version.
type relist struct {
	reflector *reflector
	selector  string
	progress  func() // is called when something has arrived

	before   subscribers // when the list was requested; calls that subscribe later read for themselves
	answered bool        // the first page has arrived
	since    []seenBy    // calls that had begun to watch by then
	version  string      // "" before the first page

	mu         sync.Mutex // guards what follows
	found      map[string]bool
	unreadable bool // an object could not be read, so it is not known what is missing
}

// list lists what the reflector is for, delivers it, and makes its version the position, unless
// nothing arrives for too long.
func (r *reflector) list(ctx context.Context, selector string) error {
	ctx, idle := source.WithIdleTimeout(ctx, r.patience())
	defer idle.Stop()
	progress := idle.Reset
	if r.name == "" {
		pending := r.hub.announceList()
		defer r.hub.listOver(pending)
		stuck := time.AfterFunc(maxListIdle, func() { r.hub.stopRelying(pending) })
		defer stuck.Stop()
		progress = func() { idle.Reset(); stuck.Reset(maxListIdle) }
	}
	l := relist{reflector: r, selector: selector, progress: progress, before: r.hub.subscribers(r.name), found: map[string]bool{}}
	err := l.run(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause // the request's own error only follows from it
	}
	return err
}

// run reads all pages, or in a large namespace the watched workflows alone.
func (l *relist) run(ctx context.Context) error {
	opts := l.reflector.options(l.selector)
	opts.Limit = pageSize
	for {
		meta, err := l.retryPage(ctx, opts)
		switch {
		case apierrors.IsForbidden(err) && l.reflector.name != "":
			return l.get(ctx)
		case err != nil:
			return err
		case meta.RemainingItemCount != nil && *meta.RemainingItemCount > int64(muchLarger*l.before.topics):
			if err := l.readEach(ctx); err != nil {
				return err
			}
		case meta.Continue != "":
			opts.Continue = meta.Continue
			continue
		}
		if err := l.reflector.hub.listed(ctx, l.reflector, l.version); err != nil {
			return err // it was cut: the list says nothing about workflows that just changed their labels
		}
		l.deliverMissing()
		return nil
	}
}

// retryPage reads a page, and retries it over transient faults if it is not the first: of a hundred
// pages one is likely to be lost on a bad line, and a list that starts over loses another. The
// first page would be of another version.
func (l *relist) retryPage(ctx context.Context, opts metav1.ListOptions) (metav1.ListMeta, error) {
	first := l.version == ""
	p := l.reflector.hub.pacer()
	p.Until, p.Outage = time.Now().Add(relistAfter), l.reflector.hub.cfg.Outage
	for {
		meta, err := l.page(ctx, opts)
		if err == nil || first || ctx.Err() != nil || !p.Retryable(err) || !p.PauseSilently(ctx, err) {
			return meta, err
		}
	}
}

// page reads a page and delivers the watched workflows.
func (l *relist) page(ctx context.Context, opts metav1.ListOptions) (metav1.ListMeta, error) {
	hub := l.reflector.hub
	page, err := hub.cfg.Source.List(ctx, source.ListOptions{
		ListOptions: opts, Progress: l.progress, Unbounded: opts.ResourceVersionMatch != metav1.ResourceVersionMatchExact,
	})
	if err != nil {
		return metav1.ListMeta{}, err
	}
	if !l.answered { // calls that subscribe from now on read something newer
		l.answered = true
		l.since = hub.startedReceiving(l)
	}
	states := l.followed(page.Items)
	if l.version == "" {
		l.version = page.Meta.ResourceVersion
		for _, s := range l.before.begun {
			if newer(s.version, l.version) { // the server's data was restored to an earlier state
				hub.forget(s)
			}
		}
	}
	for _, s := range states {
		hub.deliver(s.id.Name, update{snapshot: s, list: l, arrived: time.Now()})
	}
	return page.Meta, nil
}

// followed returns the states of the items that calls follow. An item that cannot be read does not
// hold the others back: the list still counts, and workflows that it lacks are looked for by name.
func (l *relist) followed(items []source.Item) (states []*snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, item := range items {
		if item.Err == nil && !l.reflector.covers(item.ID.Name) {
			continue
		}
		state, err := l.reflector.hub.newSnapshot(item)
		if err != nil {
			l.unreadable = true
			continue
		}
		l.found[state.id.Name] = true
		states = append(states, state)
	}
	return states
}

// readEach reads by themselves the workflows that calls have read before and that no page has
// brought. It reads some at a time: one after the other would take longer than a busy API server
// goes without a fault, and after a fault the list starts over.
func (l *relist) readEach(ctx context.Context) error {
	names := map[string]bool{}
	for _, s := range slices.Concat(l.before.begun, l.since) {
		if name := s.topic.name; !l.found[name] {
			names[name] = true
		}
	}
	ctx, failed := context.WithCancelCause(ctx)
	defer failed(nil)
	slots := make(chan struct{}, maxReads)
	var reading sync.WaitGroup
	for name := range names {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		reading.Go(func() {
			defer func() { <-slots }()
			if _, err := l.retryPage(ctx, exactly(name, l.version)); err != nil {
				failed(err)
			}
		})
	}
	reading.Wait()
	return context.Cause(ctx)
}

// deliverMissing reports the workflows that were there before and are not in the list.
func (l *relist) deliverMissing() {
	since := slices.DeleteFunc(l.since, func(s seenBy) bool { return newer(s.version, l.version) }) // created after the list
	for _, s := range slices.Concat(l.before.begun, since) {
		if !l.found[s.topic.name] {
			u := update{deleted: true}
			if l.selector != "" || l.unreadable {
				u.doubtful = l.version
			}
			l.reflector.hub.offer(s.subscription, u)
		}
	}
}

// get reads the workflow for a caller that may not list it. If the workflow has not changed for
// long, its version is too old to watch from; then this repeats, seconds apart.
func (l *relist) get(ctx context.Context) error {
	r := l.reflector
	s, err := r.hub.get(ctx, r.name)
	if notFound(err) {
		l.deliverMissing()
		return errNothing
	}
	if err != nil {
		return err
	}
	r.hub.deliver(r.name, update{snapshot: s, arrived: time.Now()})
	r.position = s.id.ResourceVersion
	return nil
}
