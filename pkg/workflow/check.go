package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// arguments are a request's parameters as texts.
type arguments struct {
	required, optional map[string]string
	faulty             []string // of the required ones those that have no text
}

// checkRequest finds what is wrong with a request by itself, and drafts the workflow as far
// as the request alone allows. Values of parameters don't go into problems: they may be
// secret. Once ctx has ended, not all is looked for.
func checkRequest(ctx context.Context, req StartRequest, namespace string) (args arguments, d draft, problems field.ErrorList) {
	d, problems = checkSource(ctx, req, namespace)
	args, found := checkSettings(req)
	return args, d, append(problems, found...)
}

// checkSettings checks everything but what is to be started.
func checkSettings(req StartRequest) (args arguments, problems field.ErrorList) {
	problems = append(problems, nameProblems(field.NewPath("name"), req.Name)...)
	if req.ServiceAccount != "" {
		for _, msg := range validation.IsDNS1123Subdomain(req.ServiceAccount) {
			problems = append(problems, field.Invalid(field.NewPath("serviceAccount"), req.ServiceAccount, msg))
		}
	}
	problems = append(problems, metav1validation.ValidateLabels(req.Labels, field.NewPath("labels"))...)
	problems = append(problems, reservedLabels(field.NewPath("labels"), req.Labels)...)
	problems = append(problems, apivalidation.ValidateAnnotations(req.Annotations, field.NewPath("annotations"))...)
	problems = append(problems, reservedAnnotations(field.NewPath("annotations"), req.Annotations)...)
	problems = append(problems, evaluatedAnnotations(field.NewPath("annotations"), req.Annotations)...)
	problems = append(problems, specProblems(req)...)

	var found field.ErrorList
	args.required, args.faulty, found = parameterTexts(field.NewPath("parameters"), req.Parameters)
	problems = append(problems, found...)
	optional := field.NewPath("optionalParameters")
	args.optional, _, found = parameterTexts(optional, req.OptionalParameters)
	problems = append(problems, found...)
	for _, name := range slices.Sorted(maps.Keys(req.OptionalParameters)) {
		if _, twice := req.Parameters[name]; twice {
			problems = append(problems, field.Forbidden(keyed(optional, name), "is among the parameters too"))
		}
	}
	return args, problems
}

// checkSource checks what is to be started, and drafts it. The draft of a CronWorkflow, which
// has to be read, only has its base.
func checkSource(ctx context.Context, req StartRequest, namespace string) (d draft, problems field.ErrorList) {
	template, cron, manifest := field.NewPath("template"), field.NewPath("cronWorkflow"), field.NewPath("manifest")
	sources := 0
	named := func(path *field.Path, name string) {
		if name == "" {
			return
		}
		sources++
		for _, msg := range validation.IsDNS1123Subdomain(name) {
			problems = append(problems, field.Invalid(path, name, msg))
		}
	}
	named(template, req.Template)
	named(cron, req.CronWorkflow)
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
		sources++
		var found field.ErrorList
		d, found = parseManifest(ctx, manifest, req.Manifest, req.Name, namespace)
		problems = append(problems, found...)
		if d.obj != nil && !req.SkipTemplateCheck && ctx.Err() == nil {
			spec, _ := d.obj.Object["spec"].(map[string]any)
			problems = append(problems, misspelt(manifest.Child("spec"), spec)...)
		}
	}
	switch {
	case sources == 0:
		problems = append(problems, field.Required(template, "or cronWorkflow, or manifest: what to start"))
	case sources > 1:
		problems = append(problems, field.Forbidden(template, "only one of template, cronWorkflow and manifest"))
	}
	if sources > 1 || len(problems) > 0 && len(req.Manifest) == 0 {
		d = draft{} // it is not clear what, or of what name
	}
	if req.ClusterScope && req.Template == "" {
		problems = append(problems, field.Forbidden(field.NewPath("clusterScope"), "for a template only"))
	}
	return d, problems
}

// nameProblems are those of a new workflow's name; "" has none.
func nameProblems(path *field.Path, name string) field.ErrorList {
	if name == "" {
		return nil
	}
	problems := subdomainProblems(path, name)
	if len(name) > maxNameLength {
		problems = append(problems, field.TooLong(path, name, maxNameLength))
	}
	return problems
}

func subdomainProblems(path *field.Path, name string) (problems field.ErrorList) {
	for _, msg := range validation.IsDNS1123Subdomain(name) {
		problems = append(problems, field.Invalid(path, name, msg))
	}
	return problems
}

// checkName checks the name of a workflow that may be there. One can be longer than the client
// makes any: the API server takes up to 253 characters.
func checkName(name string) error {
	path := field.NewPath("name")
	if name == "" {
		return invalid(field.Required(path, "the workflow's name"))
	}
	if problems := subdomainProblems(path, name); len(problems) > 0 {
		return invalid(problems...)
	}
	return nil
}

// parameterTexts gives the texts of parameters or outputs, and the names of those that have none.
func parameterTexts(path *field.Path, values map[string]any) (texts map[string]string, faulty []string, problems field.ErrorList) {
	texts = make(map[string]string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !validParameterName(name) {
			problems = append(problems, field.Forbidden(keyed(path, name), parameterNameRule))
			continue
		}
		text, err := argumentText(values[name])
		if err != nil {
			faulty = append(faulty, name)
			problems = append(problems, hiddenValue(keyed(path, name), err.Error()))
			continue
		}
		texts[name] = text
	}
	return texts, faulty, problems
}

