package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// waited is the result of waits that ran in the background.
type waited struct {
	outcomes map[string]status.Outcome
	err      error
}

// killSwitch lets the native client run workflows, forces everything to kubectl meanwhile, and
// shows that none is lost and none is started twice.
func (w *walk) killSwitch(ctx context.Context, file rolloutFile, full legacy.Rollout) error {
	ctx, cancel := context.WithCancel(ctx)
	waits := make(chan waited, 1)
	defer func() {
		cancel()
		for range waits { // closed when all have ended
		}
	}()
	w.announce("at work", "workflows that run when the switch is thrown; the native client has started them and waits for them")
	running := w.begin("at work", full)
	if err := w.start(ctx, running, true); err != nil {
		close(waits)
		return err
	}
	go func() {
		defer close(waits)
		outcomes, err := w.wait(ctx, running.jobs, workflow.Completed)
		waits <- waited{outcomes, err}
	}()
	if err := w.underWay(ctx, running); err != nil {
		return err
	}
	return w.thrown(ctx, file, running, waits)
}

// underWay returns once each workflow is at its gate, with a wait for its end in progress.
func (w *walk) underWay(ctx context.Context, running *phase) error {
	if _, err := w.wait(ctx, running.jobs, workflow.Suspended); err != nil {
		return err
	}
	begun := func() bool {
		routes, _ := w.ledger.since(running.from)
		return count(routes, workflow.OpWait) == 2*len(running.jobs)
	}
	if err := await(ctx, "all waits have begun", begun); err != nil {
		return err
	}
	if err := w.read(ctx, running, running.jobs); err != nil {
		return err
	}
	return w.end(ctx, running, running.number)
}

// thrown throws the switch.
func (w *walk) thrown(ctx context.Context, file rolloutFile, running *phase, waits <-chan waited) error {
	w.announce("kill switch", "the native client has a problem, and one line in the file takes all calls off it")
	killed := running.rollout
	killed.Force = workflow.BackendKubectl
	if err := w.throw(ctx, file, killed, running.jobs); err != nil {
		return err
	}
	p := w.begin("kill switch", killed)
	if err := w.startAgain(ctx, running.jobs); err != nil {
		return err
	}
	if err := w.start(ctx, p, false); err != nil {
		return err
	}
	if err := w.read(ctx, p, slices.Concat(running.jobs, p.jobs)); err != nil {
		return err
	}
	w.say("   kubectl resumes the workflows that the native client has started")
	if err := w.resume(ctx, running.jobs); err != nil {
		return err
	}
	ended, err := w.wait(ctx, p.jobs, workflow.Completed)
	if err != nil {
		return err
	}
	settle(p.jobs, ended)
	var before waited
	select {
	case before = <-waits:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if before.err != nil {
		return before.err
	}
	settle(running.jobs, before.outcomes)
	w.say("   %d waits that the native client had begun before have also ended", len(before.outcomes))
	return w.end(ctx, p, running.number)
}

// throw writes the forced rollout to the file, and keeps reading until it is in effect.
func (w *walk) throw(ctx context.Context, file rolloutFile, killed legacy.Rollout, jobs []*job) error {
	before := w.begin("", killed)
	written := time.Now()
	if err := file.write(killed); err != nil {
		return err
	}
	for w.router.Rollout() != killed {
		if err := w.read(ctx, before, jobs[:1]); err != nil {
			return err
		}
	}
	w.say("   rollout file: %s; in effect after %s; reads meanwhile: %d", oneLine(killed), since(written), before.reads)
	return nil
}

// startAgain requests the same jobs again, like a service that was restarted or has lost an answer.
// They are found, not started: one key is one workflow, through either backend.
func (w *walk) startAgain(ctx context.Context, jobs []*job) error {
	err := each(ctx, jobs, func(ctx context.Context, j *job) error {
		s, err := w.router.Start(ctx, j.request())
		if err == nil && s.UID != j.uid {
			w.note(fmt.Sprintf("job %d was requested again after the kill switch, and kubectl started another workflow", j.number))
		}
		return err
	})
	if err == nil {
		w.say("   kubectl requested the same %d jobs by their keys again: it has to find the running workflows", len(jobs))
	}
	return err
}

func (w *walk) resume(ctx context.Context, jobs []*job) error {
	return each(ctx, jobs, func(ctx context.Context, j *job) error {
		j.passed = true
		_, err := w.router.Approve(ctx, j.name(), workflow.Decision{All: true, UID: j.uid})
		return err
	})
}

func count(routes []legacy.Route, op workflow.Op) int {
	n := 0
	for _, d := range routes {
		if d.Op == op {
			n++
		}
	}
	return n
}
