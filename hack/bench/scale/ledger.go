package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ledger has the ends that were written beside those that were told, by the version that each has.
type ledger struct {
	mu      sync.Mutex
	written map[uint64]writtenEnd
	told    map[uint64]end
	twice   int
	change  chan struct{} // has something when told or written has changed
}

type writtenEnd struct {
	index    int
	answered int64 // when the API server answered the write, by a [clock]
	counted  bool  // in the window
}

func newLedger() *ledger {
	return &ledger{written: map[uint64]writtenEnd{}, told: map[uint64]end{}, change: make(chan struct{}, 1)}
}

func (l *ledger) wrote(version uint64, w writtenEnd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written[version] = w
	l.changed()
}

func (l *ledger) tell(e end) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, before := l.told[e.Version]; before {
		l.twice++
	}
	l.told[e.Version] = e
	l.changed()
}

func (l *ledger) changed() {
	select {
	case l.change <- struct{}{}:
	default:
	}
}

// open is how many ends were written and not told.
func (l *ledger) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := 0
	for version := range l.written {
		if _, told := l.told[version]; !told {
			open++
		}
	}
	return open
}

var errUntold = errors.New("ends were not told")

// settle blocks until every end that was written was told.
func (l *ledger) settle(ctx context.Context, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for l.open() > 0 {
		select {
		case <-l.change:
		case <-timer.C:
			return fmt.Errorf("%d %w within %s", l.open(), errUntold, within)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// delays are how long it took to tell ends.
type delays struct {
	fromArrival []time.Duration // of the event at the client
	fromAnswer  []time.Duration // to the one who wrote it
	unmatched   int             // not told by an event, so without an arrival
	untold      int
}

// delays are those of the ends that count. It is an error if an end was told twice or wrongly.
func (l *ledger) delays() (delays, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.twice > 0 {
		return delays{}, fmt.Errorf("%d ends were told twice", l.twice)
	}
	var d delays
	var wrong []error
	for version, e := range l.told {
		w, ok := l.written[version]
		switch {
		case !ok || w.index != e.Index:
			wrong = append(wrong, fmt.Errorf("%s was told to have ended in version %d, in which it had not", nameOf(e.Index), version))
		case w.counted:
			d.fromAnswer = append(d.fromAnswer, time.Duration(e.Told-w.answered))
			if e.Arrived == 0 {
				d.unmatched++
			} else {
				d.fromArrival = append(d.fromArrival, time.Duration(e.Told-e.Arrived))
			}
		}
	}
	for version, w := range l.written {
		if _, told := l.told[version]; w.counted && !told {
			d.untold++
		}
	}
	return d, errors.Join(wrong...)
}
