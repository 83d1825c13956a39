package workflow

import (
	"context"
	"sync"
	"time"
)

const (
	// searchFor is the time limit of a search. Waits that need the result do not handle states
	// until the search ends.
	searchFor = 10 * time.Second
	// foundFor is how long a result is shared with other calls.
	foundFor = 10 * time.Second
)

// searches finds working controllers, with one search at a time for each missing instance ID. If a
// controller is down, thousands of waits ask at the same time, and each request makes the API
// server scan the whole namespace.
type searches struct {
	mu   sync.Mutex
	last map[string]*search // by instance ID
}

// search is one search. Its result may be read once done is closed.
type search struct {
	done   chan struct{}
	over   time.Time
	served []string
	ok     bool
	left   bool // its call ended before the search was complete
}

// find returns the result of look, or that of a search for another call that is in progress or was
// successful a moment ago. A failed search is shared with the calls that wait for it, but not kept.
// A search whose call ended early is repeated.
func (s *searches) find(ctx context.Context, id string, look func(context.Context) ([]string, bool)) (served []string, ok bool) {
	for {
		found, mine := s.join(id)
		if mine {
			s.run(ctx, id, found, look)
			return found.served, found.ok
		}
		select {
		case <-found.done:
			if !found.left {
				return found.served, found.ok
			}
		case <-ctx.Done():
			return nil, false
		}
	}
}

// join returns the search to wait for. mine reports whether the caller must run it.
func (s *searches) join(id string) (found *search, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found = s.last[id]; found != nil && (found.over.IsZero() || time.Since(found.over) < foundFor) {
		return found, false
	}
	if s.last == nil {
		s.last = map[string]*search{}
	}
	found = &search{done: make(chan struct{})}
	s.last[id] = found
	return found, true
}

func (s *searches) run(ctx context.Context, id string, found *search, look func(context.Context) ([]string, bool)) {
	bounded, cancel := context.WithTimeout(ctx, searchFor)
	defer cancel()
	served, ok := look(bounded)
	s.mu.Lock()
	defer s.mu.Unlock()
	found.served, found.ok, found.left, found.over = served, ok, !ok && ctx.Err() != nil, time.Now()
	if !ok {
		delete(s.last, id)
	}
	close(found.done)
}
