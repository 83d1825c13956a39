package main

import (
	"sync"
	"time"
)

// stamps keeps when the last event of each workflow arrived. It takes all its memory when it is
// made, so that it can be told from a client's.
type stamps struct {
	clock clock

	mu  sync.Mutex
	all []stamp
}

type stamp struct {
	version uint64
	at      int64
}

func newStamps(workflows int, c clock) *stamps {
	return &stamps{clock: c, all: make([]stamp, workflows)}
}

// arrived notes that an event is complete.
func (s *stamps) arrived(index int, version uint64) {
	now := s.clock.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if index < len(s.all) {
		s.all[index] = stamp{version: version, at: now}
	}
}

// of is when that version arrived; 0: not in the last event.
func (s *stamps) of(index int, version uint64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index >= len(s.all) || s.all[index].version != version {
		return 0
	}
	return s.all[index].at
}

// clock tells nanoseconds since 1970 that never go back, and that other processes of the
// machine have as well.
type clock struct{ start time.Time }

func newClock() clock { return clock{start: time.Now()} }

func (c clock) now() int64 { return c.start.UnixNano() + int64(time.Since(c.start)) }
