package workflow

import (
	"context"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// StartRequest describes the workflow to start.
type StartRequest struct {
	// Template is a WorkflowTemplate of the client's namespace or, with ClusterScope, a
	// ClusterWorkflowTemplate. One of Template, CronWorkflow and Manifest is required.
	Template     string
	ClusterScope bool
	// CronWorkflow is the name of a CronWorkflow of the namespace. Start starts what it would start
	// now, owned by it. The error is [ErrInvalid] if a workflow cannot have its arguments, template
	// reference, labels or annotations.
	CronWorkflow string
	// Manifest is a Workflow in YAML or JSON, at most 3 MiB, also with its aliases expanded. Any
	// other document in it must be empty. Name takes precedence over the manifest's name; a
	// generateName is the base of a generated name. A syntax error names its line.
	//
	// Fields that a new workflow cannot have are refused. So are, within the spec, fields that are
	// probably misspelt, and calls of templates that it does not have. The controller checks the
	// rest. Parameters that are numbers or bools are sent as strings, as Argo's own clients do;
	// numbers that are too large to be exact are refused. synchronization.mutex and semaphore are
	// sent as mutexes and semaphores, which all versions of Argo read.
	Manifest []byte
	// Name is the workflow's name, at most 63 characters. If it is empty, the name is derived from
	// the IdempotencyKey, or else generated from the name of what is started.
	Name string
	// Entrypoint is the template to run within what is started. It defaults to the entrypoint of
	// what is started.
	Entrypoint string
	// Parameters are the workflow's arguments. Strings are passed unchanged. Numbers, bools and
	// durations are sent in their usual notation, and everything else as JSON. To keep the
	// template's value, leave a parameter out. docs/concepts.md has a table of all types.
	//
	// The following values are refused: strings that Argo would change (because they contain {{,
	// unless the type is [Expression], or characters that it cannot substitute into a template);
	// types without a single form as a string ([]byte, an error, a [fmt.Stringer] without
	// MarshalText or MarshalJSON); secrets that mask themselves, such as a backfill.Secret, also
	// within a value; values that contain themselves; and nil.
	Parameters map[string]any
	// OptionalParameters are further arguments. Each is sent only if the template declares or uses
	// it, if a template that it calls by a templateRef uses it, or if Spec uses it. If one of these
	// templates cannot be read, all are sent. A name must not be in both Parameters and
	// OptionalParameters.
	OptionalParameters map[string]any
	// AllowUnknownParameters also sends Parameters that the template neither declares nor uses. By
	// default they are refused, since most are misspelt. For a parameter that the template does not
	// know, Start also reads the templates that it calls by a templateRef, at most 16. If one of
	// those cannot be read, Start does not refuse any parameter as unknown.
	AllowUnknownParameters bool
	// SkipTemplateCheck starts the workflow without reading or checking the template, wherever it
	// comes from. The entrypoint, parameters, enums and the spelling of fields are left to the
	// controller, and all OptionalParameters are sent. It is for clusters whose workflowDefaults
	// complete what is started, for example with an entrypoint or arguments, since the client
	// cannot see those. A mistake then shows as a workflow that fails seconds later.
	SkipTemplateCheck bool
	// ServiceAccount is the service account of the workflow's pods. It defaults to the template's.
	// It does not limit permissions: a template of the workflow, or a podSpecPatch, can name
	// another service account of the namespace, so a workflow has the permissions of all of them. A
	// controller with templateReferencing Strict or Secure ends a workflow with a ServiceAccount as
	// Error; see docs/compatibility.md.
	ServiceAccount string
	// Labels and Annotations are added to the workflow. Those that only Argo or this client may set
	// are refused, here, in a Manifest and in the workflowMetadata of what is started. Of
	// workflows.argoproj.io/ these are the labels completed, phase, workflow-archiving-status,
	// creator…, actor…, action, controller-instanceid, cron-workflow and resubmitted-from-workflow.
	// Of argoservice.opensearch.org/ these are the names start, idempotency-key, retry-id and
	// asked-again. Annotations that contain {{ are refused too, since Argo would evaluate it where
	// a template refers to them.
	Labels, Annotations map[string]string
	// Spec sets further fields of the workflow's spec, such as {"priority": 3}. They replace those
	// of a CronWorkflow or Manifest. A field that another part of the request sets is refused. A
	// controller with templateReferencing Strict or Secure allows few of them; see
	// docs/compatibility.md. Values of any Go types are sent as JSON. Refused are those that have
	// none, and integers beyond 64 bits with a sign, of which an object does not keep all digits.
	Spec map[string]any
	// IdempotencyKey makes every Start with the same key return the same workflow of the namespace,
	// across processes and restarts, for as long as that workflow exists or [Options.History] has it.
	//
	// Use a key either always with the same Name, or always without one. Without a Name, the
	// workflow's name is derived from the key alone, so the API server decides between processes
	// that start at the same time. With a Name, the Name is what is unique. The key under a second
	// Name is [ErrIdempotencyMismatch] if a list shows the first workflow. That takes one more request, and is
	// omitted without permission to list. Two processes that use two Names at the same moment both
	// create a workflow.
	//
	// The workflow stores a hash of the key, never the key itself, and HMACs of the request's
	// fields under the key. A reader that can guess the key can also check a guess of a value.
	IdempotencyKey string
	// IfExists says what a Start does if another workflow has the Name, or the name in the Manifest.
	// It defaults to [ExistsFail]. The workflow of the same IdempotencyKey and request is always
	// found, whatever the policy is. Without a name there is nothing to choose, since the name is
	// then generated or derived from the key: any policy but ExistsFail is [ErrInvalid].
	IfExists ExistsPolicy
	// DryRun makes the API server check the request, and returns what a start would return, without
	// changing anything: what would be created, or the workflow that would be found.
	DryRun bool
}

// ExistsPolicy is what a Start does if another workflow has its name.
type ExistsPolicy string

const (
	// ExistsFail refuses the start. It is the default.
	ExistsFail ExistsPolicy = "fail"
	// ExistsReuse returns the workflow that has the name, as found: running or completed, of any
	// request, with another idempotency key or none. A workflow that is being deleted, and one of
	// another instance ID, are [ErrAlreadyExists]. The instance ID is another one if it is neither
	// the client's nor that of the workflow to start, which can be the CronWorkflow's.
	ExistsReuse ExistsPolicy = "reuse"
	// ExistsReplace ends and deletes the workflow that has the name, and then starts the new one.
	//
	// Before it changes anything, Start makes all checks, has the API server check the new workflow
	// under a free name, and checks that the caller may delete the old one. Then it stops the old
	// workflow, so that exit handlers run, and blocks until it has ended. It deletes the workflow in
	// the foreground, and blocks until the workflow, its pods, its task results and its task set are
	// deleted, since the controller would take those for the new workflow's. Then it creates the new
	// one. A workflow that no controller has begun to run is deleted without waiting for its end.
	// Only ctx limits how long all this takes.
	//
	// Start replaces the workflow that has the name when it reads it first. If another client takes
	// the name later, the error is [ErrAlreadyExists], so two replacements don't end each other's
	// workflows. So is a workflow of another instance ID; see ExistsReuse. If a finalizer keeps the
	// old workflow, the error is a [*DeletionHeldError].
	//
	// A call that fails or is interrupted may have stopped or deleted the old workflow without
	// creating the new one. If the old workflow is deleted, the error is a [*ReplacementError]. A
	// cause that cannot be checked before is a quota of workflows: the old one counts until it is
	// deleted. Repeat the call to go on. With an IdempotencyKey, it then finds the new workflow if
	// that was created; without one, it replaces that too.
	ExistsReplace ExistsPolicy = "replace"
)

// existsProblems returns the problems of IfExists. name is the name that the request gives.
func existsProblems(policy ExistsPolicy, name string) field.ErrorList {
	path := field.NewPath("ifExists")
	switch policy {
	case "", ExistsFail:
	case ExistsReuse, ExistsReplace:
		if name == "" {
			return field.ErrorList{field.Forbidden(path, "applies to a given name; set name")}
		}
	default:
		return field.ErrorList{field.NotSupported(path, policy, []ExistsPolicy{ExistsFail, ExistsReuse, ExistsReplace})}
	}
	return nil
}

// checkRequest returns the problems of the request itself, its arguments, and a draft of the
// workflow as far as the request alone determines it. If ctx has ended, it does not check
// everything.
func checkRequest(ctx context.Context, req StartRequest, namespace string) (args spec.Arguments, d draft, problems field.ErrorList) {
	d, problems = checkSource(ctx, req, namespace)
	if len(req.Manifest) == 0 || d.obj != nil { // otherwise the manifest may have a name
		problems = append(problems, existsProblems(req.IfExists, givenTo(req, d))...)
	}
	args, found := checkSettings(req)
	return args, d, append(problems, found...)
}

// givenTo returns the name that the request or its manifest gives to the workflow, or "".
func givenTo(req StartRequest, d draft) string {
	if req.Name == "" && d.obj != nil {
		return d.obj.GetName()
	}
	return req.Name
}

// checkSettings checks everything except the source of the workflow.
func checkSettings(req StartRequest) (args spec.Arguments, problems field.ErrorList) {
	problems = append(problems, spec.NameProblems(field.NewPath("name"), req.Name)...)
	if req.ServiceAccount != "" {
		problems = append(problems, spec.SubdomainProblems(field.NewPath("serviceAccount"), req.ServiceAccount)...)
	}
	problems = append(problems, spec.LabelProblems(field.NewPath("labels"), req.Labels)...)
	problems = append(problems, spec.AnnotationProblems(field.NewPath("annotations"), req.Annotations)...)
	problems = append(problems, specProblems(req)...)

	var found field.ErrorList
	args.Required, args.Faulty, found = parameterStrings(field.NewPath("parameters"), req.Parameters)
	problems = append(problems, found...)
	optional := field.NewPath("optionalParameters")
	args.Optional, _, found = parameterStrings(optional, req.OptionalParameters)
	problems = append(problems, found...)
	for _, name := range slices.Sorted(maps.Keys(req.OptionalParameters)) {
		if _, twice := req.Parameters[name]; twice {
			problems = append(problems, field.Forbidden(shown.Key(optional, name), "is also among the parameters"))
		}
	}
	return args, problems
}

// specProblems returns the problems of the request's Spec.
func specProblems(req StartRequest) (problems field.ErrorList) {
	path := field.NewPath("spec")
	for _, other := range []struct{ key, instead string }{
		{"workflowTemplateRef", "use Template, or Manifest"},
		{"templates", "templates come from what is started; use Manifest"},
		{"entrypoint", "use Entrypoint"},
		{"serviceAccountName", "use ServiceAccount"},
		{"shutdown", "a new workflow cannot be shut down; stop it once it runs"},
	} {
		if _, given := req.Spec[other.key]; given {
			problems = append(problems, field.Forbidden(path.Child(other.key), other.instead))
		}
	}
	if _, err := spec.Copy(req.Spec); err != nil { // the further checks would not end in a value that contains itself
		return append(problems, spec.Hidden(path, err.Error()))
	}
	if arguments, given := req.Spec["arguments"]; given {
		fields, ok := arguments.(map[string]any)
		if !ok {
			problems = append(problems, field.TypeInvalid(path.Child("arguments"), field.OmitValueType{}, "must be a map[string]any"))
		} else if _, given := fields["parameters"]; given {
			problems = append(problems, field.Forbidden(path.Child("arguments", "parameters"), "use Parameters"))
		} else {
			problems = append(problems, spec.Evaluated(path.Child("arguments"), fields, isExpression)...)
		}
	}
	problems = append(problems, spec.FieldProblems(path, req.Spec)...)
	if !req.SkipTemplateCheck {
		problems = append(problems, spec.Misspelt(path, req.Spec)...)
	}
	return problems
}

// checkSource checks the source of the workflow and drafts it. The draft for a CronWorkflow, which
// the caller has to read, has only its base.
func checkSource(ctx context.Context, req StartRequest, namespace string) (d draft, problems field.ErrorList) {
	template, cron := field.NewPath("template"), field.NewPath("cronWorkflow")
	sources := 0
	for _, given := range []bool{req.Template != "", req.CronWorkflow != "", len(req.Manifest) > 0} {
		if given {
			sources++
		}
	}
	if req.Template != "" {
		problems = append(problems, spec.SubdomainProblems(template, req.Template)...)
	}
	if req.CronWorkflow != "" {
		problems = append(problems, spec.SubdomainProblems(cron, req.CronWorkflow)...)
	}
	switch {
	case req.Template != "":
		d = templateDraft(status.TemplateRef{Name: req.Template, ClusterScope: req.ClusterScope})
	case req.CronWorkflow != "":
		d = draft{base: req.CronWorkflow}
		if most := validation.LabelValueMaxLength; len(req.CronWorkflow) > most {
			problems = append(problems, field.TooLong(cron, req.CronWorkflow, most)) // its workflows have it as a label
		}
	}
	if len(req.Manifest) > 0 {
		var found field.ErrorList
		d, found = manifestDraft(ctx, req, namespace)
		problems = append(problems, found...)
	}
	switch {
	case sources == 0:
		problems = append(problems, field.Required(template, "or cronWorkflow, or manifest: what to start"))
	case sources > 1:
		problems = append(problems, field.Forbidden(template, "set only one of template, cronWorkflow and manifest"))
	}
	if sources > 1 || len(problems) > 0 && len(req.Manifest) == 0 {
		d = draft{} // what to start, or its name, is not clear
	}
	if req.ClusterScope && req.Template == "" {
		problems = append(problems, field.Forbidden(field.NewPath("clusterScope"), "applies to a template only"))
	}
	return d, problems
}
