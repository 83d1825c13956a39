package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ledger has the ends that were written beside those that were reported, by the version of each.
type ledger struct {
	mu       sync.Mutex
	written  map[string]writtenEnd
	reported map[string]end
	twice    int
	change   chan struct{} // has a value if written or reported has changed
}

type writtenEnd struct {
	index    int
	answered int64 // when the API server answered the write, by nanos
	counted  bool  // in the window
}

func newLedger() *ledger {
	return &ledger{written: map[string]writtenEnd{}, reported: map[string]end{}, change: make(chan struct{}, 1)}
}

func (l *ledger) wrote(version string, w writtenEnd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written[version] = w
	l.changed()
}

func (l *ledger) report(e end) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, before := l.reported[e.Version]; before {
		l.twice++
	}
	l.reported[e.Version] = e
	l.changed()
}

func (l *ledger) changed() {
	select {
	case l.change <- struct{}{}:
	default:
	}
}

// open returns how many ends were written and not reported.
func (l *ledger) open() (open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for version := range l.written {
		if _, reported := l.reported[version]; !reported {
			open++
		}
	}
	return open
}

// settle blocks until every end that was written is reported.
func (l *ledger) settle(ctx context.Context, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for l.open() > 0 {
		select {
		case <-l.change:
		case <-timer.C:
			return fmt.Errorf("%d ends were not reported within %s", l.open(), within)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// delays are how long it took to report ends.
type delays struct {
	fromArrival []time.Duration // of the event at the client
	fromAnswer  []time.Duration // to the write
	unmatched   int             // not reported by an event, so without an arrival
}

// delays returns those of the ends that count. An end that was reported twice or wrongly is an error.
func (l *ledger) delays() (d delays, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.twice > 0 {
		return delays{}, fmt.Errorf("%d ends were reported twice", l.twice)
	}
	for version, e := range l.reported {
		w, ok := l.written[version]
		switch {
		case !ok || w.index != e.Index:
			err = errors.Join(err, fmt.Errorf("%s was reported to have ended in version %s, in which it had not", nameOf(e.Index), version))
		case w.counted && e.Arrived == 0:
			d.unmatched++
			d.fromAnswer = append(d.fromAnswer, time.Duration(e.Reported-w.answered))
		case w.counted:
			d.fromArrival = append(d.fromArrival, time.Duration(e.Reported-e.Arrived))
			d.fromAnswer = append(d.fromAnswer, time.Duration(e.Reported-w.answered))
		}
	}
	return d, err
}
