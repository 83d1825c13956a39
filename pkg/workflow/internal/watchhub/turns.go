package watchhub

import (
	"context"
	"slices"
	"sync"
)

// maxReads bounds how many workflows are read one by one at the same time.
const maxReads = 16

// turns are the reads that may be under way at the same time. They are granted in the order of the
// requests. The zero value is ready to use.
type turns struct {
	mu      sync.Mutex
	taken   int
	waiting []*turn
}

// turn is a request to read.
type turn struct {
	wake            func() // called once the request is granted, if it had to wait for that
	queued, granted bool   // guarded by the lock of turns
}

// take reports whether a request is granted. If it is not, and wait is true, it is granted later.
func (t *turns) take(r *turn, wait bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case r.granted || r.queued:
	case t.taken < maxReads:
		t.taken++
		r.granted = true
	case wait:
		t.waiting = append(t.waiting, r)
		r.queued = true
	}
	return r.granted
}

// leave ends a request, whether it was granted or not.
func (t *turns) leave(r *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.queued {
		at := slices.Index(t.waiting, r)
		t.waiting = slices.Delete(t.waiting, at, at+1)
	}
	if r.granted {
		t.taken--
		if len(t.waiting) > 0 {
			next := t.waiting[0]
			t.waiting = slices.Delete(t.waiting, 0, 1)
			t.taken++
			next.queued, next.granted = false, true
			next.wake()
		}
	}
	r.queued, r.granted = false, false
}

// await blocks until a turn is granted, and returns the function that ends it, or until ctx ends.
func (t *turns) await(ctx context.Context) (leave func(), err error) {
	granted := make(chan struct{})
	r := &turn{wake: func() { close(granted) }}
	if t.take(r, true) {
		return func() { t.leave(r) }, nil
	}
	select {
	case <-granted:
		return func() { t.leave(r) }, nil
	case <-ctx.Done():
		t.leave(r)
		return nil, ctx.Err()
	}
}
