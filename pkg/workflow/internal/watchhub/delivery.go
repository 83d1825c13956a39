package watchhub

import (
	"context"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// update is what a reflector, or a call's own read, delivers to a subscription.
type update struct {
	*snapshot // nil if the workflow is not in a list
	// deleted: the workflow was deleted with this state, or before.
	deleted bool
	// doubtful is the resource version at which the workflow either was deleted or only left the
	// labels of the watch. "" means that there is no doubt.
	doubtful string
	// overdue: nothing arrived, but it is time to diagnose why no controller has picked up the
	// workflow.
	overdue bool
	// list is what the state is from; nil for an event, which can be late.
	list *relist
	// arrived is when the snapshot arrived from the API server.
	arrived time.Time
}

// follows reports whether a call follows the workflow of that name.
func (h *Hub) follows(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.topics[name] != nil
}

// deliver passes an update on to all calls that follow the workflow.
func (h *Hub) deliver(name string, u update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliverLocked(name, u)
}

func (h *Hub) deliverLocked(name string, u update) {
	t := h.topics[name]
	if t == nil {
		return
	}
	// Before the state is queued: in the queue of a slow call a change of labels could wait for
	// hours, while the next watch is narrowed to labels that are no longer shared.
	if t.receiving && u.snapshot != nil && !u.deleted && h.narrows() && h.labels.any() {
		labels, _ := u.labels() // the snapshot has been read before; without labels all workflows are watched
		h.labels.intersect(labels)
	}
	for _, s := range t.subscriptions {
		s.deliver(u)
	}
}

// advance delivers the update of an event, if there is one, and moves the reflector's position past
// the event. If the request was cut, it does neither: its labels may hide changes that calls need,
// and the position must not pass those.
func (h *Hub) advance(ctx context.Context, r *reflector, id wfjson.Identity, u *update) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if u != nil {
		h.deliverLocked(id.Name, *u)
	}
	if id.ResourceVersion != "" {
		r.position = id.ResourceVersion
	}
	return nil
}

// listed moves the reflector's position to the version of a list, unless the request was cut.
func (h *Hub) listed(ctx context.Context, r *reflector, version string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.position, r.since = version, version
	return nil
}

// selector returns the label selector that a reflector's watch should have.
func (h *Hub) selector(r *reflector) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.selectorLocked(r)
}

func (h *Hub) selectorLocked(r *reflector) string {
	if r.name != "" || h.labels == nil || !h.narrows() {
		return ""
	}
	return h.labels.selector
}

// narrows reports whether the shared watch is narrowed to common labels. A watch of rows is not: a row
// does not show labels that change. It is short, so that the rows of other workflows cost little.
func (h *Hub) narrows() bool { return !h.ofRows }

// subscribers are the calls that follow a workflow, or any, at one moment.
type subscribers struct {
	begun      []seenBy // those that have read their workflow
	subscribed uint64   // calls that had subscribed
	topics     int
}

// seenBy is a subscription and the newest version that it had at one moment.
type seenBy struct {
	*subscription

	version string
}

// subscribers returns the calls that follow the workflow of that name, or with "" any, before a
// list is requested.
func (h *Hub) subscribers(name string) subscribers {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := subscribers{subscribed: h.subscribed, topics: len(h.topics)}
	if name == "" && h.pending != nil {
		h.pending.upTo = h.subscribed
	}
	for s := range h.subscriptionsOf(name) {
		if s.stage != stageSubscribed {
			all.begun = append(all.begun, seenBy{s, s.version})
		}
	}
	return all
}

// startedReceiving returns the calls that have begun to watch since the list was requested: what
// they have read may be older than the list. Those that are still reading have to read again,
// unless they begin with this list.
func (h *Hub) startedReceiving(list *relist) []seenBy {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := make(map[*subscription]bool, len(list.before.begun))
	for _, s := range list.before.begun {
		before[s.subscription] = true
	}
	var since []seenBy
	for s := range h.subscriptionsOf(list.reflector.name) {
		switch {
		case before[s]:
		case s.stage == stageReceiving:
			since = append(since, seenBy{s, s.version})
		default:
			s.outdatedBy = list
		}
	}
	return since
}

// subscriptionsOf yields the subscriptions to the workflow of that name, or with "" all. The caller
// holds the lock.
func (h *Hub) subscriptionsOf(name string) func(yield func(*subscription) bool) {
	return func(yield func(*subscription) bool) {
		for _, t := range h.topics {
			if name != "" && t.name != name {
				continue
			}
			for _, s := range t.subscriptions {
				if !yield(s) {
					return
				}
			}
		}
	}
}
