package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// strangers are what a value is replaced with.
func strangers() []any {
	list := func(items ...any) []any { return items }
	return []any{
		nil, false, int64(1), int64(-1), int64(3e9), 1.5, 1e18, 1e30, "", "x", "1", "1Gi", " 2 ", "eA==", "2026-01-02T03:04:05Z",
		list(), list(nil), list("x"), list(int64(1)), list(int64(300)), list(map[string]any{}), list(list(map[string]any{})),
		list(list(map[string]any{"name": false})), list(map[string]any{"x": "y"}),
		map[string]any{}, map[string]any{"x": nil}, map[string]any{"x": "y"}, map[string]any{"x": int64(1)},
		map[string]any{"x": int64(1), "y": "z"}, map[string]any{"name": false}, map[string]any{"NAME": int64(1)},
		map[string]any{"x": map[string]any{"name": int64(1)}},
	}
}

// Each field of each type that a workflow can consist of, with each kind of value.
func TestEachFieldOfEachType(t *testing.T) {
	types, err := argosTypes()
	if err != nil {
		t.Fatal(err)
	}
	v := newVerdicts(t)
	for _, place := range places(types) {
		for _, key := range slices.Sorted(maps.Keys(types[place.kind])) {
			if strings.HasPrefix(key, "+") {
				continue
			}
			for _, name := range []string{key, strings.ToUpper(key)} {
				for _, value := range strangers() {
					object := place.around(map[string]any{name: value})
					if object["metadata"] == nil {
						object["metadata"] = map[string]any{"name": "w"}
					}
					v.judge(t, fmt.Sprintf("%s.%s: %v", place.kind, name, value), object, create)
				}
			}
		}
	}
	t.Logf("%d sent, %d refused", v.sent, v.refused)
	if v.sent < 10_000 || v.refused < 10_000 {
		t.Error("too few of one kind")
	}
}

// place is where a type is found in a workflow.
type place struct {
	kind   string
	around func(value any) map[string]any // a workflow with the value there
}

// places returns one place for each type, and one more for a type that steps can have, which Argo
// decodes by other rules.
func places(types table) []place {
	root := place{"Workflow", func(value any) map[string]any { return value.(map[string]any) }}
	found := reachable(types, root)
	for _, p := range found {
		if p.kind == "WorkflowStep" {
			found = append(found, reachable(types, p)...)
		}
	}
	return found
}

// reachable returns the types that can be found in that of a place, the nearest first.
func reachable(types table, from place) []place {
	found := []place{from}
	seen := map[string]bool{from.kind: true}
	for i := 0; i < len(found); i++ {
		p := found[i]
		for _, key := range slices.Sorted(maps.Keys(types[p.kind])) {
			kind, wrapped := types[p.kind][key], func(value any) any { return map[string]any{key: value} }
			if embedded, ok := strings.CutPrefix(key, "+"); ok {
				kind, wrapped = embedded, func(value any) any { return value }
			}
			kind, wrapped = unwrap(kind, wrapped)
			if types[kind] == nil || seen[kind] {
				continue
			}
			seen[kind] = true
			found = append(found, place{kind, func(value any) map[string]any { return p.around(wrapped(value)) }})
		}
	}
	return found
}

// unwrap goes from lists and maps to what they hold.
func unwrap(kind string, wrapped func(any) any) (string, func(any) any) {
	if of, ok := strings.CutPrefix(kind, "[]"); ok {
		return unwrap(of, func(value any) any { return wrapped([]any{value}) })
	}
	if of, ok := strings.CutPrefix(kind, "map[string]"); ok {
		return unwrap(of, func(value any) any { return wrapped(map[string]any{"key": value}) })
	}
	return kind, wrapped
}

// Each node of Argo's own examples, with another value in its place.
func TestEachNodeOfArgosExamples(t *testing.T) {
	v := newVerdicts(t)
	turn := 0
	for name, object := range examples(t) {
		sent := v.sent
		v.judge(t, name, object, startManifest)
		if v.sent == sent {
			t.Errorf("%s was refused", name)
		}
		eachNode(object["spec"], name, func(path string, put func(any)) {
			for range 3 { // the next place gets the next ones
				turn++
				value := strangers()[turn%len(strangers())]
				put(value)
				v.judge(t, fmt.Sprintf("%s: %v", path, value), object, startManifest)
			}
		})
	}
	t.Logf("%d sent, %d refused", v.sent, v.refused)
	if v.sent < 5_000 || v.refused < 10_000 {
		t.Error("too few of one kind")
	}
}

// examples reads the workflows among the examples of Argo 3.7 and 4.0.
func examples(t testing.TB) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, module := range []string{"github.com/argoproj/argo-workflows/v3", "github.com/argoproj/argo-workflows/v4"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		if err != nil {
			t.Fatal(err)
		}
		files := os.DirFS(filepath.Join(strings.TrimSpace(string(out)), "examples"))
		names, err := fs.Glob(files, "*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			var object map[string]any
			if yaml.Unmarshal(text, &object) == nil && object["kind"] == "Workflow" {
				delete(object, "status")
				found[name] = object // most are in both
			}
		}
	}
	if len(found) < 150 {
		t.Fatalf("only %d examples", len(found))
	}
	return found
}

// eachNode calls do for each place within a value, with its path and a function that replaces what is
// there. When do returns, eachNode puts that back.
func eachNode(value any, path string, do func(path string, put func(any))) {
	below := func(key, item any, put func(any)) {
		at := fmt.Sprintf("%s.%v", path, key)
		do(at, put)
		put(item)
		eachNode(item, at, do)
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			below(key, v[key], func(other any) { v[key] = other })
		}
	case []any:
		for i, item := range v {
			below(i, item, func(other any) { v[i] = other })
		}
	}
}
