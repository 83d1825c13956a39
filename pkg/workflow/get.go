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

// Get returns the current state of the workflow. If the API server has no workflow of that name, Get asks
// [Options.History] for the one that started last, and the status has [status.SourceHistory].
//
// Get retries transient faults. Errors: [ErrNotFound] (neither has one), [ErrHistory] (the history cannot
// be asked), [ErrInvalid] (not the name of a workflow), [ErrUnreadable] (an object that cannot be read),
// [ErrForbidden] (needs get), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], and the context's.
func (c *WorkflowClient) Get(ctx context.Context, name string) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpGet, name, &err)
	defer o.emitEnd(ctx)
	obj, from, err := c.find(ctx, name)
	if err != nil {
		return nil, c.error(OpGet, name, err)
	}
	if _, s, err = c.readCurrent(ctx, obj); err != nil {
		return nil, c.error(OpGet, name, err)
	}
	s.Source = from
	o.returned(s)
	if from == status.SourceLive {
		c.recordRead(ctx, s)
	}
	return s, nil
}

// find returns the workflow of that name. If the API server has none, that is the one of the history. The
// API server is asked first: a workflow that is archived and then deleted is always in one of the two.
func (c *WorkflowClient) find(ctx context.Context, name string) (*unstructured.Unstructured, status.Source, error) {
	obj, err := c.getObject(ctx, name)
	if !notFound(err) {
		return obj, status.SourceLive, err
	}
	past, failed := c.past(ctx, name, "")
	switch {
	case failed != nil:
		return nil, "", failed
	case past == nil:
		return nil, "", err
	}
	return past, status.SourceHistory, nil
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
