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
	// timeSlice is how long a stream may keep a place that another stream waits for. It is longer
	// than a watch has to last to count as one that worked.
	timeSlice = 10 * time.Second
	// silentSlices is how many time slices a stream has that has not brought anything yet. What it
	// was started for would otherwise be lost.
	silentSlices = 3
)

// errPlaceNeeded is the error of a stream that had to make room for another one. It is a broken
// connection to the readers of logs and watches, which resume where they stopped.
var errPlaceNeeded = fmt.Errorf("another stream needs its place: %w", io.ErrUnexpectedEOF)

// places are the processes that may run at once. Streams can last for hours, so they may take only
// some of the places: a command always gets one after other commands. Streams take turns, because
// one can wait for another: a log that is read in the order of time, for a log that is not open yet.
type places struct {
	all, forStreams int
	slice           time.Duration

	mu       sync.Mutex
	taken    int // by commands and streams
	streams  int // places taken by streams
	queue    []*placeRequest
	yielding int // streams that have been asked to end and have not ended yet
}

// placeRequest is a request that waits for a place.
type placeRequest struct {
	stream  bool
	granted chan struct{}
}

// newPlaces returns n places, but at least one for a stream and one for a command. A quarter of them
// is only for commands.
func newPlaces(n int) *places {
	n = max(n, 2)
	return &places{all: n, forStreams: n - max(1, n/4), slice: timeSlice}
}

// acquire blocks until there is a place or ctx has ended. Places are granted in the order of the
// calls, but a stream that has to wait for another stream does not hold up commands.
func (p *places) acquire(ctx context.Context, stream bool) error {
	r := &placeRequest{stream: stream, granted: make(chan struct{})}
	p.mu.Lock()
	p.queue = append(p.queue, r)
	p.grant()
	p.mu.Unlock()
	select {
	case <-r.granted:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.queue, r); at >= 0 {
		p.queue = slices.Delete(p.queue, at, at+1)
	} else {
		p.free(stream) // it was granted meanwhile
	}
	return context.Cause(ctx)
}

// release returns a place.
func (p *places) release(stream bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(stream)
}

// yield reports whether a stream has to end because another one waits for its place. No more streams
// end than wait.
func (p *places) yield() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := 0
	for _, r := range p.queue {
		if r.stream {
			waiting++
		}
	}
	if p.streams < p.forStreams || waiting <= p.yielding {
		return false
	}
	p.yielding++
	return true
}

// yielded records that a stream for which yield returned true has ended.
func (p *places) yielded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.yielding--
}

// free returns a place and grants it. The caller holds the lock.
func (p *places) free(stream bool) {
	p.taken--
	if stream {
		p.streams--
	}
	p.grant()
}

// grant grants free places in the order of the requests. The caller holds the lock.
func (p *places) grant() {
	p.queue = slices.DeleteFunc(p.queue, func(r *placeRequest) bool {
		if p.taken == p.all || r.stream && p.streams == p.forStreams {
			return false
		}
		p.taken++
		if r.stream {
			p.streams++
		}
		close(r.granted)
		return true
	})
}
