package workflow

import (
	"context"
	"errors"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Start starts a workflow from a template, a CronWorkflow or a manifest, exactly once, and returns
// its first state.
//
// It checks the request before it creates anything: against the rules of the API, and against the
// template, which it reads first, or has read at most [Options.TemplateMaxAge] ago. Argo itself
// reports an unknown template or entrypoint, or a missing parameter, only as a workflow that fails
// seconds later. If the caller may not read templates, that second check is omitted. One
// [*InvalidError] has the problems of both: a request that is wrong by itself is also checked
// against the template, if that can be read within two seconds. Every value is checked against
// Argo's types: one that Argo cannot decode, in any source, is [ErrInvalid], also with
// SkipTemplateCheck, since it would end a controller of 4.x.
//
// The client chooses the name, so an attempt whose response was lost is repeated safely: finding
// its own workflow there is a success. With an IdempotencyKey that holds across calls too: a further
// Start returns the workflow as it is by now, completed or not. The same key with a different
// request is [ErrConflict], which names the fields that differ; so is a Name in use by another key.
// A Name in use by a workflow without a key is [ErrAlreadyExists].
//
// All this lasts as long as the workflow exists. If one was created, ran and was deleted (by a
// ttlStrategy, or by hand) before a lost attempt is repeated, it is started a second time: nothing
// is left to recognise. That takes a workflow that is deleted within [Options.RetryFor], or if a
// call is repeated with an IdempotencyKey, before that call.
//
// Errors: [ErrNotFound] (no such namespace), [ErrInvalid] with an [*InvalidError] listing all
// problems, [ErrTemplateNotFound], [ErrAlreadyExists], [ErrConflict], [ErrForbidden] (needs
// create; with an IdempotencyKey, or to find out about a lost answer, get), [ErrUnauthorized],
// [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome] (its Name says where to look), and
// the context's.
func (c *WorkflowClient) Start(ctx context.Context, req StartRequest) (s *status.WorkflowStatus, err error) {
	ctx, o := c.beginCall(ctx, Call{Op: OpStart, Name: req.Name, DryRun: req.DryRun}, &err)
	defer o.end(ctx)
	obj, err := c.start(ctx, c.pacer(), req)
	return c.started(o, OpStart, req.Name, obj, err)
}

// started is the result of an operation that creates a workflow. It is about the new workflow once
// that has a name, else about the given one.
func (c *WorkflowClient) started(
	o *observation, op Op, name string, obj *unstructured.Unstructured, err error,
) (*status.WorkflowStatus, error) {
	var named *namedError
	if errors.As(err, &named) {
		name, err = named.name, named.err
	}
	if err != nil {
		o.named(name)
		return nil, c.error(op, name, err)
	}
	o.named(obj.GetName())
	s, err := c.decoders.FromUnstructured(obj) // it has begun, whatever the context says by now
	o.begun(s)
	if err != nil {
		return s, c.error(op, obj.GetName(), err)
	}
	return s, nil
}

func (c *WorkflowClient) start(ctx context.Context, p *pace.Pacer, req StartRequest) (*unstructured.Unstructured, error) {
	args, d, problems := checkRequest(ctx, req, c.namespace)
	switch {
	case ctx.Err() != nil: // reading a large manifest takes a while
		return nil, pace.Interruption(ctx, nil)
	case len(problems) > 0:
		return nil, c.invalidStart(ctx, d, req, args, problems)
	}
	name := req.Name
	if name == "" && d.obj != nil {
		name = d.obj.GetName()
	}
	fields, err := c.requestFields(req, args)
	if err != nil {
		return nil, err
	}
	mark := newMarker(name, d.base, req.IdempotencyKey, fields)
	// Before the template is read: it may be deleted by now, the workflow is what counts.
	if existing, err := c.startedBefore(ctx, p, mark, req.DryRun); existing != nil || err != nil {
		return existing, err
	}
	if req.CronWorkflow != "" {
		if d, err = c.cronDraft(ctx, p, req.CronWorkflow); err != nil {
			return nil, c.withProblems(ctx, p, d, req, args, err)
		}
	}
	return c.startDraft(ctx, p, d, req, args, mark, startedFrom(d))
}

// startDraft puts the request's settings into the draft, checks it and creates it.
func (c *WorkflowClient) startDraft(
	ctx context.Context, p *pace.Pacer, d draft, req StartRequest, args spec.Arguments, mark marker, tells func() happening,
) (*unstructured.Unstructured, error) {
	wf, arguments, err := c.complete(ctx, p, d, req, args)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, pace.Interruption(ctx, nil)
	}
	if err := setParameters(wf, arguments); err != nil {
		return nil, err
	}
	if err := mark.put(wf); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, pace.Interruption(ctx, nil) // nothing was sent: there is nothing to be in doubt about
	}
	opts := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
	if req.DryRun {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	created, made, err := c.createOnce(ctx, p, wf, mark, opts)
	switch {
	case err != nil:
		return nil, err
	case req.DryRun && !made:
		return nil, foundByDryRun(mark.Name)
	case made && !req.DryRun:
		c.record(ctx, created, tells)
	}
	return created, nil
}

