package spec

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// SetParameters sets parameters of a spec's arguments: those that it has keep their other fields,
// and the others are appended, sorted by name, so that the same request makes the same object.
// Without values it changes nothing, and neither if it returns problems of the arguments.
func SetParameters(path *field.Path, spec map[string]any, values map[string]string) field.ErrorList {
	if len(values) == 0 {
		return nil
	}
	at, arguments := path.Child("arguments"), spec["arguments"]
	if problems := append(TypeProblems(at, TypeArguments, arguments), parameterNameProblems(at, arguments)...); len(problems) > 0 {
		return problems
	}
	setParameters(spec, values)
	return nil
}

func setParameters(spec map[string]any, values map[string]string) {
	arguments, ok := spec["arguments"].(map[string]any)
	if !ok {
		arguments = map[string]any{}
		spec["arguments"] = arguments
	}
	list, _ := arguments["parameters"].([]any)
	left := maps.Clone(values)
	for _, item := range list {
		parameter, _ := item.(map[string]any)
		name, _ := parameter["name"].(string)
		if value, given := values[name]; given {
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

// Override sets parameters of a workflow that exists. The controller reads the spec that it has
// stored of the template, if there is one, and may make that again from both.
func Override(wf *unstructured.Unstructured, values map[string]string) {
	if len(values) == 0 {
		return
	}
	spec, ok := wf.Object["spec"].(map[string]any)
	if !ok {
		spec = map[string]any{}
		wf.Object["spec"] = spec
	}
	setParameters(spec, values)
	status, _ := wf.Object["status"].(map[string]any)
	if stored, ok := status["storedWorkflowTemplateSpec"].(map[string]any); ok {
		setParameters(stored, values)
	}
}

// Normalize gives a spec the form in which every version of Argo reads it the same way: the
// parameters are strings, and the locks are in lists.
func Normalize(spec map[string]any) {
	parametersToStrings(spec)
	locksToLists(spec)
}

// parametersToStrings makes strings of the numbers and bools that YAML reads in parameters, as
// Argo's own clients do. Argo's full resource definitions refuse any other type, and null.
func parametersToStrings(spec map[string]any) {
	toString := func(in map[string]any, key string) {
		value, given := in[key]
		if s, err := StringOf(value); err == nil {
			in[key] = s
		} else if given && value == nil {
			delete(in, key)
		}
	}
	eachParameter(nil, spec, func(_ *field.Path, parameter map[string]any) {
		for _, key := range []string{"value", "default", "description"} {
			toString(parameter, key)
		}
		if from, ok := parameter["valueFrom"].(map[string]any); ok {
			toString(from, "default")
		}
		allowed, _ := parameter["enum"].([]any)
		for i, value := range allowed {
			if s, err := StringOf(value); err == nil {
				allowed[i] = s
			}
		}
	})
}

// inexactParameters finds the numbers among a manifest's parameters that may have been written in
// another way than they are printed, so that the string would differ.
func inexactParameters(path *field.Path, spec map[string]any) (problems field.ErrorList) {
	check := func(path *field.Path, value any) {
		if len(problems) < maxProblems && wfjson.Inexact(value) {
			problems = append(problems, Hidden(path, "has a number that is too large to be kept as it is written; quote it"))
		}
	}
	eachParameter(path, spec, func(path *field.Path, parameter map[string]any) {
		for _, key := range []string{"value", "default", "enum", "description"} {
			check(path.Child(key), parameter[key])
		}
		if from, ok := parameter["valueFrom"].(map[string]any); ok {
			check(path.Child("valueFrom", "default"), from["default"])
		}
	})
	return problems
}
