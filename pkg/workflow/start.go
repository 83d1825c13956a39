package workflow

import (
	"context"
	"errors"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// Start starts a workflow from a template, a CronWorkflow or a manifest, exactly once. It returns
// the workflow's first state, or if it found the workflow, the current one.
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
// Start finds the workflow, completed or not. The same key with a different request is
// [ErrIdempotencyMismatch], which names the fields that differ. A Name in use by another key is
// [ErrConflict]; one in use by a workflow without a key is [ErrAlreadyExists].
//
// If another workflow has the Name, [StartRequest].IfExists can make Start return or replace that
// instead.
//
// All this lasts as long as the workflow exists, or [Options.History] has it. If one was created, ran and
// was deleted (by a ttlStrategy, or by hand) before a lost attempt is repeated, and no history has it, it is
// started a second time: nothing is left to recognise. That takes a workflow that is deleted within
// [Options.RetryFor], or if a call is repeated with an IdempotencyKey, before that call. From the history,
// Start only ever returns the workflow of its key, or of an attempt of its own. If the history cannot be
// asked, a Start with a key creates nothing, and returns [ErrHistory]; docs/history.md has the details.
//
// Errors: [ErrNotFound] (no such namespace), [ErrInvalid] with an [*InvalidError] listing all
// problems, [ErrTemplateNotFound], [ErrAlreadyExists], [ErrConflict], [ErrIdempotencyMismatch],
// [ErrUnreadable] (the workflow that has the name), [ErrForbidden] (needs create;
// with an IdempotencyKey or IfExists, or to find out about a lost answer, get; see [Requirements]),
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrHistory], [ErrUnknownOutcome] (its
// Name says where to look), and the context's. With [ExistsReplace], a [*DeletionHeldError] as from Delete, and a
// [*ReplacementError] if the call fails after the old workflow was deleted.
func (c *WorkflowClient) Start(ctx context.Context, req StartRequest) (result *StartResult, err error) {
	ctx, o := c.beginCall(ctx, Call{Op: OpStart, Name: req.Name, DryRun: req.DryRun}, &err)
	defer o.emitEnd(ctx)
	sub := &submission{req: req, pacer: c.pacer(), subject: req.Name}
	obj, err := c.start(ctx, sub)
	s, err := c.started(o, OpStart, sub, obj, err)
	if s == nil {
		return nil, err
	}
	s = c.withNodes(ctx, s)
	return &StartResult{WorkflowStatus: s, Found: sub.found, Replaced: sub.replaced}, err
}

// StartResult is the result of a [WorkflowClient.Start].
type StartResult struct {
	// WorkflowStatus is the state of the workflow that was created or found.
	*status.WorkflowStatus

	// Found reports whether the workflow existed before the call. It is false if an attempt of this
	// call created the workflow, even if the response to that attempt was lost. In a dry run it
	// reports whether a start would find the workflow.
	Found bool
	// Replaced is the UID of the workflow that the call ended and deleted because of
	// [ExistsReplace], or in a dry run would end and delete. It is empty if there was none.
	Replaced types.UID
}

// submission is a start in progress. Each step of Start or Resubmit completes a part of it.
type submission struct {
	req   StartRequest
	pacer *pace.Pacer
	// subject is the name of the workflow that an error is about: what the caller gave, until a
	// request about the claimed name fails.
	subject string

	args  spec.Arguments      // of the request
	draft draft               // what is started, then with the request's settings
	send  map[string]string   // the arguments of the workflow
	claim claim               // of the workflow's name
	event func() eventDetails // what is recorded once the workflow is created

	replaced types.UID // of the workflow that had the name when the call began, and is to be replaced
	outdated types.UID // of the workflow in the history that had the key with another request when the call began
	deleted  bool      // the replaced workflow no longer exists
	found    bool      // the workflow existed before the call
	past     bool      // it is not in the cluster, but in the history
	sending  bool      // the start is recorded or sent from now on
	lost     bool      // the response to a create was lost
}

// failed returns err as the error of a request about the claimed name.
func (s *submission) failed(err error) error {
	s.subject = s.claim.Name
	return err
}

// afterDeletion returns err. If the workflow to replace is deleted, the error says so.
func (s *submission) afterDeletion(err error) error {
	if err == nil || !s.deleted {
		return err
	}
	return &ReplacementError{Replaced: s.replaced, Err: err}
}

// start checks the request, returns the workflow that its key has started before or that it may
// reuse, or drafts and creates a new one.
func (c *WorkflowClient) start(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	var problems field.ErrorList
	s.args, s.draft, problems = checkRequest(ctx, s.req, c.namespace)
	switch {
	case ctx.Err() != nil: // parsing a large manifest takes a while
		return nil, pace.Interruption(ctx, nil)
	case len(problems) > 0:
		return nil, c.invalidStart(ctx, s, problems)
	}
	fields, err := c.requestFields(s.req, s.args)
	if err != nil {
		return nil, err
	}
	s.claim = newClaim(givenTo(s.req, s.draft), s.draft.base, s.req.IdempotencyKey, fields)
	// Before the template is read: it may be deleted by now, and the workflow is what counts.
	if existing, err := c.startedBefore(ctx, s); existing != nil || err != nil {
		return existing, err
	}
	if s.req.CronWorkflow != "" && s.draft.obj == nil {
		if s.draft, err = c.cronDraft(ctx, s.pacer, s.req.CronWorkflow); err != nil {
			return nil, c.withProblems(ctx, s, err)
		}
	}
	s.event = startedFrom(s.draft)
	return c.submit(ctx, s)
}

// submit completes and checks the draft, claims its name, replaces the workflow that has it if the
// request says so, and creates it.
func (c *WorkflowClient) submit(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	if err := c.complete(ctx, s); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, pace.Interruption(ctx, nil)
	}
	if problems := spec.SetParameters(field.NewPath("spec"), s.draft.spec(), s.send); len(problems) > 0 {
		return nil, invalid(problems...)
	}
	if err := s.claim.put(s.draft.obj); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, pace.Interruption(ctx, nil) // before anything is sent, so the outcome is known
	}
	created, err := c.createRecorded(ctx, s)
	if err == nil && !s.found && !s.past && !s.req.DryRun {
		c.createEvent(ctx, created, s.event)
	}
	return created, s.afterDeletion(err)
}

