package backfill

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
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

// pause suspends the workflow and scales its workers to zero.
func (b *argoBackfill) pause(ctx context.Context, s *status.WorkflowStatus, pool *workers.Pool) error {
	err := b.deps.Workflows.Suspend(ctx, s.Name, workflow.SuspendOptions{UID: s.UID})
	switch {
	case errors.Is(err, workflow.ErrCompleted):
		return fmt.Errorf("%w: %w", ErrEnded, err)
	case err == nil:
		paused := *s
		paused.SpecSuspended = true
		s = &paused
		err := pool.PauseAfterSteps(ctx, func(ctx context.Context) (bool, error) {
			now, err := b.refetch(ctx, s)
			return err == nil && active(now) && now.SpecSuspended, err
		})
		if err != nil {
			return err
		}
	case !errors.Is(err, workflow.ErrConflict): // that also means that it was stopped in the meantime
		return err
	}
	now, failed := b.alignUntilStable(ctx, s, pool)
	switch {
	case failed != nil:
		return failed
	case !active(now):
		return fmt.Errorf("%w: it ended, or was stopped, while it was being paused", ErrEnded)
	}
	return err
}

// alignUntilStable gives the workers of a workflow the state that the workflow is in, and returns that
// state. was is the state that they were given before.
//
// It is the last step of a verb that writes the workflow, whose state decides: each verb writes it
// once, so concurrent verbs have the effect of one after the other. A verb needs another round only
// because of another verb's write, so however many meet, none undoes another again and again. It ends
// with a read of the workflow: whichever verb scales the workers last does so by the workflow's last
// state.
func (b *argoBackfill) alignUntilStable(ctx context.Context, was *status.WorkflowStatus, pool *workers.Pool) (*status.WorkflowStatus, error) {
	for {
		now, err := b.refetch(ctx, was)
		if err != nil || active(now) == active(was) && now.SpecSuspended == was.SpecSuspended {
			return now, err
		}
		if err := alignWorkers(ctx, now, pool); err != nil {
			return nil, err
		}
		was = now
	}
}

// alignWorkers gives the workers of a workflow the state that it is in. pool may be nil. Those of a
// workflow that has ended are stopped, or it would look as if a Start could undo a pause.
func alignWorkers(ctx context.Context, s *status.WorkflowStatus, pool *workers.Pool) error {
	switch {
	case pool == nil:
		return nil
	case !active(s):
		return pool.Stop(ctx)
	case s.SpecSuspended:
		return pool.Pause(ctx)
	}
	_, err := pool.Resume(ctx, 0)
	return err
}

// Pause leaves a Deployment that is stopped as it is.
func (b *deploymentBackfill) Pause(ctx context.Context) error { return b.wrap(b.workers.Pause(ctx)) }
