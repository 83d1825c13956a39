package watchhub

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// Up to maxSingle workflows have a watch each. When there are more, one watch of the namespace
// takes over, until no more than unshareAt are left. Between the two nothing changes, so that a
// number that goes up and down doesn't open and close watches all the time.
const (
	maxSingle = 8
	unshareAt = 4
)

// Config configures a [Hub].
type Config struct {
	// Source reads the workflows. If it is a [source.RowSource], calls that need ends only share
	// watches of rows.
	Source source.Source
	// IdleTimeout is how long a watch may bring nothing, not even a bookmark, before it is
	// replaced.
	IdleTimeout time.Duration
	// RetryFor is how long refusals of what was granted before are retried. Not above 0 means not
	// at all.
	RetryFor time.Duration
	// Outage is shared with the other requests of the client. Nil means that outages are unknown.
	Outage *pace.Outage
	// Decoders read the nodes of a workflow.
	Decoders status.NodeDecoders
	// Polled keeps the templates of steps that poll an object, which Decoders need that find gates among
	// them.
	Polled bool
	// Diagnose finds out why no controller has picked up the workflow with the state s. It is
	// called once for a call whose workflow has had no phase for DiagnoseAfter, and may block until
	// ctx ends.
	Diagnose func(ctx context.Context, s *status.WorkflowStatus) *status.StartDiagnostic
	// DiagnoseAfter is not above 0 if Diagnose must not be called.
	DiagnoseAfter time.Duration
	Hooks         Hooks
}

// Hooks receives what happens to watches. Each function may be nil. The name is that of the only
// workflow of a watch, or "" for a shared one. The context is what WatchContext returned for the
// watch.
type Hooks struct {
	WatchContext func(ctx context.Context, name string) context.Context
	// WatchOpened is called for a watch that was opened; again reports whether it replaces another
	// one.
	WatchOpened func(ctx context.Context, name string, again bool)
	// WatchClosed is called once after each WatchOpened. err is the fault that ended the watch, or
	// nil.
	WatchClosed func(ctx context.Context, name string, err error)
	// Retrying is called for an attempt that failed with err and is repeated after a delay. The
	// context is that of the watch or of the call.
	Retrying func(ctx context.Context, err error, after time.Duration)
}

// Hub shares the watches of one client among the calls that follow workflows. It is safe for
// concurrent use. It has goroutines only while there are calls; the last call to leave waits for
// their end.
//
// A call subscribes, then reads its workflow, then receives later states. If the reflector that
// delivers the later states was there when the call subscribed, none is missed: whatever changes
// after the read comes after any position that the reflector had when the call subscribed. If not,
// the call reads again.
type Hub struct {
	cfg    Config
	ofRows bool   // the source's watches bring rows
	rows   *Hub   // for calls that need ends only; nil if the source has no rows, or ofRows
	turns  *turns // shared with rows, as the next two
	packer *packer
	ends   *ends

	mu         sync.Mutex
	topics     map[string]*topic // by name
	subscribed uint64            // calls so far
	shared     *reflector        // of the namespace; nil if each watched topic has a reflector of its own
	pending    *pendingList      // list of the namespace; nil if there is none
	byName     bool              // the namespace may not be watched as a whole
	labels     *commonLabels     // of all states watched since the hub was empty; nil if there were none
}

// topic is a workflow that calls watch.
type topic struct {
	name          string
	subscriptions []*subscription
	receiving     bool       // a subscription has been
	reflector     *reflector // nil if it has none of its own
}

// New returns a hub. It sends nothing.
func New(cfg Config) *Hub {
	cfg.RetryFor = max(0, cfg.RetryFor)
	h := &Hub{cfg: cfg, turns: &turns{}, packer: &packer{}, ends: &ends{last: map[string]*lastEnd{}}, topics: map[string]*topic{}}
	if s, ok := cfg.Source.(source.RowSource); ok {
		cfg.Source = s.Rows()
		h.rows = &Hub{cfg: cfg, ofRows: true, turns: h.turns, packer: h.packer, ends: h.ends, topics: map[string]*topic{}}
	}
	return h
}

// pacer spaces out attempts without a time limit.
func (h *Hub) pacer() *pace.Pacer { return &pace.Pacer{Retrying: h.cfg.Hooks.Retrying} }

// subscribe adds a call that is going to read the workflow.
func (h *Hub) subscribe(name string) *subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[name]
	if t == nil {
		t = &topic{name: name}
		h.topics[name] = t
		h.ends.follow(name)
	}
	if h.shared == nil && !h.byName && len(h.topics) > maxSingle {
		h.shared = h.start("", "", h.stopSingle())
	}
	h.subscribed++
	s := newSubscription(h, t)
	s.rely(h.reflectorOf(t))
	t.subscriptions = append(t.subscriptions, s)
	return s
}

// unsubscribe ends a subscription, and with the last one of a workflow the reflectors that are not
// needed any more. It blocks until those have ended.
func (h *Hub) unsubscribe(s *subscription) {
	for _, ended := range h.remove(s) {
		ended.cancel()
		<-ended.done
	}
}