// started returns the result of an operation that creates a workflow. The result is about the
// created workflow; an error is about the subject.
func (c *WorkflowClient) started(
	o *observation, op Op, sub *submission, obj *unstructured.Unstructured, err error,
) (*status.WorkflowStatus, error) {
	if err != nil {
		o.named(sub.subject)
		return nil, c.error(op, sub.subject, err)
	}
	o.named(obj.GetName())
	s, err := c.decoders.FromUnstructured(obj) // the workflow is started, even if ctx has ended
	if s != nil && sub.past {
		s.Source = status.SourceHistory
	}
	o.begun(s, sub)
	if err != nil {
		return s, c.error(op, obj.GetName(), err)
	}
	return s, nil
}

// withNodes returns the state of a found workflow with its nodes, if they are offloaded and can be read.
func (c *WorkflowClient) withNodes(ctx context.Context, s *status.WorkflowStatus) *status.WorkflowStatus {
	if c.nodeStore == nil || s.NodesErr == nil || s.OffloadVersion == "" {
		return s
	}
	with, err := c.readStatus(ctx, s.Raw())
	if err != nil {
		return s
	}
	with.Source = s.Source
	return with
}

// complete puts the request's settings into the draft, except for name and parameters, and checks it
// and the parameters against the template.
func (c *WorkflowClient) complete(ctx context.Context, s *submission) error {
	problems, err := c.fill(ctx, s)
	if err == nil && ctx.Err() != nil {
		err = pace.Interruption(ctx, nil)
	}
	if err != nil {
		return err
	}
	var found field.ErrorList
	s.send, found, err = c.checkTemplate(ctx, s)
	problems = append(problems, found...)
	if err != nil && len(problems) == 0 {
		return err
	}
	if len(problems) > 0 {
		return invalid(append(problems, problemsOf(err, s.req)...)...)
	}
	return nil
}

// invalidStart returns the error of a request that is wrong by itself: with these problems, and with
// those that it has with what it starts from, if one attempt to read that succeeds.
func (c *WorkflowClient) invalidStart(ctx context.Context, s *submission, problems field.ErrorList) error {
	ctx, cancel := context.WithTimeout(ctx, bestEffortTimeout)
	defer cancel()
	s.pacer = newPacer(time.Now())
	if s.req.CronWorkflow != "" && s.draft.base != "" {
		var err error
		s.draft, err = c.cronDraft(ctx, s.pacer, s.req.CronWorkflow)
		problems = append(problems, problemsOf(err, s.req)...)
	}
	return c.withProblems(ctx, s, invalid(problems...))
}

// withProblems returns err. If it lists problems, those that the draft has too are added.
func (c *WorkflowClient) withProblems(ctx context.Context, s *submission, err error) error {
	problems := problemsOf(err, s.req)
	if len(problems) == 0 || s.draft.obj == nil || ctx.Err() != nil {
		return err
	}
	return invalid(append(problems, problemsOf(c.complete(ctx, s), s.req)...)...)
}

// problemsOf returns the problems that err lists. A missing template is one, too.
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
func (c *WorkflowClient) fill(ctx context.Context, s *submission) (problems field.ErrorList, err error) {
	wf, req, fields := s.draft.obj, s.req, s.draft.spec()
	if err := spec.Merge(fields, req.Spec); err != nil {
		return nil, err
	}
	if req.Entrypoint != "" {
		fields["entrypoint"] = req.Entrypoint
	}
	if req.ServiceAccount != "" {
		fields["serviceAccountName"] = req.ServiceAccount
	}
	spec.Normalize(fields)
	wf.SetAPIVersion(apiVersion)
	wf.SetKind(kind)
	wf.SetNamespace(c.namespace)
	labels := overlaid(wf.GetLabels(), req.Labels)
	if c.instanceID != "" {
		labels[naming.LabelInstanceID] = c.instanceID
	}
	wf.SetLabels(labels)
	annotations := wf.GetAnnotations()
	if c.startAnnotations != nil {
		added := c.startAnnotations(ctx)
		problems = spec.AnnotationProblems(field.NewPath("options", "startAnnotations"), added)
		if s.draft.own {
			annotations = overlaid(added, annotations)
		} else {
			annotations = overlaid(annotations, added)
		}
	}
	wf.SetAnnotations(overlaid(annotations, req.Annotations))
	return problems, nil
}

// overlaid returns entries of both maps; those of over take precedence.
func overlaid(entries, over map[string]string) map[string]string {
	all := make(map[string]string, len(entries)+len(over))
	maps.Copy(all, entries)
	maps.Copy(all, over)
	return all
}
