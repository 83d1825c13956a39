package api

import (
	"context"
	"sync"
	"time"
)

// shared reads something once at a time, however many ask. Those that ask while it is read share the
// next reading, so nobody gets what was read before they asked. It keeps the memory that a workflow
// takes, which can be much, from being taken by each of them.
type shared[T any] struct {
	read   func(context.Context) (T, error)
	within time.Duration

	mu        sync.Mutex
	now, next *reading[T]
	under     sync.WaitGroup
}

// reading is one time that it is read.
type reading[T any] struct {
	ctx    context.Context //nolint:containedctx // of those who wait: it ends when none is left
	cancel context.CancelFunc
	asking int
	done   chan struct{} // closed when value and err are there
	value  T
	err    error
}

// get returns what is read from now on. It blocks until then or until ctx ends.
func (s *shared[T]) get(ctx context.Context) (T, error) {
	r := s.join(ctx)
	defer s.leave(r)
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var nothing T
		return nothing, context.Cause(ctx)
	}
}

// join asks for the next reading, which begins at once if none is under way.
func (s *shared[T]) join(ctx context.Context) *reading[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &reading[T]{done: make(chan struct{})}
		// It has the values of ctx, but not its end, since others share it.
		s.next.ctx, s.next.cancel = context.WithCancel(context.WithoutCancel(ctx))
	}
	r := s.next
	r.asking++
	if s.now == nil {
		s.begin() //nolint:contextcheck // it reads for all that ask, with the values of the first
	}
	return r
}

func (s *shared[T]) leave(r *reading[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.asking--; r.asking > 0 {
		return
	}
	r.cancel()
	if r == s.next {
		s.next = nil // nobody wants it
	}
}

// begin reads. It is called with mu.
func (s *shared[T]) begin() {
	r := s.next
	s.now, s.next = r, nil
	s.under.Go(func() {
		ctx, cancel := context.WithTimeout(r.ctx, s.within)
		defer cancel()
		r.value, r.err = s.read(ctx)
		close(r.done)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now = nil
		if s.next != nil {
			s.begin()
		}
	})
}

// turn is for one at a time.
type turn chan struct{}

// take blocks until it is the caller's turn, or ctx ends.
func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) give() { <-t }

// inTurn reads when it is its turn.
func inTurn[T any](t turn, read func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		if err := t.take(ctx); err != nil {
			var nothing T
			return nothing, err
		}
		defer t.give()
		return read(ctx)
	}
}
