package workflow

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// StartRequest says what to start.
type StartRequest struct {
	// Template is a WorkflowTemplate of the client's namespace or, with ClusterScope, a
	// ClusterWorkflowTemplate. One of Template, CronWorkflow and Manifest is required.
	Template     string
	ClusterScope bool
	// CronWorkflow starts what that CronWorkflow of the namespace would start now, owned by it.
	// One whose arguments, template reference, labels or annotations no workflow can have is
	// [ErrInvalid].
	CronWorkflow string
	// Manifest is a Workflow as YAML or JSON, alone among its documents but for empty ones, of at most
	// 3 MiB, also with its aliases written out.
	// Its name counts unless Name is given; a generateName is what a name is made from.
	// Mistakes of syntax are told with their line. Fields that a new workflow doesn't have are
	// refused, within the spec those that are probably misspelt, and calls of templates that it
	// doesn't have; what else Argo validates is left to the controller. Its parameters' numbers and bools are sent as texts, as Argo's own clients do;
	// numbers too large for that to be exact are refused. Its synchronization.mutex and semaphore
	// are sent as mutexes and semaphores, which all versions of Argo read.
	Manifest []byte
	// Name is the workflow's name, at most 63 characters; "": made from the IdempotencyKey, or else
	// from the name of what is started.
	Name string
	// Entrypoint is the template within what is started to run; "": the one that it names.
	Entrypoint string
	// Parameters are the workflow's arguments. Texts arrive as they are; numbers, bools and
	// durations go in their usual notation, everything else as JSON. Refused are texts that Argo
	// would change ({{ in them, unless their type is [Expression], or characters that it can't put
	// into a template), types of which it is not clear what is meant ([]byte, an error, a
	// [fmt.Stringer] without MarshalText or MarshalJSON), secrets that mask themselves, such as a
	// backfill.Secret, also within a value, and nil: leave a parameter out to have the template's value. docs/concepts.md has a table of all.
	Parameters map[string]any
	// OptionalParameters are further arguments, each sent only if the template declares or
	// uses it, or calls another one by a templateRef that uses it, or Spec does; all of them where the
	// template, or one that it calls, cannot be read. A name in both is a problem.
	OptionalParameters map[string]any
	// AllowUnknownParameters also sends Parameters that the template neither declares nor
	// uses. They are refused by default, since most are misspelt. For one that the template does not
	// know those that it calls by a templateRef are read too, 16 at most; where one of
	// them cannot be read none is called unknown.
	AllowUnknownParameters bool
	// SkipTemplateCheck starts without reading or judging the template, whichever way it is
	// given: entrypoint, parameters, enums and the spelling of fields are left to the controller, and all
	// OptionalParameters are sent. It is for clusters whose workflowDefaults complete what is
	// started, e.g. with an entrypoint or arguments, which the client cannot see. What is
	// wrong then shows as a workflow that fails seconds later.
	SkipTemplateCheck bool
	// ServiceAccount is that of the workflow's pods; "": the template's. It is a default and not a
	// boundary: a template of the workflow, or a podSpecPatch, can name another service account of the
	// namespace, so a workflow has the permissions of all of them. A controller that is set to
	// templateReferencing Strict or Secure ends a workflow Error that has one; see
	// docs/compatibility.md.
	ServiceAccount string
	// Labels and Annotations are put on the workflow. Those that only Argo or this client sets are
	// refused, here, in a Manifest and in the workflowMetadata of what is started: of
	// workflows.argoproj.io/ the labels completed, phase, workflow-archiving-status, creator…, actor…,
	// action, controller-instanceid, cron-workflow and resubmitted-from-workflow, and of
	// argoservice.opensearch.org/ the marks start, idempotency-key, retry-id and asked-again. So are
	// annotations with {{ in them, which a template that refers to one would evaluate.
	Labels, Annotations map[string]string
	// Spec has further fields of the workflow's spec, e.g. {"priority": 3}, in place of those
	// that a CronWorkflow or Manifest has. A field that another part of the request stands for
	// is refused here. A controller that is set to templateReferencing Strict or Secure allows few of
	// them; see docs/compatibility.md.
	Spec map[string]any
	// IdempotencyKey makes Start with the same key the same workflow of the namespace, across
	// processes and restarts, for as long as that workflow exists. Without a Name, the workflow's
	// name is made from the key alone, so the API server decides between processes that start at the
	// same time. With a Name, the Name is what is unique: the key under a second Name is
	// [ErrConflict] if a list shows the first workflow (one request more, left out without permission
	// to list), but two processes that use two Names at the same moment both create one. So use a key
	// always with its Name, or always without.
	//
	// The workflow keeps a hash of the key, never the key, and HMACs of the request's fields under
	// the key. Whoever can guess the key can check a guess of a value, too.
	IdempotencyKey string
	// DryRun has the API server check the request and returns what would be created. Where the
	// IdempotencyKey has started its workflow already, the error is a [*FoundError].
	DryRun bool
}

