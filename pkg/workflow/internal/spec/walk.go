package spec

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// visitor has the functions that walk calls. A nil function is not called.
type visitor struct {
	// template is called for each template: those of the list, those that are inline in steps and
	// tasks, and the defaults.
	template func(path *field.Path, template map[string]any)
	// call is called for each step and each task, before the template that is inline in it.
	call func(path *field.Path, call map[string]any, isTask bool)
}

// walk visits the templates of a workflow's spec and the steps and tasks in them. What looks the
// same elsewhere, for example in withItems or in the part of a plugin, is the user's data and is
// not visited.
func walk(path *field.Path, spec map[string]any, v visitor) {
	eachItem(path.Child("templates"), spec["templates"], v.visitTemplate)
	if defaults, ok := spec["templateDefaults"].(map[string]any); ok {
		v.visitTemplate(path.Child("templateDefaults"), defaults)
	}
}

func (v visitor) visitTemplate(path *field.Path, template map[string]any) {
	if v.template != nil {
		v.template(path, template)
	}
	groups, _ := template["steps"].([]any)
	for i, group := range groups {
		eachItem(path.Child("steps").Index(i), group, func(path *field.Path, step map[string]any) { v.visitCall(path, step, false) })
	}
	if dag, ok := template["dag"].(map[string]any); ok {
		eachItem(path.Child("dag", "tasks"), dag["tasks"], func(path *field.Path, task map[string]any) { v.visitCall(path, task, true) })
	}
}

func (v visitor) visitCall(path *field.Path, call map[string]any, isTask bool) {
	if v.call != nil {
		v.call(path, call, isTask)
	}
	if inline, ok := call["inline"].(map[string]any); ok {
		v.visitTemplate(path.Child("inline"), inline)
	}
}

// eachParameter visits the parameters of a workflow's spec: those of its arguments, of its
// templates' inputs and outputs, and of the arguments of steps, tasks and hooks.
func eachParameter(path *field.Path, spec map[string]any, visit func(path *field.Path, parameter map[string]any)) {
	parametersOf := func(path *field.Path, of map[string]any, keys ...string) {
		for _, key := range keys {
			if holder, ok := of[key].(map[string]any); ok {
				eachItem(path.Child(key, "parameters"), holder["parameters"], visit)
			}
		}
	}
	arguments := func(path *field.Path, call map[string]any) {
		parametersOf(path, call, "arguments")
		hooks, _ := call["hooks"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(hooks)) {
			hook, _ := hooks[name].(map[string]any)
			parametersOf(shown.Key(path.Child("hooks"), name), hook, "arguments")
		}
	}
	arguments(path, spec)
	walk(path, spec, visitor{
		template: func(path *field.Path, template map[string]any) { parametersOf(path, template, "inputs", "outputs") },
		call:     func(path *field.Path, call map[string]any, _ bool) { arguments(path, call) },
	})
}

// eachItem visits the maps in a list.
func eachItem(path *field.Path, list any, visit func(path *field.Path, item map[string]any)) {
	items, _ := list.([]any)
	for i, item := range items {
		if fields, ok := item.(map[string]any); ok {
			visit(path.Index(i), fields)
		}
	}
}
