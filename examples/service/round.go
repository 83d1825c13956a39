package main

import (
	"context"
	"slices"
	"sync"
	"time"
)

// round is one run of all checks.
type round struct {
	stop    context.CancelFunc
	slow    sync.Once     // guards the log message about them
	through chan struct{} // closed when all have finished; then err and until are valid
	err     error
	until   time.Time // the end of the answer's validity

	mu   sync.Mutex
	left []string // those that haven't answered
}

func newRound(checks []check, stop context.CancelFunc) *round {
	r := &round{stop: stop, through: make(chan struct{})}
	for _, c := range checks {
		r.left = append(r.left, c.of)
	}
	return r
}

// end records the result.
func (r *round) end(err error) {
	r.err, r.until = err, time.Now().Add(believed)
	if err != nil {
		r.until = time.Now().Add(doubted)
	}
	close(r.through)
}

// over reports whether another round is needed at that time.
func (r *round) over(now time.Time) bool {
	select {
	case <-r.through:
		return !now.Before(r.until)
	default:
		return false
	}
}

func (r *round) answered(of string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = slices.DeleteFunc(r.left, func(each string) bool { return each == of })
}

func (r *round) unanswered() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.left)
}
