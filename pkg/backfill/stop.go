package backfill

import (
	"context"
	"errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func (b *argoBackfill) Stop(ctx context.Context) error {
	s, err := b.latestRun(ctx)
	if err != nil {
		return err
	}
	return b.wrap(b.stop(ctx, s))
}

// stop stops a run. If s is nil there is none, but it may have left workers.
func (b *argoBackfill) stop(ctx context.Context, s *status.WorkflowStatus) error {
	if s != nil && !over(s) {
		err := b.deps.Workflows.Stop(ctx, s.Name, workflow.StopOptions{UID: s.UID})
		if err != nil && !errors.Is(err, workflow.ErrCompleted) {
			return err
		}
	}
	if pool := b.workersOf(s); pool != nil {
		return pool.Stop(ctx)
	}
	return nil
}

func (b *argoBackfill) StopAndWait(ctx context.Context) (*Status, error) {
	if b.deps.Kubernetes == nil {
		return nil, b.wrap(errNoKubernetes)
	}
	s, err := b.latestRun(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.stop(ctx, s); err != nil {
		return nil, b.wrap(err)
	}
	if s != nil && !past(s) {
		s, err = b.deps.Workflows.Wait(ctx, s.Name, workflow.Completed, workflow.WithUID(s.UID), workflow.WithEndOnly())
		if err != nil {
			return nil, b.wrap(err)
		}
	}
	if err := b.workersOf(s).StopAndWait(ctx); err != nil {
		return nil, b.wrap(err)
	}
	return b.statusOf(ctx, s), nil
}

func (b *deploymentBackfill) Stop(ctx context.Context) error { return b.wrap(b.workers.Stop(ctx)) }

func (b *deploymentBackfill) StopAndWait(ctx context.Context) (*Status, error) {
	if err := b.workers.StopAndWait(ctx); err != nil {
		return nil, b.wrap(err)
	}
	return b.Status(ctx)
}
