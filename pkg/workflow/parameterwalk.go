package workflow

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// eachParameter visits the parameters that a workflow's spec has by Argo's types, each with
// its path: those of its arguments, of its templates' inputs and outputs, and of the
// arguments that steps, tasks and hooks pass on. What looks the same elsewhere, e.g. in
// withItems or in a plugin's part, is data of the user's and not visited.
func eachParameter(path *field.Path, spec map[string]any, visit func(path *field.Path, parameter map[string]any)) {
	w := parameterWalk{visit: visit}
	w.call(path, spec)
	eachItem(path.Child("templates"), spec["templates"], w.template)
	if defaults, ok := spec["templateDefaults"].(map[string]any); ok {
		w.template(path.Child("templateDefaults"), defaults)
	}
}

type parameterWalk struct {
	visit func(path *field.Path, parameter map[string]any)
}

func (w parameterWalk) template(path *field.Path, template map[string]any) {
	w.parameters(path, template, "inputs", "outputs")
	groups, _ := template["steps"].([]any)
	for i, group := range groups {
		eachItem(path.Child("steps").Index(i), group, w.call)
	}
	if dag, ok := template["dag"].(map[string]any); ok {
		eachItem(path.Child("dag", "tasks"), dag["tasks"], w.call)
	}
}

// call visits what has arguments and hooks: a step, a task, or the spec itself.
func (w parameterWalk) call(path *field.Path, call map[string]any) {
	w.parameters(path, call, "arguments")
	hooks, _ := call["hooks"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(hooks)) {
		hook, _ := hooks[name].(map[string]any)
		w.parameters(keyed(path.Child("hooks"), name), hook, "arguments")
	}
	if inline, ok := call["inline"].(map[string]any); ok {
		w.template(path.Child("inline"), inline)
	}
}

func (w parameterWalk) parameters(path *field.Path, of map[string]any, keys ...string) {
	for _, key := range keys {
		if holder, ok := of[key].(map[string]any); ok {
			eachItem(path.Child(key, "parameters"), holder["parameters"], w.visit)
		}
	}
}

func eachItem(path *field.Path, list any, visit func(*field.Path, map[string]any)) {
	items, _ := list.([]any)
	for i, item := range items {
		if fields, ok := item.(map[string]any); ok {
			visit(path.Index(i), fields)
		}
	}
}