// complete puts everything but name and parameters into the draft, and checks it against the template
// that it starts from. It returns the parameters to send.
func (c *WorkflowClient) complete(
	ctx context.Context, p *pace.Pacer, d draft, req StartRequest, args spec.Arguments,
) (wf *unstructured.Unstructured, arguments map[string]string, err error) {
	wf, problems, err := c.fill(ctx, d, req)
	if err == nil && ctx.Err() != nil {
		err = pace.Interruption(ctx, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	arguments, found, err := c.checkTemplate(ctx, p, d, args, req)
	problems = append(problems, found...)
	if err != nil && len(problems) == 0 {
		return nil, nil, err
	}
	if len(problems) > 0 {
		return nil, nil, invalid(append(problems, problemsOf(err, req)...)...)
	}
	return wf, arguments, nil
}

// invalidStart is the error of a request that has problems by itself: these, and those that it has
// beside what it starts from, as far as one attempt to read that tells. d: what is to be started, if
// that much is clear.
func (c *WorkflowClient) invalidStart(ctx context.Context, d draft, req StartRequest, args spec.Arguments, problems field.ErrorList) error {
	ctx, cancel := context.WithTimeout(ctx, glanceFor)
	defer cancel()
	once := newPacer(time.Now())
	if req.CronWorkflow != "" && d.base != "" {
		cron, err := c.cronDraft(ctx, once, req.CronWorkflow)
		d, problems = cron, append(problems, problemsOf(err, req)...)
	}
	return c.withProblems(ctx, once, d, req, args, invalid(problems...))
}

// withProblems adds to err, if it is an [*InvalidError], the problems that a draft has beside it.
func (c *WorkflowClient) withProblems(ctx context.Context, p *pace.Pacer, d draft, req StartRequest, args spec.Arguments, err error) error {
	problems := problemsOf(err, req)
	if len(problems) == 0 || d.obj == nil || ctx.Err() != nil {
		return err
	}
	_, _, more := c.complete(ctx, p, d, req, args)
	return invalid(append(problems, problemsOf(more, req)...)...)
}

// problemsOf are those that err lists. That what is to be started is not there is one as well.
func problemsOf(err error, req StartRequest) field.ErrorList {
	var listed *InvalidError
	switch {
	case errors.As(err, &listed):
		return listed.Problems
	case errors.Is(err, ErrTemplateNotFound):
		return field.ErrorList{spec.Hidden(sourcePath(req), err.Error())}
	}
	return nil
}

// sourcePath is the field that says from what a request starts a workflow; one that has none is a
// resubmission.
func sourcePath(req StartRequest) *field.Path {
	switch {
	case req.Template != "":
		return field.NewPath("template")
	case req.CronWorkflow != "":
		return field.NewPath("cronWorkflow")
	case len(req.Manifest) > 0:
		return field.NewPath("manifest", "spec", "workflowTemplateRef")
	}
	return field.NewPath("workflow", "spec", "workflowTemplateRef")
}

// fill puts everything but name and parameters into the draft.
func (c *WorkflowClient) fill(ctx context.Context, d draft, req StartRequest) (wf *unstructured.Unstructured, problems field.ErrorList, err error) {
	wf = d.obj
	fields := d.spec()
	if err := spec.Merge(fields, req.Spec); err != nil {
		return nil, nil, err
	}
	if req.Entrypoint != "" {
		fields["entrypoint"] = req.Entrypoint
	}
	if req.ServiceAccount != "" {
		fields["serviceAccountName"] = req.ServiceAccount
	}
	spec.ParametersToStrings(fields)
	spec.LocksToLists(fields)
	wf.SetAPIVersion(apiVersion)
	wf.SetKind(kind)
	wf.SetNamespace(c.namespace)
	labels := overlaid(wf.GetLabels(), req.Labels)
	if c.instanceID != "" {
		labels[labelInstanceID] = c.instanceID
	}
	wf.SetLabels(labels)
	annotations := wf.GetAnnotations()
	if c.startAnnotations != nil {
		added := c.startAnnotations(ctx)
		problems = spec.AnnotationProblems(field.NewPath("options", "startAnnotations"), added)
		if d.own {
			annotations = overlaid(added, annotations)
		} else {
			annotations = overlaid(annotations, added)
		}
	}
	wf.SetAnnotations(overlaid(annotations, req.Annotations))
	return wf, problems, nil
}

// setParameters puts arguments into the workflow's spec.
func setParameters(wf *unstructured.Unstructured, arguments map[string]string) error {
	if len(arguments) == 0 {
		return nil
	}
	fields := objectAt(wf.Object, "spec")
	if problems := spec.ArgumentProblems(field.NewPath("spec", "arguments"), fields["arguments"]); len(problems) > 0 {
		return invalid(problems...)
	}
	spec.SetParameters(fields, arguments)
	return nil
}

// overlaid returns entries of both maps; those of over take precedence.
func overlaid(entries, over map[string]string) map[string]string {
	all := make(map[string]string, len(entries)+len(over))
	maps.Copy(all, entries)
	maps.Copy(all, over)
	return all
}
