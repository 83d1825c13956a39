package workflow

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

const (
	// logStreams is how many logs of one call are open at a time: so many of what was written
	// so far, and so many that are followed.
	logStreams = 128
	// longLines is how many lines that are longer than shortLine are read at a time by streams
	// that are followed. Each takes a few times MaxLogLine at most.
	longLines = 4
	shortLine = 16 << 10 // bytes
	// turnFor is how long a stream keeps what others wait for.
	turnFor = 5 * time.Second
)

// logTurns is a number of places that the streams of one call take turns at.
type logTurns struct {
	taken   chan struct{}
	waiting atomic.Int32
}

func newLogTurns(places int) *logTurns { return &logTurns{taken: make(chan struct{}, places)} }

// take blocks until there is a place. Those that wait get one in the order in which they came.
func (t *logTurns) take(ctx context.Context) error {
	select {
	case t.taken <- struct{}{}:
		return nil
	default:
	}
	t.waiting.Add(1)
	defer t.waiting.Add(-1)
	select {
	case t.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return pace.Interruption(ctx, nil)
	}
}

// give gives a place back.
func (t *logTurns) give() { <-t.taken }

// wanted reports whether a stream waits for a place.
func (t *logTurns) wanted() bool { return t.waiting.Load() > 0 }
