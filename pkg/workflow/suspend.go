package workflow

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// SuspendOptions say what to suspend.
type SuspendOptions struct {
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
}

// Suspend suspends a workflow as a whole (spec.suspend): the controller starts no further
// pod until [WorkflowClient.Resume]. Pods that run go on to their end. It returns when the
// request is written and, if the controller may have written the workflow at the same moment,
// was made to look again. That takes a third of a second, up to three if other clients keep
// writing the workflow; see docs/adr/0015-uptake.md.
//
// It is idempotent: suspending a suspended workflow succeeds, and has the controller look at it
// again. The write is conditional on what was read, so that a workflow that ends at the same time
// is not changed. One that is being stopped is refused, since Argo doesn't stop what is suspended.
//
// Errors: [ErrCompleted], [ErrConflict], [ErrNotFound], [ErrReplaced], [ErrInvalid],
// [ErrUnsupported] (an object that cannot be read), [ErrForbidden] (needs get and patch), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Suspend(ctx context.Context, name string, opts SuspendOptions) (err error) {
	ctx, o := c.begin(ctx, OpSuspend, name, &err)
	defer o.end(ctx)
	_, err = c.edit(ctx, name, opts.UID, func(_ *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		switch {
		case s.Completed():
			return nil, completed(s)
		case s.SpecSuspended:
			return askAgain(), nil
		case s.Shutdown != status.ShutdownNone:
			return nil, fmt.Errorf("%w: the workflow is being shut down (spec.shutdown is %s)", ErrConflict, shown.Name(string(s.Shutdown)))
		}
		return &change{
			patch:    map[string]any{"spec": map[string]any{"suspend": true}},
			happened: func(now *status.WorkflowStatus) (bool, error) { return now.SpecSuspended, nil },
			tells:    suspended,
			uptake:   &uptake{}, // what doesn't begin can't be seen
		}, nil
	})
	if err != nil {
		return c.error(OpSuspend, name, err)
	}
	return nil
}

func completed(s *status.WorkflowStatus) error {
	return fmt.Errorf("%w: it ended %s", ErrCompleted, s.Outcome())
}
