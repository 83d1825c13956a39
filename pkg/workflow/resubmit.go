package workflow

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ResubmitOptions specify how the new workflow differs from the old one. With the zero value it
// does not differ.
type ResubmitOptions struct {
	// Name is the new workflow's name, at most 63 characters. If it is empty, the name is derived
	// from the IdempotencyKey, or else generated from the old one's.
	Name string
	// Parameters replace arguments of the old workflow; the others stay. The forms and checks are
	// those of [StartRequest.Parameters].
	Parameters map[string]any
	// AllowUnknownParameters is the same as [StartRequest.AllowUnknownParameters].
	AllowUnknownParameters bool
	// SkipTemplateCheck is the same as [StartRequest.SkipTemplateCheck].
	SkipTemplateCheck bool
	// Labels and Annotations are added to those of the old workflow, and take precedence.
	// [StartRequest.Labels] lists those that are refused.
	Labels, Annotations map[string]string
	// IdempotencyKey makes every Resubmit with the same key return the same new workflow; see
	// [StartRequest.IdempotencyKey]. The old workflow's name, and its UID if set, are part of the
	// request: the same key with another one is [ErrIdempotencyMismatch].
	IdempotencyKey string
	// UID, if set, is the UID of the old workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
	// DryRun is the same as [StartRequest.DryRun].
	DryRun bool
}

// Resubmit starts a new workflow with the spec, labels, annotations and owners of an old one, in
// whatever state the old one is, also if only [Options.History] has it. It returns the new workflow's first state. Unlike
// [WorkflowClient.Retry], it starts from the beginning and does not change the old workflow. The
// new workflow is not suspended, stopped or terminated, even if the old one was. The label
// workflows.argoproj.io/resubmitted-from-workflow names the old workflow.
//
// Resubmit checks the request and starts exactly once, like [WorkflowClient.Start]. With an
// IdempotencyKey, a further call returns the new workflow in its current state, even if the old one
// was deleted. The error is also [ErrInvalid] if the old workflow has malformed arguments or a
// malformed template reference, or if Argo cannot decode its spec.
//
// Errors: [ErrNotFound], [ErrReplaced] and [ErrUnreadable] (an object that cannot be read) for the
// old workflow; [ErrInvalid], [ErrTemplateNotFound], [ErrAlreadyExists], [ErrConflict],
// [ErrIdempotencyMismatch], [ErrForbidden] (needs get and create), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], [ErrHistory], [ErrUnsupported] (the history has only a part of the old workflow; see
// [AnnotationAbridged]), [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Resubmit(ctx context.Context, name string, opts ResubmitOptions) (s *status.WorkflowStatus, err error) {
	ctx, o := c.beginCall(ctx, Call{Op: OpResubmit, Name: name, DryRun: opts.DryRun}, &err)
	defer o.emitEnd(ctx)
	sub := &submission{req: opts.request(), pacer: c.pacer(), subject: name}
	obj, err := c.resubmit(ctx, sub, name, opts.UID)
	if s, err = c.started(o, OpResubmit, sub, obj, err); s != nil {
		s = c.withNodes(ctx, s)
	}
	return s, err
}

// request returns the options that Start also has.
func (o ResubmitOptions) request() StartRequest {
	return StartRequest{
		Name: o.Name, Parameters: o.Parameters, AllowUnknownParameters: o.AllowUnknownParameters,
		SkipTemplateCheck: o.SkipTemplateCheck,
		Labels:            o.Labels, Annotations: o.Annotations, IdempotencyKey: o.IdempotencyKey, DryRun: o.DryRun,
	}
}

// resubmit is the counterpart of start.
func (c *WorkflowClient) resubmit(ctx context.Context, s *submission, name string, uid types.UID) (*unstructured.Unstructured, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	var problems field.ErrorList
	if s.args, problems = checkSettings(s.req); len(problems) > 0 {
		return nil, c.invalidResubmit(ctx, s, name, uid, problems)
	}
	fields, err := c.resubmitFields(s, name, uid)
	if err != nil {
		return nil, err
	}
	s.claim = newClaim(s.req.Name, name, s.req.IdempotencyKey, fields)
	// Before the old workflow is read: it may be deleted by now.
	if existing, err := c.startedBefore(ctx, s); existing != nil || err != nil {
		return existing, err
	}
	old, err := c.resubmittable(ctx, s, name, uid)
	if err != nil {
		return nil, err
	}
	if uid != "" && uid != old.GetUID() {
		return nil, fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, old.GetUID(), uid)
	}
	if s.draft, err = resubmission(old); err != nil {
		return nil, c.withProblems(ctx, s, err)
	}
	s.claim = newClaim(s.req.Name, s.draft.base, s.req.IdempotencyKey, fields)
	s.event = resubmittedFrom(name)
	return c.submit(ctx, s)
}

// resubmittable returns the workflow to resubmit: the live one, or the one of the history if the live one is not
// the one with the UID.
func (c *WorkflowClient) resubmittable(ctx context.Context, s *submission, name string, uid types.UID) (*unstructured.Unstructured, error) {
	old, err := c.getWith(ctx, s.pacer, name)
	if err != nil && !notFound(err) || err == nil && (uid == "" || uid == old.GetUID()) {
		return old, err
	}
	past, failed := c.past(ctx, name, uid)
	switch {
	case failed != nil:
		return nil, failed
	case past != nil:
		if err := checkWhole(past); err != nil {
			return nil, err
		}
		return runnable(past)
	}
	return old, err
}

// invalidResubmit is the counterpart of invalidStart.
func (c *WorkflowClient) invalidResubmit(
	ctx context.Context, s *submission, name string, uid types.UID, problems field.ErrorList,
) error {
	ctx, cancel := context.WithTimeout(ctx, bestEffortTimeout)
	defer cancel()
	old, st := c.getBestEffort(ctx, name, uid)
	if st == nil {
		return invalid(problems...)
	}
	var err error
	s.draft, err = resubmission(old)
	s.pacer = newPacer(time.Now())
	return c.withProblems(ctx, s, invalid(append(problems, problemsOf(err, s.req)...)...))
}

// resubmitFields returns the fields of the request, including the workflow to resubmit.
func (c *WorkflowClient) resubmitFields(s *submission, name string, uid types.UID) (map[string]string, error) {
	fields, err := c.requestFields(s.req, s.args)
	if err != nil {
		return nil, err
	}
	fields["workflow"] = name
	if uid != "" {
		fields["uid"] = string(uid)
	}
	return fields, nil
}
