package spec

import "testing"

func TestLocksToLists(t *testing.T) {
	const single = "{mutex: {name: a}, semaphore: {configMapKeyRef: {name: b, key: k}}, mutexes: [{name: c}]}"
	const lists = "{mutexes: [{name: a}, {name: c}], semaphores: [{configMapKeyRef: {name: b, key: k}}]}"
	around := func(locks string) map[string]any {
		return fromYAML(t, "{synchronization: "+locks+", templateDefaults: {synchronization: "+locks+"}, templates: ["+
			"{synchronization: "+locks+", steps: [[{inline: {synchronization: "+locks+"}}]]}, "+
			"{dag: {tasks: [{inline: {synchronization: "+locks+"}}]}, plugin: {synchronization: {mutex: {name: d}}}}]}")
	}
	spec := around(single)
	Normalize(spec)
	if got, want := asYAML(t, spec), asYAML(t, around(lists)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// A lock in a spec can have any Go type.
func TestLocksOfMergedFields(t *testing.T) {
	spec := map[string]any{"arguments": map[string]any{"parameters": []any{}}}
	err := Merge(spec, map[string]any{
		"synchronization": map[string]any{"mutex": map[string]string{"name": "a"}},
		"arguments":       map[string]any{"artifacts": []string{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	Normalize(spec)
	want := fromYAML(t, "{synchronization: {mutexes: [{name: a}]}, arguments: {parameters: [], artifacts: []}}")
	if got := asYAML(t, spec); got != asYAML(t, want) {
		t.Error(got)
	}
}
