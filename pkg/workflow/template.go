package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/dynamic"
)

// checkTemplate checks a request against the template it starts from. It returns the
// arguments to send: of the optional ones, those that the template knows.
func (c *WorkflowClient) checkTemplate(
	ctx context.Context, p *pacer, req StartRequest, args arguments,
) (map[string]string, error) {
	templates := c.templates
	if req.ClusterScope {
		templates = c.clusterTemplates
	}
	obj, err := read(ctx, p, func() (*unstructured.Unstructured, error) {
		return templates.Get(ctx, req.Template, metav1.GetOptions{})
	})
	texts := maps.Clone(args.required)
	switch {
	case apierrors.IsForbidden(err):
		maps.Copy(texts, args.optional)
		return texts, nil // the controller will check
	case apierrors.IsNotFound(err) && !missingResource(err):
		return nil, c.templateNotFound(ctx, templates, req, err)
	case err != nil:
		return nil, err
	}
	t := newTemplate(obj, req)
	for name, text := range args.optional {
		if t.opaque || t.knows(name) {
			texts[name] = text
		}
	}
	if problems := t.problems(req, texts); len(problems) > 0 {
		return nil, invalid(problems...)
	}
	return texts, nil
}

func (c *WorkflowClient) templateNotFound(
	ctx context.Context, templates dynamic.ResourceInterface, req StartRequest, cause error,
) error {
	what := fmt.Sprintf("workflowtemplate %q in namespace %q", req.Template, c.namespace)
	if req.ClusterScope {
		what = fmt.Sprintf("clusterworkflowtemplate %q", req.Template)
	}
	// A help for the reader only: without permission to list, the text just says less.
	hint := ""
	if list, err := templates.List(ctx, metav1.ListOptions{Limit: 500}); err == nil {
		var names []string
		for i := range list.Items {
			names = append(names, list.Items[i].GetName())
		}
		hint = choices(req.Template, names)
	}
	return fmt.Errorf("%w: %s%s: %w", ErrTemplateNotFound, what, hint, cause)
}

// template is what a WorkflowTemplate asks of those who start it.
type template struct {
	name        string
	entrypoint  string   // what will run; "" if neither template nor request names one
	entrypoints []string // what can be run
	declared    map[string]declaration
	inputs      map[string]declaration // of the entrypoint
	text        string                 // the spec as JSON, to look for uses of parameters in
	opaque      bool                   // it refers to yet another template as a whole
}

type declaration struct {
	hasValue, hasDefault bool
	enum                 []string
}

func newTemplate(obj *unstructured.Unstructured, req StartRequest) template {
	spec, _, _ := unstructured.NestedMap(obj.Object, "spec")
	t := template{name: obj.GetName(), declared: declarations(spec, "arguments"), entrypoint: req.Entrypoint}
	if t.entrypoint == "" {
		t.entrypoint, _, _ = unstructured.NestedString(spec, "entrypoint")
	}
	items, _, _ := unstructured.NestedSlice(spec, "templates")
	for _, item := range items {
		inner, _ := item.(map[string]any)
		name, _, _ := unstructured.NestedString(inner, "name")
		t.entrypoints = append(t.entrypoints, name)
		if name == t.entrypoint {
			t.inputs = declarations(inner, "inputs")
		}
	}
	_, t.opaque = spec["workflowTemplateRef"]
	if text, err := json.Marshal(spec); err == nil {
		t.text = string(text)
	}
	return t
}

func declarations(of map[string]any, key string) map[string]declaration {
	items, _, _ := unstructured.NestedSlice(of, key, "parameters")
	found := make(map[string]declaration, len(items))
	for _, item := range items {
		fields, _ := item.(map[string]any)
		name, _ := fields["name"].(string)
		var d declaration
		d.hasValue = fields["value"] != nil || fields["valueFrom"] != nil
		d.hasDefault = fields["default"] != nil
		allowed, _ := fields["enum"].([]any)
		for _, value := range allowed {
			if text, err := parameterText(value); err == nil {
				d.enum = append(d.enum, text)
			}
		}
		found[name] = d
	}
	return found
}

func (t template) problems(req StartRequest, texts map[string]string) (problems field.ErrorList) {
	if t.opaque {
		return nil
	}
	entrypoint := field.NewPath("entrypoint")
	switch {
	case t.entrypoint == "":
		problems = append(problems, field.Required(entrypoint,
			fmt.Sprintf("template %q names none%s", t.name, choices("", t.entrypoints))))
	case !slices.Contains(t.entrypoints, t.entrypoint):
		problems = append(problems, field.Invalid(entrypoint, t.entrypoint,
			fmt.Sprintf("template %q has no such entrypoint%s", t.name, choices(t.entrypoint, t.entrypoints))))
	}

	path := field.NewPath("parameters")
	for _, name := range slices.Sorted(maps.Keys(t.declared)) {
		// A default is none here: Argo ignores it for the arguments of a workflow.
		if _, given := texts[name]; !given && !t.declared[name].hasValue {
			problems = append(problems, field.Required(path.Key(name), fmt.Sprintf("template %q has no value for it", t.name)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.inputs)) {
		_, given := texts[name]
		_, declared := t.declared[name]
		if input := t.inputs[name]; !given && !declared && !input.hasValue && !input.hasDefault {
			problems = append(problems, field.Required(path.Key(name), fmt.Sprintf("entrypoint %q needs it", t.entrypoint)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		d, declared := t.declared[name]
		if !declared {
			d = t.inputs[name]
		}
		switch {
		case !req.AllowUnknownParameters && !t.knows(name):
			problems = append(problems, field.Invalid(path, name,
				fmt.Sprintf("template %q has no such parameter%s", t.name, choices(name, t.parameters()))))
		case len(d.enum) > 0 && !slices.Contains(d.enum, texts[name]):
			problems = append(problems, hiddenValue(path.Key(name), "must be one of: "+strings.Join(d.enum, ", ")))
		}
	}
	return problems
}

// knows reports whether a parameter of that name makes a difference to the template.
func (t template) knows(name string) bool {
	_, declared := t.declared[name]
	_, isInput := t.inputs[name]
	return declared || isInput || t.uses(name)
}

// uses reports whether the template reads a parameter that it doesn't declare:
// {{workflow.parameters.name}}, its forms in expressions, or all parameters at once.
func (t template) uses(name string) bool {
	quoted := regexp.QuoteMeta(name)
	use := `workflow\.parameters(\.json|\.` + quoted + `|\[\\?['"]` + quoted + `\\?['"]\])?[^-\w.\[]`
	return regexp.MustCompile(use).MatchString(t.text)
}

func (t template) parameters() []string {
	all := maps.Clone(t.declared)
	maps.Copy(all, t.inputs)
	return slices.Sorted(maps.Keys(all))
}
