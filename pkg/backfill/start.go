package backfill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
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

// maxRounds is how often Start or Pause tries again because another client undid it.
const maxRounds = 8

// resume restores the workers, and then resumes the workflow. A workflow that is not suspended is
// resumed too, since the controller may have missed an earlier resume; its workers are restored
// too, since another client may have resumed the workflow alone.
//
// Then it reads both again, until there is nothing to do. The order makes that sufficient: Pause
// suspends the workflow before it scales the workers down. So after the read of the workflow either
// the workers are still to be scaled down, and Pause wins, or they are found scaled down.
func (b *argoBackfill) resume(ctx context.Context, s *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	pool := b.workersOf(s)
	var p pace.Pacer
	resumed := false
	for round := range maxRounds {
		if round > 1 && !p.PauseSilently(ctx, nil) { // the second round checks the first, without a pause
			return nil, pace.Interruption(ctx, nil)
		}
		restored := false
		if pool != nil {
			var err error
			if restored, err = pool.Resume(ctx, 0); err != nil {
				return nil, err
			}
		}
		if !restored && !s.SpecSuspended && resumed {
			return s, nil
		}
		now, err := b.refetch(ctx, s)
		if err == nil && (now.SpecSuspended || !resumed) && active(now) {
			resumed = true
			_, err = b.deps.Workflows.Resume(ctx, s.Name, workflow.ResumeOptions{KeepGates: true, UID: s.UID})
			if err == nil || errors.Is(err, workflow.ErrCompleted) {
				now, err = b.refetch(ctx, s)
			}
		}
		if err != nil {
			return nil, err
		}
		if s = now; !active(s) {
			if pool != nil { // a Stop may have come before the workers were restored
				err = pool.Stop(ctx)
			}
			return s, err
		}
	}
	if err := b.alignWorkers(ctx, s, pool); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w: another client paused it each time it was started", workflow.ErrConflict)
}

// active reports whether a workflow has neither ended nor been stopped.
func active(s *status.WorkflowStatus) bool {
	return !s.Completed() && s.Shutdown == status.ShutdownNone
}

// Start restores the number of workers before a pause, or else the configuration's scale. A
// Deployment with replicas is left as it is.
func (b *deploymentBackfill) Start(ctx context.Context) (*Status, error) {
	if _, err := b.workers.Resume(ctx, b.cfg.Backfill.Scale); err != nil {
		return nil, b.wrap(err)
	}
	return b.Status(ctx)
}