// givenNames are the names of all values that were given, sorted. faulty: those that have no text.
func givenNames(texts map[string]string, faulty []string) []string {
	return slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(faulty), maps.Keys(texts))))
}

// keyed is the path of what a map has under a name that somebody else has chosen.
func keyed(path *field.Path, name string) *field.Path { return path.Key(shownName(name)) }

// evaluatedWithin finds the texts of a value that Argo would evaluate and that are no [Expression].
func evaluatedWithin(path *field.Path, value any) (problems field.ErrorList) {
	switch v := value.(type) {
	case Expression, *Expression:
		return nil
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if expression.In(key) {
				problems = append(problems, hiddenValue(path, errEvaluated.Error()))
			}
			problems = append(problems, evaluatedWithin(keyed(path, key), v[key])...)
		}
		return problems
	case []any:
		for i, item := range v {
			problems = append(problems, evaluatedWithin(path.Index(i), item)...)
		}
		return problems
	}
	// This is how it is sent; what has no JSON is a problem of the whole.
	if text, err := json.Marshal(value); err == nil && expression.In(string(text)) {
		return field.ErrorList{hiddenValue(path, errEvaluated.Error())}
	}
	return nil
}

// evaluatedAnnotations finds what Argo would evaluate where a template refers to an annotation of
// its workflow.
func evaluatedAnnotations(path *field.Path, annotations map[string]string) (problems field.ErrorList) {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		problems = append(problems, evaluatedWithin(keyed(path, key), annotations[key])...)
	}
	return problems
}

const (
	parameterNameRule    = "a parameter's name has letters, digits, - and _ only"
	parameterNameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
)

// validParameterName: Argo's own rule.
func validParameterName(name string) bool {
	return name != "" && strings.Trim(name, parameterNameLetters) == ""
}

// hiddenValue is a problem with a value that must not be shown.
func hiddenValue(path *field.Path, detail string) *field.Error {
	return field.Invalid(path, field.OmitValueType{}, detail)
}

func specProblems(req StartRequest) (problems field.ErrorList) {
	path := field.NewPath("spec")
	forbid := func(key, instead string) {
		if _, given := req.Spec[key]; given {
			problems = append(problems, field.Forbidden(path.Child(key), instead))
		}
	}
	forbid("workflowTemplateRef", "use Template, or Manifest")
	forbid("templates", "templates come from what is started; use Manifest")
	forbid("entrypoint", "use Entrypoint")
	forbid("serviceAccountName", "use ServiceAccount")
	forbid("shutdown", "a workflow is stopped once it runs")
	if arguments, given := req.Spec["arguments"]; given {
		fields, ok := arguments.(map[string]any)
		if !ok {
			problems = append(problems, wrongType(path.Child("arguments"), "must be a map[string]any"))
		} else if _, given := fields["parameters"]; given {
			problems = append(problems, field.Forbidden(path.Child("arguments", "parameters"), "use Parameters"))
		} else {
			problems = append(problems, evaluatedWithin(path.Child("arguments"), fields)...)
		}
	}
	if spec, err := copySpec(req.Spec); err != nil {
		problems = append(problems, hiddenValue(path, err.Error()))
	} else {
		problems = append(problems, typeProblems(path, "WorkflowSpec", spec)...)
		problems = append(problems, reservedMetadata(path, spec)...)
	}
	if !req.SkipTemplateCheck {
		problems = append(problems, misspelt(path, req.Spec)...)
	}
	return problems
}

// checkObject finds what is wrong with an object that is to be created as it is.
func checkObject(wf *unstructured.Unstructured, namespace string) field.ErrorList {
	if wf == nil || wf.Object == nil {
		return field.ErrorList{field.Required(field.NewPath("object"), "a Workflow")}
	}
	return append(namelessProblems(wf), objectProblems(wf, namespace)...)
}

func namelessProblems(wf *unstructured.Unstructured) (problems field.ErrorList) {
	if wf.GetName() == "" && wf.GetGenerateName() == "" {
		problems = append(problems, field.Required(field.NewPath("metadata", "name"), "or generateName"))
	}
	return problems
}

func objectProblems(wf *unstructured.Unstructured, namespace string) (problems field.ErrorList) {
	if k := wf.GetKind(); k != "" && k != kind {
		problems = append(problems, field.NotSupported(field.NewPath("kind"), k, []string{kind}))
	}
	if v := wf.GetAPIVersion(); v != "" && v != apiVersion {
		problems = append(problems, field.NotSupported(field.NewPath("apiVersion"), v, []string{apiVersion}))
	}
	metadata := field.NewPath("metadata")
	if ns := wf.GetNamespace(); ns != "" && ns != namespace {
		problems = append(problems, field.Invalid(metadata.Child("namespace"), ns,
			fmt.Sprintf("this client works in %q; leave it out, or use a client for that namespace", namespace)))
	}
	problems = append(problems, nameProblems(metadata.Child("name"), wf.GetName())...)
	if wf.GetGenerateName() != "" {
		for _, msg := range validation.IsDNS1123Subdomain(strings.TrimRight(wf.GetGenerateName(), "-.")) {
			problems = append(problems, field.Invalid(metadata.Child("generateName"), wf.GetGenerateName(), msg))
		}
	}
	return problems
}
