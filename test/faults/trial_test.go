package faults_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
)

// trial is a load under one fault: rounds, in each of which a part of the operations begins and
// the fault is injected.
type trial struct {
	fault         string
	waits, starts int
	rounds        int
	callers       []*caller
	labels        map[string]string // of the workflows
	// inject injects the fault, has the round's operations begin before or after, and returns
	// when the round is over.
	inject func(ctx context.Context, r round)
	// restore, if given, ends a fault that lasts, after all calls have ended.
	restore func(ctx context.Context)
	// within is what the calls get to end once all workflows have; 0 means a minute.
	within time.Duration
	// injected, if given, says how often the fault was met; else it is once in each round.
	injected func() int
}

// round is the operations of a round: starts, and ends of workflows that are waited for. Both
// begin at once and go on in the background.
type round struct {
	start, end func()
	// ended returns when the waits have returned whose workflows were ended in this round and before.
	ended func(ctx context.Context)
	last  bool
}

// run runs the trial, enters its row and leaves the scene.
func (t trial) run(ctx context.Context, s *scene) {
	GinkgoHelper()
	calls, l := newLoad(ctx, s)
	l.labels = t.labels
	l.gates(calls, t.waits, t.callers)
	for i := range t.rounds {
		from := func(all int) int { return all * i / t.rounds }
		to := func(all int) int { return all * (i + 1) / t.rounds }
		By(fmt.Sprintf("%s, round %d of %d", t.fault, i+1, t.rounds))
		t.inject(ctx, round{
			start: func() { l.start(calls, to(t.starts)-from(t.starts), t.callers) },
			last:  i == t.rounds-1,
			end:   func() { l.calls.Go(func() { l.end(calls, from(t.waits), to(t.waits)) }) },
			ended: func(ctx context.Context) { l.awaitReturned(ctx, to(t.waits)) },
		})
	}
	if t.within == 0 {
		t.within = time.Minute
	}
	l.finish(ctx, t.within)
	if t.restore != nil {
		t.restore(ctx)
	}
	injected := t.rounds
	if t.injected != nil {
		injected = t.injected()
	}
	for i, c := range t.callers {
		AddReportEntry(fmt.Sprintf("answers to client %d that were refusals, by code", i+1), c.refusals(), ReportEntryVisibilityFailureOrVerbose)
	}
	v := l.judge(ctx, t.fault, injected)
	s.leave(ctx)
	enter(v)
}
