package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// lookEvery is how often pods are looked for, where their end is waited for.
const lookEvery = 500 * time.Millisecond

func (b *argoBackfill) Stop(ctx context.Context) error {
	s, err := b.current(ctx)
	if err != nil {
		return err
	}
	return b.failed(b.stop(ctx, s))
}

// stop stops a run; nil: there is none, but it may have left workers.
func (b *argoBackfill) stop(ctx context.Context, s *status.WorkflowStatus) error {
	if s != nil && !s.Completed() {
		err := b.deps.Workflows.Stop(ctx, s.Name, workflow.StopOptions{UID: s.UID})
		if err != nil && !errors.Is(err, workflow.ErrCompleted) {
			return err
		}
	}
	if w := b.workersOf(s); w != nil {
		return w.stop(ctx)
	}
	return nil
}

// stop takes the workers away, and forgets how many there were, also where that cannot be read.
func (w *workers) stop(ctx context.Context) error {
	_, _, err := w.settle(ctx, nil, (*workload).stopping)
	if errors.Is(err, errDamagedNotes) {
		if err = w.removeDamagedNotes(ctx); err == nil {
			_, _, err = w.settle(ctx, nil, (*workload).stopping)
		}
	}
	return err
}

// removeDamagedNotes removes notes that cannot be read.
func (w *workers) removeDamagedNotes(ctx context.Context) error {
	return w.do(ctx, OpScaleWorkers, func(ctx context.Context) error {
		p, err := w.readNotes(ctx)
		if errors.Is(err, errDamagedNotes) {
			_, err = w.replaceNotes(ctx, p, nil)
		}
		return err
	})
}

func (b *argoBackfill) StopAndWait(ctx context.Context) (*Status, error) {
	if b.deps.Kubernetes == nil {
		return nil, b.failed(errNoKubernetes)
	}
	s, err := b.current(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.stop(ctx, s); err != nil {
		return nil, b.failed(err)
	}
	if s != nil {
		if s, err = b.deps.Workflows.Wait(ctx, s.Name, workflow.Completed); err != nil {
			return nil, b.failed(err)
		}
	}
	if err := b.workersOf(s).drain(ctx); err != nil {
		return nil, b.failed(err)
	}
	return b.statusOf(ctx, s), nil
}

// drain stops the workers, and waits until no pod is left. A step that was about to make workers
// when the workflow was stopped may have made them since, so each look scales them down too.
func (w *workers) drain(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if err := w.stop(ctx); err != nil {
			return err
		}
		left, err := w.left(ctx)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of %v: %w", left, context.Cause(ctx))
		}
	}
}

// left names the pods that are left of the workers and of the workflow's steps.
func (w *workers) left(ctx context.Context) ([]string, error) {
	pods, steps, err := w.count(ctx)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, kind := range []struct {
		n    int
		what string
	}{{pods.Running, "running worker"}, {pods.Pending, "pending worker"}, {pods.Terminating, "terminating worker"}, {steps, "step pod"}} {
		if kind.n > 0 {
			left = append(left, plural(kind.n, kind.what))
		}
	}
	return left, nil
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// atRest is nil if the run has ended and no pod of it is left, as far as can be seen; nor of the run
// after it, whose workflow may have been deleted before its workers.
func (b *argoBackfill) atRest(ctx context.Context, s *status.WorkflowStatus) error {
	var what []string
	if s != nil && !s.Completed() {
		what = append(what, fmt.Sprintf("workflow %s/%s is %s", s.Namespace, s.Name, s.Outcome()))
	}
	state := stateOf(s, &Pods{})
	if b.deps.Kubernetes != nil {
		next := &status.WorkflowStatus{Name: runName(b.session, runOf(s)+1)}
		for _, w := range []*workers{b.workersOf(s), b.workersOf(next)} {
			left, err := w.left(ctx)
			if err != nil {
				return b.failed(err)
			}
			what = append(what, left...)
		}
		if len(what) > 0 && (s == nil || s.Completed()) {
			state = StateTerminating
		}
	}
	if len(what) == 0 {
		return nil
	}
	return &RunningError{Session: b.session, State: state, What: what}
}

// ended is nil if the session is at rest, for sure: what can't be seen may be running.
func (b *argoBackfill) ended(ctx context.Context) error {
	if b.deps.Kubernetes == nil {
		return b.failed(errNoKubernetes)
	}
	s, err := b.current(ctx)
	if err != nil {
		return err
	}
	return b.atRest(ctx, s)
}
