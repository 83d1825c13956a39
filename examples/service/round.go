package main

import (
	"context"
	"slices"
	"sync"
	"time"
)

// round is one time that all checks are made.
type round struct {
	stop    context.CancelFunc
	slow    sync.Once     // it is logged that they are
	through chan struct{} // closed when they have been: err and until say how then
	err     error
	until   time.Time // the answer is good

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

// end says what has come of it.
func (r *round) end(err error) {
	r.err, r.until = err, time.Now().Add(believed)
	if err != nil {
		r.until = time.Now().Add(doubted)
	}
	close(r.through)
}

// over reports whether another is needed to know at that time.
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
