package workflow

import (
	"sync"
	"time"
)

// stuckAfter is how long a list may bring nothing until nobody waits for it any longer.
const stuckAfter = 5 * time.Second

// coming is a list of the namespace that is under way, or about to be. It brings the states that
// calls begin with, if they joined before it, so that thousands of them don't read one by one.
type coming struct {
	upTo uint64        // how many calls had joined when it began; 0: it has not yet
	over chan struct{} // closed when it brings nothing more
	once sync.Once
}

func newComing() *coming { return &coming{over: make(chan struct{})} }

func (c *coming) end() { c.once.Do(func() { close(c.over) }) }

// brings reports whether the list has, or will have, the state of a workflow as it was after the
// call had joined. That the workflow is not there turns out when it is over.
func (c *coming) brings(f *follower) bool {
	if c == nil || c.upTo != 0 && f.joined > c.upTo {
		return false
	}
	select {
	case <-c.over:
		return false
	default:
		return true
	}
}

// expect announces a list of the namespace, unless one is announced.
func (h *hub) expect() *coming {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.coming == nil {
		h.coming = newComing()
	}
	return h.coming
}

// listEnded takes back what was announced: the list is over, or there won't be one.
func (h *hub) listEnded(list *coming) {
	list.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.coming == list {
		h.coming = nil
	}
}

// bringing is the list that will bring what a call begins with; nil: there is none.
func (h *hub) bringing(f *follower) *coming {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.coming.brings(f) {
		return h.coming
	}
	return nil
}
