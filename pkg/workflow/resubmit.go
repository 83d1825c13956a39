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

// ResubmitOptions say what is different in the new workflow. The zero value runs the same again.
type ResubmitOptions struct {
	// Name is the new workflow's name, at most 63 characters. If it is empty, the name is made from
	// the IdempotencyKey, or else is like the old one's.
	Name string
	// Parameters replace arguments that the old workflow was started with; the others stay. Forms
	// and checks are those of [StartRequest.Parameters].
	Parameters map[string]any
	// AllowUnknownParameters is that of [StartRequest].
	AllowUnknownParameters bool
	// SkipTemplateCheck is that of [StartRequest].
	SkipTemplateCheck bool
	// Labels and Annotations are put on the new workflow in addition to those of the old one.
	// [StartRequest.Labels] says which are refused.
	Labels, Annotations map[string]string
	// IdempotencyKey makes every Resubmit with the same key return the same new workflow; see
	// [StartRequest.IdempotencyKey]. The old workflow's name, and UID if given, are part of the
	// request: the key for another one is [ErrConflict].
	IdempotencyKey string
	// UID, if given, must be that of the old workflow. Another one is [ErrReplaced].
	UID types.UID
	// DryRun is that of [StartRequest].
	DryRun bool
}

// Resubmit starts a new workflow with the spec, labels, annotations and owners of another one, in
// whatever state that is, and returns its first state. Unlike Retry it starts from the beginning,
// and does not change the other one. The new workflow is not suspended, stopped or terminated if the
// other one was. The label workflows.argoproj.io/resubmitted-from-workflow names the other one.
//
// It is checked and exactly-once like [WorkflowClient.Start]. With an IdempotencyKey a further call
// returns the new workflow as it is by now, also if the old one was deleted. It is [ErrInvalid] if
// arguments or template reference of the old workflow are malformed, or Argo cannot decode its spec.
//
// Errors: [ErrNotFound], [ErrReplaced] and [ErrUnsupported] (it cannot be read) of the old
// workflow; [ErrInvalid], [ErrTemplateNotFound], [ErrAlreadyExists], [ErrConflict], [ErrForbidden]
// (needs get and create), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable],
// [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Resubmit(ctx context.Context, name string, opts ResubmitOptions) (s *status.WorkflowStatus, err error) {
	ctx, o := c.beginCall(ctx, Call{Op: OpResubmit, Name: name, DryRun: opts.DryRun}, &err)
	defer o.end(ctx)
	sub := &submission{req: opts.request(), pacer: c.pacer(), subject: name}
	obj, err := c.resubmit(ctx, sub, name, opts.UID)
	return c.started(o, OpResubmit, sub.subject, obj, err)
}

// request returns the part of the options that Start has too.
func (o ResubmitOptions) request() StartRequest {
	return StartRequest{
		Name: o.Name, Parameters: o.Parameters, AllowUnknownParameters: o.AllowUnknownParameters,
		SkipTemplateCheck: o.SkipTemplateCheck,
		Labels:            o.Labels, Annotations: o.Annotations, IdempotencyKey: o.IdempotencyKey, DryRun: o.DryRun,
	}
}

// resubmit is to Resubmit what start is to Start.
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
	old, err := c.getWith(ctx, s.pacer, name)
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

// invalidResubmit is to Resubmit what invalidStart is to Start.
func (c *WorkflowClient) invalidResubmit(
	ctx context.Context, s *submission, name string, uid types.UID, problems field.ErrorList,
) error {
	ctx, cancel := context.WithTimeout(ctx, glanceFor)
	defer cancel()
	old, st := c.glance(ctx, name, uid)
	if st == nil {
		return invalid(problems...)
	}
	var err error
	s.draft, err = resubmission(old)
	s.pacer = newPacer(time.Now())
	return c.withProblems(ctx, s, invalid(append(problems, problemsOf(err, s.req)...)...))
}

// resubmitFields returns the fields of the request, and which workflow is resubmitted.
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
