package watchhub

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// stage is how far a call has come.
type stage uint8

const (
	// stageSubscribed: the call has not read its workflow. States that arrive are kept for it.
	stageSubscribed stage = iota
	// stageRead: the call has read its workflow. Whether each later state arrives is not known yet.
	stageRead
	// stageReceiving: each later state arrives.
	stageReceiving
)

// subscription is the hub's part of a call: reflectors put states in, the call takes them out at
// its own pace. All but the first three fields is guarded by the hub's lock.
type subscription struct {
	topic   *topic
	ordinal uint64        // of the call
	wake    chan struct{} // has room for one element: there may be something to take out

	stage stage // only the call changes it, so it needs no lock to read it
	// reflector has delivered since before the call has read, and epoch was the reflector's then.
	reflector *reflector
	epoch     uint64
	// outdatedBy is a list that may be of a later version than what the call has read.
	outdatedBy *relist

	uid     types.UID // of the workflow that was read
	version string    // newest that was read or queued
	row     *snapshot // the last row, or nil
	queue   []update  // in order
	end     error     // follows the queue
}

// newSubscription returns the subscription of the call that subscribes now.
func newSubscription(h *Hub, t *topic) *subscription {
	return &subscription{topic: t, ordinal: h.subscribed, wake: make(chan struct{}, 1)}
}

// signal wakes the call. It needs no lock.
func (s *subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// rely records the reflector that delivers from now on; nil if there is none.
func (s *subscription) rely(r *reflector) {
	if s.reflector = r; r != nil {
		s.epoch = r.epoch
	}
}

// deliver queues an update.
func (s *subscription) deliver(u update) {
	switch {
	case s.stage != stageSubscribed:
		s.accept(u)
	case u.snapshot != nil: // the call's own read will show that the workflow does not exist
		s.queue = append(s.queue, u)
		s.signal()
	}
}

// accept queues an update if it is news to a call that has read its workflow.
func (s *subscription) accept(u update) {
	switch {
	case s.end != nil:
		return
	case u.snapshot == nil:
	case u.row != nil:
		if !s.acceptRow(u) {
			return
		}
	case u.id.UID != s.uid:
		if newer(u.id.ResourceVersion, s.version) {
			s.finish(ErrReplaced)
		}
		return
	case !newer(u.id.ResourceVersion, s.version):
		return
	case u.doubtful == "": // otherwise the state with that version may still arrive
		s.version = u.id.ResourceVersion
	}
	if u.snapshot != nil || u.doubtful != "" {
		u.list = nil // only needed before the call has read, and large
		s.queue = append(s.queue, u)
	}
	if u.deleted && u.doubtful == "" {
		s.finish(ErrDeleted)
		return
	}
	s.signal()
}

// finish ends the call after what is in its queue.
func (s *subscription) finish(err error) {
	if s.end == nil {
		s.end = err
	}
	s.signal()
}

// begin records what the call has read, and drops what was queued before and is not newer.
func (h *Hub) begin(s *subscription, uid types.UID, version string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	early := s.queue
	s.stage, s.uid, s.version, s.queue = stageRead, uid, version, nil
	for _, u := range early {
		s.accept(u)
	}
}

// offer queues a state that the call has read itself.
func (h *Hub) offer(s *subscription, u update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.deliver(u)
}

// next takes the first update out of the queue. If that is empty, ok is false, and err is what ends
// the call, or nil if nothing has arrived.
func (h *Hub) next(s *subscription) (u update, ok bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(s.queue) == 0 {
		return update{}, false, s.end
	}
	u = s.queue[0]
	s.queue[0] = update{}
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
	return u, true, nil
}

// hasSeen reports whether a state of that version or a newer one was queued or read. A row is none:
// it may be of another workflow of the name.
func (h *Hub) hasSeen(s *subscription, version string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return s.row == nil && !newer(version, s.version)
}

// skip drops what is not newer than a version that the call has read meanwhile.
func (h *Hub) skip(s *subscription, version string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if newer(version, s.version) {
		s.version = version
	}
	s.queue = slices.DeleteFunc(s.queue, func(u update) bool { return u.snapshot != nil && !newer(u.id.ResourceVersion, version) })
}

// forget makes any version count as newer than the one that was seen, if no other has been seen
// since.
func (h *Hub) forget(s seenBy) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.subscription.version == s.version {
		s.subscription.version = ""
	}
}

// endWith ends the call with err once it has shown its present state. Nothing follows that.
func (h *Hub) endWith(s *subscription, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.queue, s.end = nil, err
}

// remind queues that it is time to diagnose why no controller has picked up the workflow, unless a row
// shows that one has.
func (h *Hub) remind(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.row != nil && s.row.row.Phase != "" {
		return
	}
	s.queue = append(s.queue, update{overdue: true})
	s.signal()
}
