package workflow

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Create creates a workflow from wf as it is, and returns the created object. It does not modify
// wf. If wf has a namespace, it must be the client's. Create checks that Argo can decode wf before
// it sends anything; otherwise the error is [ErrInvalid]. The API server rejects unknown fields
// instead of dropping them if the installed CRDs have a schema (Argo's minimal CRDs have none).
// Create does not reject the locks that Argo 4.x ignores, synchronization.mutex and semaphore.
//
// Create sends the request once and does not retry it. If the answer is lost, the error matches
// [ErrUnknownOutcome]. Use Start to start a workflow exactly once and check it against its
// template.
//
// Errors: [ErrNotFound] (no such namespace), [ErrAlreadyExists], [ErrInvalid], [ErrForbidden],
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Create(ctx context.Context, wf *unstructured.Unstructured) (created *unstructured.Unstructured, err error) {
	ctx, o := c.begin(ctx, OpCreate, "", &err)
	defer o.end(ctx)
	problems := spec.ObjectProblems(wf, c.namespace)
	if wf != nil {
		var found field.ErrorList
		wf, found = copyObject(wf)
		problems = append(problems, found...)
	}
	if len(problems) > 0 {
		return nil, c.error(OpCreate, "", invalid(problems...))
	}
	wf.SetAPIVersion(apiVersion)
	wf.SetKind(kind)
	if ctx.Err() != nil {
		return nil, c.error(OpCreate, wf.GetName(), pace.Interruption(ctx, nil))
	}
	created, err = c.workflows.Create(ctx, wf, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	switch {
	case err == nil:
		return created, nil
	case fault.MayHaveHappened(err):
		err = unknownOutcome(ctx, err)
	default:
		err = pace.Ended(ctx, err)
	}
	return nil, c.error(OpCreate, wf.GetName(), err)
}

// copyObject returns a copy of wf that has only the types allowed in an unstructured object, and
// the problems of values that Argo cannot decode.
func copyObject(wf *unstructured.Unstructured) (*unstructured.Unstructured, field.ErrorList) {
	fields, err := spec.Copy(wf.Object)
	if err != nil {
		return nil, field.ErrorList{spec.Hidden(field.NewPath("object"), err.Error())}
	}
	return &unstructured.Unstructured{Object: fields}, spec.TypeProblems(nil, spec.TypeWorkflow, fields)
}

// GetObject returns the current Workflow object from the API server. It retries transient faults.
//
// Errors: [ErrNotFound], [ErrInvalid] (not the name of a workflow), [ErrUnreadable] (an object
// that cannot be read), [ErrForbidden] (needs get), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], and the context's.
func (c *WorkflowClient) GetObject(ctx context.Context, name string) (obj *unstructured.Unstructured, err error) {
	ctx, o := c.begin(ctx, OpGet, name, &err)
	defer o.end(ctx)
	if obj, err = c.getObject(ctx, name); err != nil {
		return nil, c.error(OpGet, name, err)
	}
	return obj, nil
}

// Get returns the current state of the workflow. Its retries and errors are those of
// [WorkflowClient.GetObject].
func (c *WorkflowClient) Get(ctx context.Context, name string) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpGet, name, &err)
	defer o.end(ctx)
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
	s, err := c.read(ctx, obj)
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
	s, err := c.read(ctx, obj)
	if err != nil {
		return nil, nil
	}
	return obj, s
}
