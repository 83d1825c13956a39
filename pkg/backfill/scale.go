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

// scale sets the number of workers: now, or while they are paused the number that comes back. What
// others do at the same time is not overwritten, but leads to another look. refused, if it isn't nil,
// is asked at each look.
func (w *workers) scale(ctx context.Context, replicas int, refused func(*workload) error) error {
	_, _, err := w.settle(ctx, func(found []*workload) error {
		switch {
		case len(found) == 0:
			return ErrNoWorkers
		case len(found) > 1:
			return fmt.Errorf("%w: which of %s and %s is to have %d workers?", workflow.ErrUnsupported, found[0], found[1], replicas)
		case refused != nil:
			return refused(found[0])
		}
		return nil
	}, func(each *workload) goal { return each.scaling(replicas) })
	return err
}
