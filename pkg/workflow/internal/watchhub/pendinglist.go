package watchhub

import "time"

// maxListIdle is how long a list may bring nothing before no call waits for it any longer.
const maxListIdle = 5 * time.Second

// pendingList is a list of the namespace that is being read, or about to be. It brings the states
// that calls begin with if they subscribed before it, so that thousands of them don't read one by
// one.
type pendingList struct {
	upTo uint64 // how many calls had subscribed when it was requested; 0: it has not been
	over bool   // it brings nothing more
}

// brings reports whether the list has, or will have, the state of a workflow as it was after the
// call had subscribed. That the workflow does not exist is known once the list is over.
func (l *pendingList) brings(s *subscription) bool {
	return l != nil && !l.over && (l.upTo == 0 || s.ordinal <= l.upTo)
}

// announceList returns the pending list of the namespace, and makes one if there is none.
func (h *Hub) announceList() *pendingList {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == nil {
		h.pending = &pendingList{}
	}
	return h.pending
}

// listOver ends a pending list: it has been read, or will not be.
func (h *Hub) listOver(list *pendingList) {
	h.stopRelying(list)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == list {
		h.pending = nil
	}
}

// stopRelying wakes the calls that wait for a pending list, so that they read by themselves.
func (h *Hub) stopRelying(list *pendingList) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if list.over {
		return
	}
	list.over = true
	for _, t := range h.topics {
		for _, s := range t.subscriptions {
			if s.stage == stageSubscribed {
				s.signal()
			}
		}
	}
}

// listedFor returns the state that a list has brought to a call that has not read its workflow, or nil,
// and whether the call need not read, since a pending list will bring it.
func (h *Hub) listedFor(s *subscription) (state *snapshot, pending bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range s.queue {
		if u.list != nil && u.list.before.subscribed >= s.ordinal {
			if s.outdatedBy == u.list {
				s.outdatedBy = nil
			}
			return u.snapshot, false
		}
	}
	return nil, h.pending.brings(s)
}
