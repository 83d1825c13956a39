package workflow

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// GetObject returns the current Workflow object from the API server. It retries transient faults.
//
// Errors: [ErrNotFound], [ErrInvalid] (not the name of a workflow), [ErrUnreadable] (an object
// that cannot be read), [ErrForbidden] (needs get), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], and the context's.
func (c *WorkflowClient) GetObject(ctx context.Context, name string) (obj *unstructured.Unstructured, err error) {
	ctx, o := c.begin(ctx, OpGet, name, &err)
	defer o.emitEnd(ctx)
	if obj, err = c.getObject(ctx, name); err != nil {
		return nil, c.error(OpGet, name, err)
	}
	return obj, nil
}

// Get returns the current state of the workflow. Its retries and errors are those of
// [WorkflowClient.GetObject].
func (c *WorkflowClient) Get(ctx context.Context, name string) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpGet, name, &err)
	defer o.emitEnd(ctx)
	obj, err := c.getObject(ctx, name)
	if err != nil {
		return nil, c.error(OpGet, name, err)
	}
	return c.decode(ctx, OpGet, obj)
}

func (c *WorkflowClient) getObject(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return c.getWith(ctx, c.pacer(), name)
}

func (c *WorkflowClient) getWith(ctx context.Context, p *pace.Pacer, name string) (*unstructured.Unstructured, error) {
	return pace.Do(ctx, p, func() (*unstructured.Unstructured, error) {
		return c.workflows.Get(ctx, name, metav1.GetOptions{})
	})
}

func (c *WorkflowClient) decode(ctx context.Context, op Op, obj *unstructured.Unstructured) (*status.WorkflowStatus, error) {
	s, err := c.readStatus(ctx, obj)
	if err != nil {
		return nil, c.error(op, obj.GetName(), err)
	}
	return s, nil
}

// bestEffortTimeout is the time limit for finding further problems of a request that is refused in
// any case.
const bestEffortTimeout = 2 * time.Second

// getBestEffort reads a workflow in one attempt, to find further problems of a request that is
// refused in any case. It returns nil if the workflow cannot be read.
func (c *WorkflowClient) getBestEffort(ctx context.Context, name string, uid types.UID) (*unstructured.Unstructured, *status.WorkflowStatus) {
	if checkName(name) != nil {
		return nil, nil
	}
	obj, err := c.getWith(ctx, newPacer(time.Now()), name)
	if err != nil || uid != "" && obj.GetUID() != uid {
		return nil, nil
	}
	s, err := c.readStatus(ctx, obj)
	if err != nil {
		return nil, nil
	}
	return obj, s
}
