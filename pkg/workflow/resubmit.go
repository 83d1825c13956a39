package workflow

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ResubmitOptions say what is to be different. The zero value runs the same once more.
type ResubmitOptions struct {
	// Name is the new workflow's name, at most 63 characters; "": made like the old one's.
	Name string
	// Parameters are arguments in place of those the old workflow was started with, which stay
	// otherwise; forms and checks are those of [StartRequest.Parameters].
	Parameters map[string]any
	// AllowUnknownParameters is that of [StartRequest].
	AllowUnknownParameters bool
	// SkipTemplateCheck is that of [StartRequest].
	SkipTemplateCheck bool
	// Labels and Annotations are put on the new workflow beside those of the old one.
	Labels, Annotations map[string]string
	// IdempotencyKey makes Resubmit with the same key of the same workflow the same new
	// workflow; see [StartRequest.IdempotencyKey].
	IdempotencyKey string
	// UID, if given, is that of the old workflow: [ErrReplaced] if it is another by now.
	UID types.UID
	// DryRun has the API server check the request and returns what would be created.
	DryRun bool
}

// Resubmit starts a new workflow with the spec, labels, annotations and owners of another
// one, in whichever state that is, and returns its first state. Unlike Retry it begins from
// the start, and leaves the other one alone. The label
// workflows.argoproj.io/resubmitted-from-workflow tells where it comes from.
//
// It is checked and exactly-once as [WorkflowClient.Start] is. With an IdempotencyKey a
// further call returns the new workflow as it is by now, also when the old one is gone. An
// old workflow whose arguments or template reference are malformed is [ErrInvalid].
//
// Errors: [ErrNotFound] and [ErrReplaced] of the old workflow; [ErrInvalid], [ErrTemplateNotFound],
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
		return nil, invalid(problems...)
	}
	p := c.pacer()
	newMark := func(base string) (marker, error) {
		return newMarker(req.Name, base, req.IdempotencyKey, name, req.Name, args.required, req.Labels, req.Annotations)
	}
	if req.IdempotencyKey != "" { // before the old one is looked at: it may be gone by now
		mark, err := newMark(name)
		if err != nil {
			return nil, err
		}
		existing, err := c.adopt(ctx, p, mark.name, mark)
		if !notFound(err) {
			return existing, err
		}
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
		return nil, err
	}
	base := d.base
	if req.IdempotencyKey != "" {
		base = name // what the name was looked up by
	}
	mark, err := newMark(base)
	if err != nil {
		return nil, err
	}
	mark.base = d.base
	return c.startDraft(ctx, p, d, req, args, mark, resubmittedFrom(name))
}
