package spec

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Template is what a spec asks of the workflows that run it: the spec of a WorkflowTemplate, or of
// a workflow that has its own templates. It does not change.
type Template struct {
	subject    string                            // names it in problems, for example `template "bulk-load"`
	entrypoint string                            // "" if it names none
	inputs     map[string]map[string]declaration // by entrypoint and parameter
	declared   map[string]declaration            // the arguments, by parameter
	reads      parameterReads
	calls      templateCalls
	exits      []exitHandler
	opaque     bool            // it refers to another template as a whole, so its parameters are unknown
	problems   field.ErrorList // those that it has whatever runs it
}

// declaration is what a template says of a parameter.
type declaration struct {
	hasValue, hasDefault bool
	value                string // "" also if the value comes from elsewhere
	enum                 []string
}

// NewTemplate returns the template that a spec is. subject names it in problems.
func NewTemplate(subject string, spec map[string]any) *Template {
	t := &Template{subject: subject, declared: declarations(spec, "arguments"), inputs: map[string]map[string]declaration{}}
	t.entrypoint, _, _ = unstructured.NestedString(spec, "entrypoint")
	items, _, _ := unstructured.NestedSlice(spec, "templates")
	for _, item := range items {
		inner, _ := item.(map[string]any)
		name, _, _ := unstructured.NestedString(inner, "name")
		t.inputs[name] = declarations(inner, "inputs")
	}
	t.opaque = spec["workflowTemplateRef"] != nil
	t.reads.addFrom(spec)
	t.calls.addFrom(spec)
	t.exits = exitHandlers(spec)
	return t
}

// TemplateOf returns the template that a WorkflowTemplate or ClusterWorkflowTemplate of that name
// is. A workflow that runs it has the problems of the object, too.
func TemplateOf(name string, obj *unstructured.Unstructured) *Template {
	spec, _, _ := unstructured.NestedMap(obj.Object, "spec")
	t := NewTemplate(fmt.Sprintf("template %q", name), spec)
	path := field.NewPath("template", "spec")
	t.problems = append(reservedMetadata(path, spec), TypeProblems(path, TypeSpec, obj.Object["spec"])...)
	return t
}

// Ref returns the reference to the template that a workflow's spec starts from. Its name is empty
// if the spec has its own templates.
func Ref(spec map[string]any) status.TemplateRef {
	fields, _, _ := unstructured.NestedMap(spec, "workflowTemplateRef")
	name, _ := fields["name"].(string)
	clusterScope, _ := fields["clusterScope"].(bool)
	return status.TemplateRef{Name: name, ClusterScope: clusterScope}
}

// exitHandler is a template that runs at the end of a workflow.
type exitHandler struct {
	in   status.TemplateRef // without a name: the workflow's own templates
	name string
}

// exitHandlers returns those that Argo passes the workflow's arguments to, so that these can be
// their inputs: that of onExit, and that of the hook exit, unless it has arguments of its own.
func exitHandlers(spec map[string]any) (handlers []exitHandler) {
	if name, _, _ := unstructured.NestedString(spec, "onExit"); name != "" {
		handlers = append(handlers, exitHandler{name: name})
	}
	hook, _, _ := unstructured.NestedMap(spec, "hooks", "exit")
	arguments, _ := hook["arguments"].(map[string]any)
	parameters, _ := arguments["parameters"].([]any)
	artifacts, _ := arguments["artifacts"].([]any)
	if hook == nil || len(parameters)+len(artifacts) > 0 {
		return handlers
	}
	if ref, elsewhere := hook["templateRef"].(map[string]any); elsewhere {
		name, _ := ref["template"].(string)
		return append(handlers, exitHandler{in: calledRef(ref), name: name})
	}
	name, _ := hook["template"].(string)
	return append(handlers, exitHandler{name: name})
}

// declarations returns the parameters that the arguments of a spec or the inputs of a template
// declare, by name.
func declarations(of map[string]any, key string) map[string]declaration {
	items, _, _ := unstructured.NestedSlice(of, key, "parameters")
	found := make(map[string]declaration, len(items))
	for _, item := range items {
		fields, _ := item.(map[string]any)
		name, _ := fields["name"].(string)
		if name == "" {
			continue // parameterNameProblems reports it
		}
		var d declaration
		if value, err := StringOf(fields["value"]); err == nil {
			d.value, d.hasValue = value, true
		}
		d.hasValue = d.hasValue || fields["valueFrom"] != nil
		d.hasDefault = fields["default"] != nil
		allowed, _ := fields["enum"].([]any)
		for _, value := range allowed {
			if s, err := StringOf(value); err == nil {
				d.enum = append(d.enum, s)
			}
		}
		found[name] = d
	}
	return found
}
