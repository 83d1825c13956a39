package backfill

import (
	"context"
	"errors"
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func checkScale(replicas int) error {
	if replicas >= 1 && replicas <= math.MaxInt32 {
		return nil
	}
	return &workflow.InvalidError{Problems: field.ErrorList{field.Invalid(field.NewPath("workers"), replicas,
		fmt.Sprintf("must be at least 1 (Pause scales to zero) and at most %d", math.MaxInt32))}}
}

func (b *argoBackfill) Scale(ctx context.Context, replicas int) error {
	if err := checkScale(replicas); err != nil {
		return err
	}
	s, err := b.activeRun(ctx)
	if err != nil {
		return err
	}
	pool := b.workersOf(s)
	if pool == nil {
		return b.wrap(errNoKubernetes)
	}
	if err := pool.Scale(ctx, replicas); err != nil {
		return b.wrap(err)
	}
	// A concurrent Stop scales the workers down only once, so those that were scaled up after that
	// have to be stopped here. There can even be another run by now.
	now, err := b.activeRun(ctx)
	if err == nil && now.UID != s.UID {
		err = b.wrap(fmt.Errorf("%w: the session was started again in the meantime", ErrEnded))
	}
	if errors.Is(err, ErrEnded) {
		if failed := pool.Stop(ctx); failed != nil && !errors.Is(failed, workflow.ErrReplaced) {
			return b.wrap(fmt.Errorf("%w, and its workers could not be stopped again: %w", ErrEnded, failed))
		}
	}
	return err
}

func (b *deploymentBackfill) Scale(ctx context.Context, replicas int) error {
	if err := checkScale(replicas); err != nil {
		return err
	}
	return b.wrap(b.workers.Scale(ctx, replicas))
}
