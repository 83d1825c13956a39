package workflow

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// ResubmitOptions say what is to be different. The zero value runs the same once more.
type ResubmitOptions struct {
	// Name is the new workflow's name, at most 63 characters; "": made from the IdempotencyKey, or
	// else like the old one's.
	Name string
	// Parameters are arguments in place of those the old workflow was started with, which stay
	// otherwise; forms and checks are those of [StartRequest.Parameters].
	Parameters map[string]any
	// AllowUnknownParameters is that of [StartRequest].
	AllowUnknownParameters bool
	// SkipTemplateCheck is that of [StartRequest].
	SkipTemplateCheck bool
	// Labels and Annotations are put on the new workflow beside those of the old one. Which are
	// refused is said at [StartRequest.Labels].
	Labels, Annotations map[string]string
	// IdempotencyKey makes Resubmit with the same key the same new workflow; see
	// [StartRequest.IdempotencyKey]. The old workflow's name, and UID if given, are part of the
	// request: the key for another one is [ErrConflict].
	IdempotencyKey string
	// UID, if given, is that of the old workflow: [ErrReplaced] if it is another by now.
	UID types.UID
	// DryRun is that of [StartRequest].
	DryRun bool
}

// Resubmit starts a new workflow with the spec, labels, annotations and owners of another
// one, in whichever state that is, and returns its first state. Unlike Retry it begins from
// the start, and leaves the other one alone. That the other one was suspended, stopped or
// terminated is not copied. The label
// workflows.argoproj.io/resubmitted-from-workflow tells where it comes from.
//
// It is checked and exactly-once as [WorkflowClient.Start] is. With an IdempotencyKey a
// further call returns the new workflow as it is by now, also when the old one is gone. An
// old workflow whose arguments or template reference are malformed, or whose spec Argo cannot
// decode, is [ErrInvalid].
//
// Errors: [ErrNotFound], [ErrReplaced] and [ErrUnsupported] (it cannot be read) of the old workflow; [ErrInvalid], [ErrTemplateNotFound],
// [ErrAlreadyExists], [ErrConflict], [ErrForbidden] (needs get and create), [ErrUnauthorized],
// [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Resubmit(ctx context.Context, name string, opts ResubmitOptions) (s *status.WorkflowStatus, err error) {
	ctx, o := c.beginCall(ctx, Call{Op: OpResubmit, Name: name, DryRun: opts.DryRun}, &err)
	defer o.end(ctx)
	obj, err := c.resubmit(ctx, name, opts)
	return c.started(o, OpResubmit, name, obj, err)
}

func (c *WorkflowClient) resubmit(ctx context.Context, name string, opts ResubmitOptions) (*unstructured.Unstructured, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	req := StartRequest{
		Name: opts.Name, Parameters: opts.Parameters, AllowUnknownParameters: opts.AllowUnknownParameters,
		SkipTemplateCheck: opts.SkipTemplateCheck,
		Labels:            opts.Labels, Annotations: opts.Annotations, IdempotencyKey: opts.IdempotencyKey, DryRun: opts.DryRun,
	}
	args, problems := checkSettings(req)
	if len(problems) > 0 {
		return nil, c.invalidResubmit(ctx, name, opts.UID, req, args, problems)
	}
	p := c.pacer()
	fields, err := c.resubmitFields(name, opts, req, args)
	if err != nil {
		return nil, err
	}
	mark := newMarker(req.Name, name, req.IdempotencyKey, fields)
	// Before the old one is read: it may be deleted by now.
	if existing, err := c.startedBefore(ctx, p, mark, req.DryRun); existing != nil || err != nil {
		return existing, err
	}
	old, err := c.getWith(ctx, p, name)
	if err != nil {
		return nil, err
	}
	if opts.UID != "" && opts.UID != old.GetUID() {
		return nil, fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, old.GetUID(), opts.UID)
	}
	d, err := resubmission(old)
	if err != nil {
		return nil, c.withProblems(ctx, p, d, req, args, err)
	}
	mark = newMarker(req.Name, d.base, req.IdempotencyKey, fields)
	return c.startDraft(ctx, p, d, req, args, mark, resubmittedFrom(name))
}

// invalidResubmit is what invalidStart is to Start.
func (c *WorkflowClient) invalidResubmit(
	ctx context.Context, name string, uid types.UID, req StartRequest, args spec.Arguments, problems field.ErrorList,
) error {
	ctx, cancel := context.WithTimeout(ctx, glanceFor)
	defer cancel()
	old, s := c.glance(ctx, name, uid)
	if s == nil {
		return invalid(problems...)
	}
	d, err := resubmission(old)
	problems = append(problems, problemsOf(err, req)...)
	return c.withProblems(ctx, newPacer(time.Now()), d, req, args, invalid(problems...))
}

// resubmitFields are those of a request, and which workflow is resubmitted.
func (c *WorkflowClient) resubmitFields(
	name string, opts ResubmitOptions, req StartRequest, args spec.Arguments,
) (map[string]string, error) {
	fields, err := c.requestFields(req, args)
	if err != nil {
		return nil, err
	}
	fields["workflow"] = name
	if opts.UID != "" {
		fields["uid"] = string(opts.UID)
	}
	return fields, nil
}
