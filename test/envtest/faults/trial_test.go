package faults_test

import (
	"cmp"
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
)

// trial is a load under one fault. It consists of rounds: in each one, a part of the operations
// begins and the fault is injected.
type trial struct {
	fault         string
	waits, starts int // both 0: the usual load
	rounds        int // 0: one
	callers       []*caller
	labels        map[string]string // of the workflows
	whole         bool              // all waits follow whole workflows
	// inject injects the fault, calls for the round's operations to begin before or after, and
	// returns when the round is over.
	inject func(ctx context.Context, r round)
	// restore, if set, ends a lasting fault after all calls have ended.
	restore func(ctx context.Context)
	// within is how long the calls may take to end after all workflows have ended; 0 means a
	// minute.
	within time.Duration
	// injected, if set, returns how often the fault occurred. The default is once in each round.
	injected func() int
	// spoils says that the fault also makes the controller fail workflows.
	spoils bool
	// also, if set, judges further calls of the spec, after all of the trial's have ended.
	also func(ctx context.Context, l *load, v *verdict)
}

// round is the operations of a round: starts, and ends of workflows that waits are on. Both begin
// at once and run in the background.
type round struct {
	start, end func()
	// ended returns when the waits on the workflows that were ended in this round and before have
	// returned.
	ended func(ctx context.Context)
	last  bool
}

// begin begins all operations of the round.
func (r round) begin() {
	r.start()
	r.end()
}

// run runs the trial, adds its row to the table, and leaves the scene.
func (t trial) run(ctx context.Context, s *scene) {
	GinkgoHelper()
	if t.waits == 0 && t.starts == 0 {
		t.waits, t.starts = form(40, 200), form(20, 80)
	}
	t.rounds, t.within = cmp.Or(t.rounds, 1), cmp.Or(t.within, time.Minute)
	calls, l := newLoad(ctx, s)
	l.labels, l.whole = t.labels, t.whole
	l.gates(calls, t.waits, t.callers)
	if t.spoils {
		l.acceptFailures()
	}
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
	if t.also != nil {
		t.also(ctx, l, v)
	}
	s.leave(ctx)
	enter(v)
}
