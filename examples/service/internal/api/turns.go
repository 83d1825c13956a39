package api

import (
	"context"
	"sync"
	"time"
)

// shared runs one read at a time for any number of callers. Callers that arrive during a read share
// the next one, so they never get a result from before their call. Otherwise each caller would take
// the memory of a workflow, which can be large.
type shared[T any] struct {
	read   func(context.Context) (T, error)
	within time.Duration

	mu        sync.Mutex
	now, next *reading[T]
	under     sync.WaitGroup
}

// reading is one run of the read.
type reading[T any] struct {
	ctx    context.Context //nolint:containedctx // ends when no caller waits any more
	cancel context.CancelFunc
	asking int
	done   chan struct{} // closed when value and err are set
	value  T
	err    error
}

// get returns the result of a read that begins after the call. It blocks until then or until ctx
// ends.
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

// join subscribes to the next read, which begins at once if none is in progress.
func (s *shared[T]) join(ctx context.Context) *reading[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &reading[T]{done: make(chan struct{})}
		// The context has the values of ctx, but not its end, since others share it.
		s.next.ctx, s.next.cancel = context.WithCancel(context.WithoutCancel(ctx))
	}
	r := s.next
	r.asking++
	if s.now == nil {
		s.begin() //nolint:contextcheck // it reads for all callers, with the values of the first
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
		s.next = nil // no caller is left
	}
}

// begin starts the read. The caller holds mu.
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

// turn serializes its holders.
type turn chan struct{}

// take blocks until the caller has the turn, or ctx ends.
func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) give() { <-t }

// inTurn reads while it holds the turn.
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
