package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func (b *argoBackfill) Pause(ctx context.Context) error {
	s, err := b.running(ctx)
	if err != nil {
		return err
	}
	w := b.workersOf(s)
	if w == nil {
		return b.failed(errNoKubernetes)
	}
	return b.failed(b.pause(ctx, s, w))
}

// pause suspends the workflow and takes its workers away, until both hold: a Start at the same time
// lets the workflow go on after it brought the workers back, so of the two the workflow shows whether
// there was one.
func (b *argoBackfill) pause(ctx context.Context, s *status.WorkflowStatus, w *workers) error {
	var p pace.Pacer
	for round := range rounds {
		if round > 0 && !p.PauseSilently(ctx, nil) {
			return pace.Interruption(ctx, nil)
		}
		err := b.deps.Workflows.Suspend(ctx, s.Name, workflow.SuspendOptions{UID: s.UID})
		if errors.Is(err, workflow.ErrCompleted) {
			return fmt.Errorf("%w: %w", ErrEnded, err)
		}
		if err == nil {
			err = w.pause(ctx)
		}
		if err != nil {
			return err
		}
		now, err := b.deps.Workflows.Get(ctx, s.Name)
		switch {
		case err != nil:
			return err
		case now.UID != s.UID:
			return fmt.Errorf("%w: its UID is %s, not %s", workflow.ErrReplaced, now.UID, s.UID)
		case !active(now):
			// What is left of the pause would look as if a Start could undo it.
			if err := w.scaleAll(ctx, (*workload).stopping); err != nil {
				return err
			}
			return fmt.Errorf("%w: it ended, or was stopped, while it was paused", ErrEnded)
		case now.SpecSuspended:
			return nil
		}
	}
	if err := w.scaleAll(ctx, (*workload).resuming); err != nil {
		return err
	}
	return fmt.Errorf("%w: another client let it go on each time it was paused; it was left running", workflow.ErrConflict)
}

// pause scales the workers of a suspended workflow to zero. Where it has none yet, a step that is
// under way may be about to make them, so their end is awaited: no further step begins.
func (w *workers) pause(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		// In this order, so that a step which ends in between has made its workers before the look at them.
		_, steps, err := w.count(ctx)
		if err != nil {
			return err
		}
		if err := w.scaleAll(ctx, (*workload).pausing); err != nil {
			return err
		}
		found, err := w.look(ctx)
		if err != nil {
			return err
		}
		made := slices.ContainsFunc(found, func(each *workload) bool { return each.pausing() != nil }) // since the look at them
		if !made && (len(found) > 0 || steps == 0) {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("it is suspended, but %s may still make workers: %w", plural(steps, "step pod"), context.Cause(ctx))
		}
	}
}
