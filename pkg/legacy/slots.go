package legacy

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	// timeSlice is how long a stream may keep a slot that another stream waits for. It is longer
	// than a watch has to last to count as one that worked.
	timeSlice = 10 * time.Second
	// silentSlices is how many time slices a stream has that has not brought anything yet. What it
	// was started for would otherwise be lost.
	silentSlices = 3
)

// errSlotNeeded is the error of a stream that had to make room for another one. It is a broken
// connection to the readers of logs and watches, which resume where they stopped.
var errSlotNeeded = fmt.Errorf("another stream needs its slot: %w", io.ErrUnexpectedEOF)

// slots are the processes that may run at once. Streams can last for hours, so they may take only
// some of the slots: a command always gets one after other commands. Streams take turns, because
// one can wait for another: a log that is read in the order of time, for a log that is not open yet.
type slots struct {
	all, forStreams int
	slice           time.Duration

	mu       sync.Mutex
	taken    int // by commands and streams
	streams  int // slots taken by streams
	queue    []*slotRequest
	yielding int // streams that have been asked to end and have not ended yet
}

// slotRequest is a request that waits for a slot.
type slotRequest struct {
	stream  bool
	granted chan struct{}
}

// newSlots returns n slots, but at least one for a stream and one for a command. A quarter of them
// is only for commands.
func newSlots(n int) *slots {
	n = max(n, 2)
	return &slots{all: n, forStreams: n - max(1, n/4), slice: timeSlice}
}

// acquire blocks until there is a slot or ctx has ended. Slots are granted in the order of the
// calls, but a stream that has to wait for another stream does not hold up commands.
func (s *slots) acquire(ctx context.Context, stream bool) error {
	r := &slotRequest{stream: stream, granted: make(chan struct{})}
	s.mu.Lock()
	s.queue = append(s.queue, r)
	s.grant()
	s.mu.Unlock()
	select {
	case <-r.granted:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.Index(s.queue, r); at >= 0 {
		s.queue = slices.Delete(s.queue, at, at+1)
	} else {
		s.free(stream) // it was granted meanwhile
	}
	return context.Cause(ctx)
}

// release returns a slot.
func (s *slots) release(stream bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free(stream)
}

// yield reports whether a stream has to end because another one waits for its slot. No more streams
// end than wait.
func (s *slots) yield() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := 0
	for _, r := range s.queue {
		if r.stream {
			waiting++
		}
	}
	if s.streams < s.forStreams || waiting <= s.yielding {
		return false
	}
	s.yielding++
	return true
}

// yielded records that a stream for which yield returned true has ended.
func (s *slots) yielded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.yielding--
}

// free returns a slot and grants it. The caller holds the lock.
func (s *slots) free(stream bool) {
	s.taken--
	if stream {
		s.streams--
	}
	s.grant()
}

// grant grants free slots in the order of the requests. The caller holds the lock.
func (s *slots) grant() {
	s.queue = slices.DeleteFunc(s.queue, func(r *slotRequest) bool {
		if s.taken == s.all || r.stream && s.streams == s.forStreams {
			return false
		}
		s.taken++
		if r.stream {
			s.streams++
		}
		close(r.granted)
		return true
	})
}
