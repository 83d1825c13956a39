package workflow

import "k8s.io/apimachinery/pkg/util/validation/field"

// locksToLists moves a mutex or a semaphore that is given by itself into the list of them. Argo
// 3.6 and 3.7 read both forms as the same lock; 4.x ignores the single form without an error, so
// that workflows which exclude each other would run at once.
func locksToLists(spec map[string]any) {
	lockToList(spec)
	eachTemplate(spec, lockToList)
}

func lockToList(of map[string]any) {
	locks, _ := of["synchronization"].(map[string]any)
	for single, list := range map[string]string{"mutex": "mutexes", "semaphore": "semaphores"} {
		lock, ok := locks[single].(map[string]any)
		if !ok {
			continue
		}
		others, _ := locks[list].([]any)
		locks[list] = append([]any{lock}, others...)
		delete(locks, single)
	}
}

// eachTemplate visits the templates of a workflow's spec: its own, their defaults, and those that
// steps and tasks have inline.
func eachTemplate(spec map[string]any, visit func(template map[string]any)) {
	var visitAll func(path *field.Path, template map[string]any)
	inline := func(path *field.Path, call map[string]any) {
		if template, ok := call["inline"].(map[string]any); ok {
			visitAll(path, template)
		}
	}
	visitAll = func(path *field.Path, template map[string]any) {
		visit(template)
		groups, _ := template["steps"].([]any)
		for _, group := range groups {
			eachItem(path, group, inline)
		}
		if dag, ok := template["dag"].(map[string]any); ok {
			eachItem(path, dag["tasks"], inline)
		}
	}
	eachItem(nil, spec["templates"], visitAll)
	if defaults, ok := spec["templateDefaults"].(map[string]any); ok {
		visitAll(nil, defaults)
	}
}
