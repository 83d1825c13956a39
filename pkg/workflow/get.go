package workflow

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Create sends wf to the API server as it is and returns what the server made of it. It does not
// change wf. A namespace in wf must be the client's. A field that the installed CRDs do not know is
// refused rather than dropped, as far as they have a schema (Argo's minimal ones have none), and a
// value that Argo cannot decode is [ErrInvalid] before anything is sent. A lock that Argo 4.x
// ignores, synchronization.mutex or semaphore, is sent as it is. The request is sent once: after a
// cut connection the error matches [ErrUnknownOutcome]. For a checked, exactly-once start from a
// template use Start.
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

// copyObject returns wf with the few types that an unstructured object may have, and what Argo
// cannot decode of it.
func copyObject(wf *unstructured.Unstructured) (*unstructured.Unstructured, field.ErrorList) {
	fields, err := spec.Copy(wf.Object)
	if err != nil {
		return nil, field.ErrorList{spec.Hidden(field.NewPath("object"), err.Error())}
	}
	return &unstructured.Unstructured{Object: fields}, spec.TypeProblems(nil, spec.TypeWorkflow, fields)
}

// GetObject returns the Workflow as the API server has it at this moment. Transient faults are
// retried.
//
// Errors: [ErrNotFound], [ErrInvalid] (not the name of a workflow), [ErrUnsupported] (an object that
// cannot be read), [ErrForbidden] (needs get), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], and the context's.
func (c *WorkflowClient) GetObject(ctx context.Context, name string) (obj *unstructured.Unstructured, err error) {
	ctx, o := c.begin(ctx, OpGet, name, &err)
	defer o.end(ctx)
	if obj, err = c.getObject(ctx, name); err != nil {
		return nil, c.error(OpGet, name, err)
	}
	return obj, nil
}

// Get returns the workflow's state at this moment. Retries and errors are those of
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
