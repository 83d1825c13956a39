package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// pollInterval is how often pods are counted while a call waits for their end.
const pollInterval = 500 * time.Millisecond

// Scale sets the number of workers: now, or while they are paused the number that Resume restores.
// It returns [ErrNone], [ErrSeveral] or [ErrStopped] if there is not one workload to scale.
func (p *Pool) Scale(ctx context.Context, replicas int) error {
	_, _, err := p.reconcile(ctx, scaled(replicas), func(found []*Workload) error {
		switch {
		case len(found) == 0:
			return ErrNone
		case len(found) > 1:
			return fmt.Errorf("%w, but there are %s and %s", ErrSeveral, found[0], found[1])
		case p.deployment != "" && !found[0].Paused() && found[0].replicasOrRecorded() == 0:
			return ErrStopped
		}
		return nil
	})
	return err
}

// Pause scales the workers to zero and records how many there were. A Deployment that is stopped
// stays so. It does not wait for the end of the pods.
func (p *Pool) Pause(ctx context.Context) error {
	_, err := p.pause(ctx)
	return err
}

func (p *Pool) pause(ctx context.Context) ([]*Workload, error) {
	plan := paused
	if p.deployment != "" {
		plan = pausedUnlessStopped
	}
	found, _, err := p.reconcile(ctx, plan, nil)
	return found, err
}

// PauseAfterSteps pauses the workers of a suspended workflow. If it has none yet, a step that is
// running may be about to create them, so PauseAfterSteps blocks until such steps have ended, or until
// suspended, which reads the workflow, reports that it is no longer suspended. A suspended workflow
// starts no other steps.
func (p *Pool) PauseAfterSteps(ctx context.Context, suspended func(context.Context) (bool, error)) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		// In this order: a step that ends in between has created its workers before they are
		// listed.
		_, steps, err := p.countPods(ctx)
		if err != nil {
			return err
		}
		found, err := p.pause(ctx)
		if err != nil {
			return err
		}
		if len(found) > 0 || steps == 0 {
			return nil
		}
		if still, err := suspended(ctx); err != nil || !still {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("it is suspended, but %s may still create workers: %w", plural(steps, "step pod"), context.Cause(ctx))
		}
	}
}

// Resume restores the number of workers before a pause, and changed reports whether it had to
// write. A workload for which that number is 0 gets fallback.
func (p *Pool) Resume(ctx context.Context, fallback int) (changed bool, err error) {
	_, changed, err = p.reconcile(ctx, func(w *Workload) desired {
		want := resumed(w)
		want.replicas = cmp.Or(want.replicas, fallback)
		return want
	}, nil)
	return changed, err
}

// Stop scales the workers to zero and removes the records, even if they cannot be read. It does not
// wait for the end of the pods.
func (p *Pool) Stop(ctx context.Context) error {
	_, _, err := p.reconcile(ctx, stopped, nil)
	if errors.Is(err, errDamagedRecords) {
		if err = p.removeDamagedRecords(ctx); err == nil {
			_, _, err = p.reconcile(ctx, stopped, nil)
		}
	}
	return err
}

// StopAndWait stops the workers and blocks until no pod is left. A step that was running when the
// workflow was stopped may have created workers since, so each look at the pods stops them again.
func (p *Pool) StopAndWait(ctx context.Context) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := p.Stop(ctx); err != nil {
			return err
		}
		remaining, err := p.Remaining(ctx)
		if err != nil {
			return err
		}
		if len(remaining) == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of %v: %w", remaining, context.Cause(ctx))
		}
	}
}
