package spec

import "k8s.io/apimachinery/pkg/util/validation/field"

// locksToLists moves each mutex and semaphore that is given by itself into the list of them. Argo
// 3.6 and 3.7 read both forms as the same lock. Argo 4.x ignores the single form without an error,
// so workflows that exclude each other would run at the same time.
func locksToLists(spec map[string]any) {
	lockToList(spec)
	walk(nil, spec, visitor{template: func(_ *field.Path, template map[string]any) { lockToList(template) }})
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
