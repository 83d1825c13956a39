package legacy

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// maxPaths is the number of paths that a difference names.
const maxPaths = 20

// differences returns the paths at which two statuses of the same version differ: in the raw
// objects if both have one, else in the decoded fields. It returns no values, which may be secret.
func differences(a, b *status.WorkflowStatus) []string {
	rawA, rawB := a.Raw(), b.Raw()
	if rawA != nil && rawB != nil {
		return walk(nil, nil, rawA.Object, rawB.Object)
	}
	var paths []string
	for name, same := range map[string]bool{
		"name": a.Name == b.Name, "phase": a.Phase == b.Phase, "message": a.Message == b.Message,
		"outcome": a.Outcome() == b.Outcome(), "progress": a.Progress == b.Progress, "nodes": len(a.Nodes) == len(b.Nodes),
	} {
		if !same {
			paths = append(paths, name)
		}
	}
	slices.Sort(paths)
	return paths
}

// walk appends the paths at which two JSON values differ.
func walk(paths []string, at *field.Path, a, b any) []string {
	if len(paths) >= maxPaths || reflect.DeepEqual(a, b) {
		return paths
	}
	objectA, okA := a.(map[string]any)
	objectB, okB := b.(map[string]any)
	if okA && okB {
		keys := maps.Clone(objectA)
		maps.Copy(keys, objectB)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			valueA, inA := objectA[key]
			valueB, inB := objectB[key]
			if inA != inB && len(paths) < maxPaths {
				paths = append(paths, at.Child(shownKey(key)).String())
				continue
			}
			paths = walk(paths, at.Child(shownKey(key)), valueA, valueB)
		}
		return paths
	}
	listA, okA := a.([]any)
	listB, okB := b.([]any)
	if okA && okB && len(listA) == len(listB) {
		for i := range listA {
			paths = walk(paths, at.Index(i), listA[i], listB[i])
		}
		return paths
	}
	return append(paths, at.String())
}

// shownKey returns a key of an object in a form that is safe to log, since authors of workflows
// choose keys.
func shownKey(key string) string {
	const most = 128
	if len(key) > most {
		key = strings.ToValidUTF8(key[:most], "") + "…"
	}
	return status.Printable(key)
}
