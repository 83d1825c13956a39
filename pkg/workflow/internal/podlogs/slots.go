package podlogs

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

const (
	// maxOpen is how many logs of one call are open at a time: that many of what was written so
	// far, and that many that are followed.
	maxOpen = 128
	// maxLongLines is how many lines longer than shortLine bytes the followed streams read at a
	// time. Each takes a few times MaxLine at most.
	maxLongLines = 4
	shortLine    = 16 << 10
	// timeSlice is how long a stream may keep a slot that others wait for.
	timeSlice = 5 * time.Second
)

// slots is a semaphore that knows whether it is contended. It is safe for concurrent use.
type slots struct {
	taken   chan struct{}
	waiting atomic.Int32
}

func newSlots(n int) *slots { return &slots{taken: make(chan struct{}, n)} }

// acquire blocks until a slot is free. Slots are granted in the order of the calls.
func (s *slots) acquire(ctx context.Context) error {
	select {
	case s.taken <- struct{}{}:
		return nil
	default:
	}
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return pace.Interruption(ctx, nil)
	}
}

func (s *slots) release() { <-s.taken }

// contended reports whether a call of acquire blocks.
func (s *slots) contended() bool { return s.waiting.Load() > 0 }
