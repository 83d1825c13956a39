package workflow

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
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
	defer o.emitEnd(ctx)
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

// createOnce creates the workflow, or returns the one that an earlier attempt of this call, or
// another call with the same key, has created, or that the request may reuse.
func (c *WorkflowClient) createOnce(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	opts := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
	if s.req.DryRun {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	for again := s.req.IfExists == ExistsReplace; ; again = true {
		if again {
			if known, err := c.recall(ctx, s); known != nil || err != nil {
				return known, err
			}
		}
		created, err := c.workflows.Create(ctx, s.draft.obj, opts)
		switch {
		case err == nil:
			return created, nil
		case apierrors.IsAlreadyExists(err):
			existing, notOurs := c.adopt(ctx, s)
			if notOurs == nil {
				return existing, nil
			}
			free := notFound(notOurs) && !s.lost // it was deleted in between
			rename := s.claim.renewable && errors.Is(notOurs, ErrAlreadyExists)
			switch {
			case free && s.pacer.Pause(ctx, notOurs):
				if s.req.IfExists == ExistsReplace && !s.req.DryRun { // that one can have left something, too
					if taken, err := c.awaitNoRemains(ctx, s); taken != nil || err != nil {
						return taken, err
					}
				}
				continue
			case rename && s.pacer.Pause(ctx, notOurs):
				if err := c.rename(ctx, s); err != nil {
					return nil, err
				}
				continue
			case free, rename: // no time is left for another attempt
				notOurs = pace.Ended(ctx, err)
			case s.lost && !errors.Is(notOurs, ErrAlreadyExists) && !errors.Is(notOurs, ErrConflict):
				// The workflow could not be read, or was deleted: it may have been this call's.
				if past, failed := c.remembered(ctx, s); notFound(notOurs) && failed == nil && past != nil {
					return past, nil
				}
				notOurs = unknownOutcome(ctx, notOurs)
			}
			return nil, s.failed(notOurs)
		case fault.MayHaveHappened(err):
			s.lost = !s.req.DryRun
		}
		if ctx.Err() == nil && s.pacer.Retryable(err) && s.pacer.Pause(ctx, err) {
			continue
		}
		if s.lost {
			return c.resolveLostCreate(ctx, s, err)
		}
		return nil, s.failed(pace.Ended(ctx, err))
	}
}
