package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
	err = b.deps.Workflows.Suspend(ctx, s.Name, workflow.SuspendOptions{UID: s.UID})
	if errors.Is(err, workflow.ErrCompleted) {
		return b.failed(fmt.Errorf("%w: %w", ErrEnded, err))
	}
	if err != nil {
		return b.failed(err)
	}
	return b.failed(w.pause(ctx))
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
		found, err := w.find(ctx)
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
