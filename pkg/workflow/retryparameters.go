package workflow

import (
	"encoding/json"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// overrideProblems checks new values of parameters against the workflow: what it was started
// with, and what the controller keeps of its template.
func overrideProblems(obj *unstructured.Unstructured, parameters map[string]string) (problems field.ErrorList) {
	if len(parameters) == 0 {
		return nil
	}
	known := parametersOf(obj)
	path := field.NewPath("parameters")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		d, declared := known.declared[name]
		if !declared {
			d = known.inputs[known.entrypoint][name]
		}
		switch {
		case !known.opaque && !known.knows(name):
			problems = append(problems, field.Invalid(path, name, known.what+" has no such parameter"+choices(name, known.parameters())))
		case len(d.enum) > 0 && !slices.Contains(d.enum, parameters[name]):
			problems = append(problems, outsideEnum(path.Key(name), d.enum))
		}
	}
	return problems
}

// parametersOf finds the parameters that make a difference to a workflow: those of its own
// spec and of the spec that the controller has stored of its template. Before that is there
// it is opaque.
func parametersOf(obj *unstructured.Unstructured) templateUse {
	spec, _, _ := unstructured.NestedMap(obj.Object, "spec")
	runs, stored, _ := unstructured.NestedMap(obj.Object, "status", "storedWorkflowTemplateSpec")
	if !stored {
		runs = spec
	}
	t := newTemplate("the workflow", runs)
	t.opaque = t.opaque && !stored // the stored spec still names where it came from
	// Templates of other WorkflowTemplates, which it refers to, can read parameters too.
	templates, _, _ := unstructured.NestedMap(obj.Object, "status", "storedTemplates")
	if text, err := json.Marshal(templates); err == nil {
		t.text += string(text)
	}
	return t.use(spec, false)
}

// override sets parameters of the workflow. The controller looks at what it has stored of the
// template, where it has, and that is put together again from both at times.
func override(wf *unstructured.Unstructured, parameters map[string]string) {
	if len(parameters) == 0 {
		return
	}
	overrideIn(objectAt(wf.Object, "spec"), parameters)
	if stored, ok := objectAt(wf.Object, "status")["storedWorkflowTemplateSpec"].(map[string]any); ok {
		overrideIn(stored, parameters)
	}
}

func overrideIn(spec map[string]any, parameters map[string]string) {
	arguments := objectAt(spec, "arguments")
	list, _ := arguments["parameters"].([]any)
	left := maps.Clone(parameters)
	for _, item := range list {
		parameter, _ := item.(map[string]any)
		name, _ := parameter["name"].(string)
		if value, given := left[name]; given {
			parameter["value"] = value
			delete(parameter, "valueFrom")
			delete(left, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		list = append(list, map[string]any{"name": name, "value": left[name]})
	}
	arguments["parameters"] = list
}
