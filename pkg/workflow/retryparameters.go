package workflow

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// overrideProblems checks new values of parameters against what is known of the workflow. faulty:
// those that are given too, but have no text.
func overrideProblems(known templateUse, parameters map[string]string, faulty []string) field.ErrorList {
	if len(parameters)+len(faulty) == 0 {
		return nil
	}
	known.allowUnknown = known.opaque
	return known.givenProblems(parameters, faulty)
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
	// Templates of other WorkflowTemplates, which it refers to, can read parameters too. Those that have
	// run are stored.
	templates, _, _ := unstructured.NestedMap(obj.Object, "status", "storedTemplates")
	t.reads.within(templates)
	t.calls.within(templates)
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