// Start starts a workflow from a template, a CronWorkflow or a manifest, exactly once, and
// returns its first state.
//
// The request is checked before anything is created: against the rules of the API, and
// against the template, which is read first, or was read at most [Options.TemplateMaxAge]
// ago. Argo itself reports an unknown template or entrypoint, or a missing parameter, only as
// a workflow that fails seconds later. Where the caller may not read templates this second
// check is left out. One [*InvalidError] has the problems of both: a request that is wrong by itself
// is held against the template too, if that can be read within two seconds. Each value is also held
// against Argo's types: one that Argo cannot decode, in any source, is [ErrInvalid], also with
// SkipTemplateCheck, since it would end a controller of 4.x.
//
// The client chooses the name, so an attempt whose answer was lost is repeated without
// harm: finding its own workflow there is success. With an IdempotencyKey that holds
// across calls too: a further Start returns the workflow as it is by now, ended or not. The
// same key with a different request is [ErrConflict], which names the fields that differ; so is a
// Name in use by another key. A Name in use by a workflow without a key is [ErrAlreadyExists].
//
// All this lasts as long as the workflow exists. One that was created, ran and was deleted (by a
// ttlStrategy, or by hand) before a lost attempt is repeated is started a second time: nothing is
// left to tell. That takes a workflow that is gone within [Options.RetryFor], or for a call that is
// repeated with an IdempotencyKey, before that call.
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
	ctx context.Context, p *pace.Pacer, d draft, req StartRequest, args arguments, mark marker, tells func() happening,
) (*unstructured.Unstructured, error) {
	wf, texts, err := c.complete(ctx, p, d, req, args)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, pace.Interruption(ctx, nil)
	}
	if err := setParameters(wf, texts); err != nil {
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
// it starts from. It returns the parameters to send.
func (c *WorkflowClient) complete(
	ctx context.Context, p *pace.Pacer, d draft, req StartRequest, args arguments,
) (wf *unstructured.Unstructured, texts map[string]string, err error) {
	wf, spec, problems, err := c.fill(ctx, d, req)
	if err == nil && ctx.Err() != nil {
		err = pace.Interruption(ctx, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	texts, found, err := c.checkTemplate(ctx, p, d.what, spec, args, req)
	problems = append(problems, found...)
	if err != nil && len(problems) == 0 {
		return nil, nil, err
	}
	if len(problems) > 0 {
		return nil, nil, invalid(append(problems, problemsOf(err, req)...)...)
	}
	return wf, texts, nil
}

// invalidStart is the error of a request that has problems by itself: these, and those that it has
// beside what it starts from, as far as one attempt to read that tells. d: what is to be started, if
// that much is clear.
func (c *WorkflowClient) invalidStart(ctx context.Context, d draft, req StartRequest, args arguments, problems field.ErrorList) error {
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
func (c *WorkflowClient) withProblems(ctx context.Context, p *pace.Pacer, d draft, req StartRequest, args arguments, err error) error {
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
		return field.ErrorList{hiddenValue(sourcePath(req), err.Error())}
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
func (c *WorkflowClient) fill(
	ctx context.Context, d draft, req StartRequest,
) (wf *unstructured.Unstructured, spec map[string]any, problems field.ErrorList, err error) {
	wf = d.obj
	spec, _ = wf.Object["spec"].(map[string]any)
	if err := mergeSpec(spec, req.Spec); err != nil {
		return nil, nil, nil, err
	}
	if req.Entrypoint != "" {
		spec["entrypoint"] = req.Entrypoint
	}
	if req.ServiceAccount != "" {
		spec["serviceAccountName"] = req.ServiceAccount
	}
	parametersToTexts(spec)
	locksToLists(spec)
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
		fresh := c.startAnnotations(ctx)
		path := field.NewPath("options", "startAnnotations")
		problems = slices.Concat(apivalidation.ValidateAnnotations(fresh, path), reservedAnnotations(path, fresh),
			evaluatedAnnotations(path, fresh))
		if d.own {
			annotations = overlaid(fresh, annotations)
		} else {
			annotations = overlaid(annotations, fresh)
		}
	}
	wf.SetAnnotations(overlaid(annotations, req.Annotations))
	return wf, spec, problems, nil
}

func overlaid(texts, over map[string]string) map[string]string {
	all := make(map[string]string, len(texts)+len(over))
	maps.Copy(all, texts)
	maps.Copy(all, over)
	return all
}
