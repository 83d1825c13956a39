package watchhub

import (
	"sync"
	"time"
)

// maxListIdle is how long a list may bring nothing before no call waits for it any longer.
const maxListIdle = 5 * time.Second

// pendingList is a list of the namespace that is being read, or about to be. It brings the states
// that calls begin with if they subscribed before it, so that thousands of them don't read one by
// one.
type pendingList struct {
	upTo uint64        // how many calls had subscribed when it was requested; 0: it has not been
	over chan struct{} // closed when it brings nothing more
	once sync.Once
}

func newPendingList() *pendingList { return &pendingList{over: make(chan struct{})} }

func (l *pendingList) end() { l.once.Do(func() { close(l.over) }) }

// brings reports whether the list has, or will have, the state of a workflow as it was after the
// call had subscribed. That the workflow does not exist is known once the list is over.
func (l *pendingList) brings(s *subscription) bool {
	if l == nil || l.upTo != 0 && s.ordinal > l.upTo {
		return false
	}
	select {
	case <-l.over:
		return false
	default:
		return true
	}
}

// announceList returns the pending list of the namespace, and makes one if there is none.
func (h *Hub) announceList() *pendingList {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == nil {
		h.pending = newPendingList()
	}
	return h.pending
}

// listOver ends a pending list: it has been read, or will not be.
func (h *Hub) listOver(list *pendingList) {
	list.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == list {
		h.pending = nil
	}
}

// pendingFor returns the list that will bring what a call begins with, or nil.
func (h *Hub) pendingFor(s *subscription) *pendingList {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending.brings(s) {
		return h.pending
	}
	return nil
}
