package workflow

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// SuspendOptions says which workflow to suspend.
type SuspendOptions struct {
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// Suspend suspends a whole workflow (spec.suspend): the controller starts no further pod until
// [WorkflowClient.Resume]. Running pods continue. Suspend returns when the request is written and, if
// the controller may have written the workflow at the same moment, after it was made to look again.
// That takes a third of a second, or up to three seconds if other clients keep writing the workflow;
// see docs/adr/0015-uptake.md.
//
// It is idempotent: suspending a suspended workflow succeeds, and makes the controller look at it
// again. The write is conditional on the state that was read, so a workflow that ends at the same time
// is not changed. A workflow that is being stopped is [ErrConflict], since Argo doesn't stop a suspended
// workflow.
//
// Errors: [ErrCompleted], [ErrConflict], [ErrNotFound], [ErrReplaced], [ErrInvalid],
// [ErrHistory], [ErrUnreadable] (an object that cannot be read), [ErrForbidden] (needs get and patch),
// [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Suspend(ctx context.Context, name string, opts SuspendOptions) (err error) {
	ctx, o := c.begin(ctx, OpSuspend, name, &err)
	defer o.emitEnd(ctx)
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
			patch:      map[string]any{"spec": map[string]any{"suspend": true}},
			tookEffect: func(now *status.WorkflowStatus) (bool, error) { return now.SpecSuspended, nil },
			event:      suspended,
			uptake:     &uptake{}, // there is nothing to see
		}, nil
	})
	if err != nil {
		return c.error(OpSuspend, name, err)
	}
	return nil
}