// remove returns the reflectors to stop.
func (h *Hub) remove(s *subscription) []*reflector {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := s.topic
	at := slices.Index(t.subscriptions, s)
	t.subscriptions = slices.Delete(t.subscriptions, at, at+1)
	if len(t.subscriptions) > 0 {
		return nil
	}
	delete(h.topics, t.name)
	h.ends.leave(t.name)
	var unneeded []*reflector
	if t.reflector != nil {
		unneeded = append(unneeded, t.reflector)
	}
	if h.shared != nil && len(h.topics) <= unshareAt {
		unneeded = append(unneeded, h.shared)
		h.unshare()
	}
	if len(h.topics) == 0 {
		h.labels, h.byName = nil, false
	}
	return unneeded
}

// receive is for a call that has read the state s: later states are delivered to it from now on. If
// it returns false, some may have been missed since, and the call has to read again.
func (h *Hub) receive(sub *subscription, s *status.WorkflowStatus) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := sub.topic
	t.receiving = true
	if h.labels == nil {
		h.labels = newCommonLabels(s.Labels)
	}
	h.labels.intersect(s.Labels)
	h.fitLabels()
	r := h.reflectorOf(t)
	if r == nil {
		t.reflector = h.start(t.name, s.ResourceVersion, nil)
		sub.outdatedBy, sub.stage = nil, stageReceiving
		return true
	}
	complete := sub.reflector == r && sub.epoch == r.epoch && sub.outdatedBy == nil
	sub.outdatedBy = nil
	sub.rely(r)
	if complete {
		sub.stage = stageReceiving
	}
	return complete
}

// reflectorOf returns the reflector that delivers the states of a topic, or nil. The caller holds
// the lock, as for all functions below that take none.
func (h *Hub) reflectorOf(t *topic) *reflector {
	if h.shared != nil {
		return h.shared
	}
	return t.reflector
}

// fitLabels reopens the shared watch if it is narrowed to labels that the watched workflows no
// longer have in common.
func (h *Hub) fitLabels() {
	if r := h.shared; r != nil && r.selector != "" && r.selector != h.labels.selector {
		r.selector, r.since = h.labels.selector, ""
		r.epoch++ // a call that is reading its workflow may have missed what the old labels hid
		r.reopen("")
	}
}

// stopSingle stops the topics' own reflectors and returns them.
func (h *Hub) stopSingle() []*reflector {
	var stopped []*reflector
	for _, t := range h.topics {
		if t.reflector != nil {
			t.reflector.cancel()
			stopped = append(stopped, t.reflector)
			t.reflector = nil
		}
	}
	return stopped
}

// start starts a reflector of one workflow, or with "" of the namespace. It continues where its
// predecessors have ended, or else from position.
func (h *Hub) start(name, position string, predecessors []*reflector) *reflector {
	// Not the caller's context: the reflector serves other calls too, and ends with the last of
	// them.
	ctx, cancel := context.WithCancel(context.Background())
	if h.cfg.Hooks.WatchContext != nil {
		ctx = h.cfg.Hooks.WatchContext(ctx, name)
	}
	r := &reflector{hub: h, name: name, position: position, predecessors: predecessors, cancel: cancel, done: make(chan struct{})}
	if name == "" {
		h.pending = &pendingList{} // already now: the next call may subscribe before the reflector runs
		r.first = h.pending
	}
	go r.run(ctx)
	return r
}

// unshare replaces the shared reflector by one for each workflow, which continues where that one
// ends.
func (h *Hub) unshare() {
	predecessors := []*reflector{h.shared}
	h.shared = nil
	for _, t := range h.topics {
		if t.receiving {
			t.reflector = h.start(t.name, "", predecessors)
		}
	}
}

// refuseShared is called by the shared reflector if the namespace may not be watched as a whole.
func (h *Hub) refuseShared(r *reflector) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shared == r {
		h.byName = true
		h.unshare()
	}
}

// fail ends all calls that rely on a reflector. If other reflectors have taken over from it, there
// are none.
func (h *Hub) fail(r *reflector, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		if h.reflectorOf(t) != r {
			continue
		}
		t.reflector = nil
		for _, s := range t.subscriptions {
			s.finish(err)
		}
	}
	if h.shared == r {
		h.shared = nil
	}
}

// readmit redelivers what has happened to a workflow since version, at which it left the labels of
// the watch. labels are those that it has now.
func (h *Hub) readmit(t *topic, labels map[string]string, version string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.labels.intersect(labels)
	h.fitLabels()
	if r := h.reflectorOf(t); r != nil && (r.since == "" || newer(r.since, version)) {
		r.reopen(version)
	}
}

// spread returns a random delay for watches that would otherwise be opened at the same moment:
// about one each millisecond, and all within 5 s.
func (h *Hub) spread() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return rand.N(min(time.Duration(len(h.topics))*time.Millisecond, pace.Longest) + 1)
}

// calls returns how many calls have subscribed so far.
func (h *Hub) calls() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.subscribed
}
