package backfill

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func (b *argoBackfill) Pause(ctx context.Context) error {
	s, err := b.activeRun(ctx)
	if err != nil {
		return err
	}
	pool := b.workersOf(s)
	if pool == nil {
		return b.wrap(errNoKubernetes)
	}
	return b.wrap(b.pause(ctx, s, pool))
}

// pause suspends the workflow and scales its workers to zero, until both hold. A concurrent Start
// restores the workers before it resumes the workflow, so one read of the workflow shows whether
// there was one.
func (b *argoBackfill) pause(ctx context.Context, s *status.WorkflowStatus, pool *workers.Pool) error {
	var p pace.Pacer
	for round := range maxRounds {
		if round > 0 && !p.PauseSilently(ctx, nil) {
			return pace.Interruption(ctx, nil)
		}
		err := b.deps.Workflows.Suspend(ctx, s.Name, workflow.SuspendOptions{UID: s.UID})
		if errors.Is(err, workflow.ErrCompleted) {
			return fmt.Errorf("%w: %w", ErrEnded, err)
		}
		refused := errors.Is(err, workflow.ErrConflict) // also if it was stopped in the meantime
		if err == nil {
			err = pool.PauseAfterSteps(ctx)
		}
		if err != nil && !refused {
			return err
		}
		now, failed := b.refetch(ctx, s)
		switch {
		case failed != nil:
			return failed
		case !active(now):
			// Otherwise it would look as if a Start could undo the pause.
			if err := pool.Stop(ctx); err != nil {
				return err
			}
			return fmt.Errorf("%w: it ended, or was stopped, while it was being paused", ErrEnded)
		case refused:
			return err
		case now.SpecSuspended:
			return nil
		}
	}
	if err := b.alignWorkers(ctx, s, pool); err != nil {
		return err
	}
	return fmt.Errorf("%w: another client resumed it each time it was paused", workflow.ErrConflict)
}

// alignWorkers gives a workflow the workers that match its state: a verb that gives up calls it. It
// returns once a later read finds the workflow in the same state. pool may be nil.
func (b *argoBackfill) alignWorkers(ctx context.Context, s *status.WorkflowStatus, pool *workers.Pool) error {
	if pool == nil {
		return nil
	}
	s, err := b.refetch(ctx, s)
	for err == nil {
		switch {
		case !active(s):
			err = pool.Stop(ctx)
		case s.SpecSuspended:
			err = pool.Pause(ctx)
		default:
			_, err = pool.Resume(ctx, 0)
		}
		if err != nil {
			return err
		}
		before := s
		s, err = b.refetch(ctx, s)
		if err == nil && active(s) == active(before) && s.SpecSuspended == before.SpecSuspended {
			return nil
		}
	}
	return err
}

// Pause leaves a Deployment that is stopped as it is.
func (b *deploymentBackfill) Pause(ctx context.Context) error { return b.wrap(b.workers.Pause(ctx)) }
