package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// phase is a part of the walk in which the rollout stays the same.
type phase struct {
	number  int
	title   string
	rollout legacy.Rollout
	jobs    []*job // that it started

	from   mark
	before legacy.ShadowCounts
	reads  int64 // that are compared
}

// announce prints the title of what follows.
func (w *walk) announce(title, why string) {
	w.phases++
	w.say("\n%d. %s: %s", w.phases, title, why)
}

// begin starts counting.
func (w *walk) begin(title string, r legacy.Rollout) *phase {
	return &phase{number: w.phases, title: title, rollout: r, from: w.ledger.here(), before: w.router.Shadow()}
}

// turn writes a rollout to the file and waits until the service uses it.
func (w *walk) turn(ctx context.Context, file rolloutFile, r legacy.Rollout) error {
	written := time.Now()
	if err := file.write(r); err != nil {
		return err
	}
	if err := await(ctx, "the rollout file is noticed", func() bool { return w.router.Rollout() == r }); err != nil {
		return err
	}
	w.say("   rollout file: %s; in effect after %s", oneLine(r), since(written))
	return nil
}

// ordinary is a phase in which jobs are started, read and waited for, and those of the previous
// phase are read again.
func (w *walk) ordinary(ctx context.Context, title, why string, r legacy.Rollout, turn func(context.Context) error) error {
	w.announce(title, why)
	if turn != nil {
		if err := turn(ctx); err != nil {
			return err
		}
	}
	earlier := w.jobs[max(0, len(w.jobs)-w.flags.workflows):]
	p := w.begin(title, r)
	if err := w.start(ctx, p, false); err != nil {
		return err
	}
	if err := w.read(ctx, p, slices.Concat(earlier, p.jobs)); err != nil {
		return err
	}
	ended, err := w.wait(ctx, p.jobs, workflow.Completed)
	if err != nil {
		return err
	}
	settle(p.jobs, ended)
	if r.Force == "" && r.Percent > 0 && r.Percent < 100 {
		w.checkShare(r)
	}
	return w.end(ctx, p, p.number)
}

// checkShare checks that the share is the requested one, if there are enough workflows to tell.
func (w *walk) checkShare(r legacy.Rollout) {
	const most = 1 // percent: six standard deviations of 100,000 drawn at 50 %
	got := share(r, w.flags.namespace, w.flags.run, lots)
	w.say("   of %d such jobs, %.1f %% would go to the native client", lots, got)
	if got < r.Percent-most || got > r.Percent+most {
		w.note(fmt.Sprintf("%g %% of the workflows should go to the native client, but %.1f %% would", r.Percent, got))
	}
}

// start starts jobs of a phase.
func (w *walk) start(ctx context.Context, p *phase, atGate bool) error {
	for range w.flags.workflows {
		j := &job{run: w.flags.run, number: len(w.jobs), phase: p.number, atGate: atGate}
		w.jobs, p.jobs = append(w.jobs, j), append(p.jobs, j)
	}
	return each(ctx, p.jobs, func(ctx context.Context, j *job) error {
		s, err := w.router.Start(ctx, j.request())
		if err == nil {
			j.uid, j.backend = s.UID, p.rollout.Backend(w.flags.namespace, s.Name)
		}
		return err
	})
}

// read reads the jobs' workflows. It makes no more reads at once than can be compared at once: the
// router would drop the others, and here every read must be compared.
func (w *walk) read(ctx context.Context, p *phase, jobs []*job) error {
	for some := range slices.Chunk(jobs, comparisons) {
		p.reads += int64(len(some))
		err := each(ctx, some, func(ctx context.Context, j *job) error {
			s, err := w.router.Get(ctx, j.name())
			if err == nil && s.UID != j.uid {
				w.note(fmt.Sprintf("workflow %s was read, but is not the one that was started", s.Name))
			}
			return err
		})
		if err == nil {
			err = w.compared(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wait waits for the jobs' workflows, and returns the outcome of each. A wait that fails violates a
// guarantee, unless ctx has ended.
func (w *walk) wait(ctx context.Context, jobs []*job, until workflow.Condition) (map[string]status.Outcome, error) {
	outcomes := map[string]status.Outcome{}
	for name, r := range workflow.WaitMany(ctx, w.router, names(jobs), until, workflow.WithUIDs(uids(jobs))) {
		switch {
		case r.Success():
			outcomes[name] = r.Data.Outcome()
		case ctx.Err() != nil:
			return nil, r.Err
		default:
			w.note(fmt.Sprintf("the wait for workflow %s failed: %s", name, r.Err))
		}
	}
	return outcomes, nil
}

// settle records the results of the jobs' waits.
func settle(jobs []*job, ended map[string]status.Outcome) {
	for _, j := range jobs {
		j.outcome = ended[j.name()]
	}
}

// list lists workflows through the router.
func (w *walk) list(ctx context.Context, opts workflow.ListOptions) ([]listed, error) {
	var all []listed
	for s, err := range w.router.List(ctx, opts) {
		if err != nil {
			return nil, err
		}
		all = append(all, listedOf(s))
	}
	return all, nil
}

// compared waits until all reads of a phase were compared, which happens in the background.
func (w *walk) compared(ctx context.Context, p *phase) error {
	limited, cancel := context.WithTimeout(ctx, 2*legacy.DefaultShadowTimeout)
	defer cancel()
	err := await(limited, "all reads are compared", func() bool { return total(minus(w.router.Shadow(), p.before)) >= p.reads })
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil // the counts show it
	}
	return err
}

// end lists the workflows of one or several phases, and prints the results.
func (w *walk) end(ctx context.Context, p *phase, first int) error {
	var jobs []*job
	for _, j := range w.jobs {
		if j.phase >= first {
			jobs = append(jobs, j)
		}
	}
	opts := ofRun(w.flags.run)
	opts.LabelSelector += fmt.Sprintf(",%s in (%d,%d)", labelPhase, first, p.number)
	all, err := w.list(ctx, opts)
	if err != nil {
		return err
	}
	p.reads += int64(len(all))
	if err := w.compared(ctx, p); err != nil {
		return err
	}
	before := w.ledger.upTo(p.from)
	routes, _ := w.ledger.since(p.from)
	a, broken := account(jobs, all, w.flags.kubectl)
	t := tally{
		title: p.title, wanted: wanted(p.rollout), calls: calls(routes),
		shadow: minus(w.router.Shadow(), p.before), accounts: a,
	}
	for _, j := range p.jobs {
		t.started.add(j.backend)
	}
	w.note(broken...)
	w.note(astray(routes, p.rollout)...)
	if p.rollout.Force == "" { // this program only ever raises the percentage
		w.note(movedBack(before, routes)...)
	}
	if t.shadow.Agreed == 0 {
		w.note(fmt.Sprintf("%s: no read was compared, so it is unknown whether the backends agree", p.title))
	}
	w.tallies = append(w.tallies, t)
	w.say("%s", t.text())
	return nil
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Millisecond) }
