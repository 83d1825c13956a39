package workflow

import (
	"maps"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// parametersToTexts makes texts of the numbers and bools that YAML has for parameters, as
// Argo's own clients do: its full resource definitions refuse anything else.
func parametersToTexts(spec map[string]any) {
	toText := func(in map[string]any, key string) {
		value, given := in[key]
		if text, ok := textOf(value); ok {
			in[key] = text
		} else if given && value == nil {
			delete(in, key) // those refuse null too
		}
	}
	eachParameter(nil, spec, func(_ *field.Path, parameter map[string]any) {
		for _, key := range []string{"value", "default", "description"} {
			toText(parameter, key)
		}
		if from, ok := parameter["valueFrom"].(map[string]any); ok {
			toText(from, "default")
		}
		allowed, _ := parameter["enum"].([]any)
		for i, value := range allowed {
			if text, ok := textOf(value); ok {
				allowed[i] = text
			}
		}
	})
}

// inexactParameters finds the numbers among a manifest's parameters that it cannot be told
// how they were written, so that their text could be another one.
func inexactParameters(path *field.Path, spec map[string]any) (problems field.ErrorList) {
	check := func(path *field.Path, value any) {
		if len(problems) < mostProblems && inexact(value) {
			problems = append(problems, hiddenValue(path, "has a number too large to be kept as it stands; quote it"))
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

func inexact(value any) bool {
	switch v := value.(type) {
	case float64:
		return math.Abs(v) >= 1<<53 // from there on not every whole number is one of its values
	case []any:
		return slices.ContainsFunc(v, inexact)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), inexact)
	}
	return false
}

// setParameters puts values into a workflow's arguments: in place of those it has, with what
// else these say kept, or behind them, sorted by name so that the same request makes the
// same object.
func setParameters(obj *unstructured.Unstructured, texts map[string]string) error {
	if len(texts) == 0 {
		return nil // no empty list: v1 had none either
	}
	spec := objectAt(obj.Object, "spec")
	if problems := argumentProblems(field.NewPath("spec", "arguments"), spec["arguments"]); len(problems) > 0 {
		return invalid(problems...)
	}
	arguments := objectAt(spec, "arguments")
	list, _ := arguments["parameters"].([]any)
	rest := maps.Clone(texts)
	for _, item := range list {
		parameter, _ := item.(map[string]any)
		name, _ := parameter["name"].(string)
		if text, given := texts[name]; given {
			parameter["value"] = text
			delete(parameter, "valueFrom")
			delete(rest, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		list = append(list, map[string]any{"name": name, "value": rest[name]})
	}
	arguments["parameters"] = list
	return nil
}
