package backfill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func (b *argoBackfill) Start(ctx context.Context) (*Status, error) {
	s, err := b.latestRun(ctx)
	if err != nil {
		return nil, err
	}
	started, err := b.startRun(ctx, s, b.requestFor(max(runOf(s), 1)))
	if err != nil {
		return nil, err
	}
	if s != nil && active(started) {
		if started, err = b.resume(ctx, started); err != nil {
			return nil, b.wrap(err)
		}
	}
	return b.statusOf(ctx, started), nil
}

// startRun starts a run, or finds it: s, if that is not nil.
func (b *argoBackfill) startRun(ctx context.Context, s *status.WorkflowStatus, req workflow.StartRequest) (*status.WorkflowStatus, error) {
	started, err := b.deps.Workflows.Start(ctx, req)
	switch {
	case err == nil:
		return started.WorkflowStatus, nil
	case !errors.Is(err, workflow.ErrConflict):
		return nil, b.wrap(err)
	}
	if s == nil { // another client started it first
		var failed error
		if s, failed = b.latestRun(ctx); failed != nil {
			return nil, failed
		}
	}
	if s != nil && s.Name == req.Name {
		differing := b.differing(s)
		if len(differing) == 0 {
			return s, nil
		}
		err = fmt.Errorf("it differs in %s: %w", strings.Join(differing, ", "), err)
	}
	return nil, fmt.Errorf("session %q was started with another configuration; choose another session_name: %w", b.session, err)
}

// resume restores the workers, and then resumes the workflow: a process that ends in between leaves
// workers that the next call finds. A workflow that is not suspended is resumed too, since the
// controller may have missed an earlier resume, and its workers are restored, since another client
// may have resumed the workflow alone.
//
// A Pause in between may have scaled the workers down, so they are restored once more after the
// workflow.
func (b *argoBackfill) resume(ctx context.Context, s *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	pool := b.workersOf(s)
	running := *s
	running.SpecSuspended = false
	if err := alignWorkers(ctx, &running, pool); err != nil {
		return nil, err
	}
	_, err := b.deps.Workflows.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, UID: s.UID})
	if err != nil && !errors.Is(err, workflow.ErrCompleted) {
		return nil, err
	}
	if err := alignWorkers(ctx, &running, pool); err != nil {
		return nil, err
	}
	return b.alignUntilStable(ctx, &running, pool)
}

// active reports whether a workflow has neither ended nor been stopped or deleted.
func active(s *status.WorkflowStatus) bool {
	return !over(s) && s.Shutdown == status.ShutdownNone
}

// Start restores the number of workers before a pause, or else the configuration's scale. A
// Deployment with replicas is left as it is.
func (b *deploymentBackfill) Start(ctx context.Context) (*Status, error) {
	if _, err := b.workers.Resume(ctx, b.cfg.Backfill.Scale); err != nil {
		return nil, b.wrap(err)
	}
	return b.Status(ctx)
}
