package backfill

import (
	"context"
	"errors"
	"fmt"
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

// pause suspends the workflow and takes its workers away, until both hold. A concurrent Start brings
// the workers back before it resumes the workflow, so one look at the workflow shows whether there
// was one.
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
		refused := errors.Is(err, workflow.ErrConflict) // so is a workflow that was stopped meanwhile
		if err == nil {
			err = w.pause(ctx)
		}
		if err != nil && !refused {
			return err
		}
		now, failed := b.reread(ctx, s)
		switch {
		case failed != nil:
			return failed
		case !active(now):
			// What is left of the pause would look as if a Start could undo it.
			if err := w.stop(ctx); err != nil {
				return err
			}
			return fmt.Errorf("%w: it ended, or was stopped, while it was paused", ErrEnded)
		case refused:
			return err
		case now.SpecSuspended:
			return nil
		}
	}
	if err := b.align(ctx, s, w); err != nil {
		return err
	}
	return fmt.Errorf("%w: another client resumed it each time it was paused", workflow.ErrConflict)
}

// align gives the workflow the workers that it has or lacks by its own state, for a verb that gives
// up. It ends when a look after that finds the workflow as it was.
func (b *argoBackfill) align(ctx context.Context, s *status.WorkflowStatus, w *workers) error {
	if w == nil {
		return nil
	}
	s, err := b.reread(ctx, s)
	for err == nil {
		plan := (*workload).resuming
		switch {
		case !active(s):
			plan = (*workload).stopping
		case s.SpecSuspended:
			plan = (*workload).pausing
		}
		if _, _, err := w.settle(ctx, nil, plan); err != nil {
			return err
		}
		before := s
		s, err = b.reread(ctx, s)
		if err == nil && active(s) == active(before) && s.SpecSuspended == before.SpecSuspended {
			return nil
		}
	}
	return err
}

// reread returns a workflow as it is now.
func (b *argoBackfill) reread(ctx context.Context, s *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	now, err := b.deps.Workflows.Get(ctx, s.Name)
	if err == nil && now.UID != s.UID {
		return nil, fmt.Errorf("%w: its UID is %s, not %s", workflow.ErrReplaced, now.UID, s.UID)
	}
	return now, err
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
		found, _, err := w.settle(ctx, nil, (*workload).pausing)
		if err != nil {
			return err
		}
		if len(found) > 0 || steps == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("it is suspended, but %s may still make workers: %w", plural(steps, "step pod"), context.Cause(ctx))
		}
	}
}
