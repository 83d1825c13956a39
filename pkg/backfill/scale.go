package backfill

import (
	"context"
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
		fmt.Sprintf("must be at least 1 (Pause takes all away) and at most %d", math.MaxInt32))}}
}

// scale sets the number of workers: now, or while they are paused the number that comes back.
func (w *workers) scale(ctx context.Context, replicas int) error {
	found, err := w.find(ctx)
	if err != nil {
		return err
	}
	switch {
	case len(found) == 0:
		return ErrNoWorkers
	case len(found) > 1:
		return fmt.Errorf("%w: which of %s and %s is to have %d workers?", workflow.ErrConflict, found[0], found[1], replicas)
	case found[0].paused:
		return w.scaleAll(ctx, func(each *workload) []byte {
			if !each.paused { // by now
				return each.patch(replicas, nil)
			}
			return each.remembering(replicas)
		})
	case found[0].replicas == replicas:
		return nil
	}
	return w.setScale(ctx, found[0], replicas)
}
