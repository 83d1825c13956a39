package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// ledger has the ends that were written beside those that were reported, by the version of each.
type ledger struct {
	mu      sync.Mutex
	written map[string]writtenEnd
	reports map[string]End
	twice   int
}

type writtenEnd struct {
	index    int
	answered int64 // when the API server answered the write, by nanos
	counted  bool  // in the window
}

func newLedger() *ledger {
	return &ledger{written: map[string]writtenEnd{}, reports: map[string]End{}}
}

func (l *ledger) wrote(version string, w writtenEnd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written[version] = w
}

func (l *ledger) report(e End) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, before := l.reports[e.Version]; before {
		l.twice++
	}
	l.reports[e.Version] = e
}

// open returns how many ends were written and not reported.
func (l *ledger) open() (open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for version := range l.written {
		if _, reported := l.reports[version]; !reported {
			open++
		}
	}
	return open
}

// settle blocks until every end that was written is reported.
func (l *ledger) settle(ctx context.Context, within time.Duration) error {
	settled := func(context.Context) (bool, error) { return l.open() == 0, nil }
	if err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, within, true, settled); err != nil {
		return fmt.Errorf("%d ends were not reported within %s: %w", l.open(), within, err)
	}
	return nil
}

// delays are how long it took to report ends.
type delays struct {
	fromArrival []time.Duration // of the event at the client; none if it was not an event that reported the end
	fromAnswer  []time.Duration // to the write
}

// delays returns those of the ends that count. An end that was reported twice or wrongly is an
// error.
func (l *ledger) delays() (d delays, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.twice > 0 {
		return delays{}, fmt.Errorf("%d ends were reported twice", l.twice)
	}
	for version, e := range l.reports {
		w, ok := l.written[version]
		if !ok || w.index != e.Index {
			return delays{}, fmt.Errorf("%s was reported to have ended in version %s, in which it had not", nameOf(e.Index), version)
		}
		if w.counted {
			d.fromAnswer = append(d.fromAnswer, time.Duration(e.Reported-w.answered))
		}
		if w.counted && e.Arrived != 0 {
			d.fromArrival = append(d.fromArrival, time.Duration(e.Reported-e.Arrived))
		}
	}
	return d, nil
}
