package workers

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// patchOperation is an operation of a JSON Patch, https://www.rfc-editor.org/rfc/rfc6902.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patch returns the JSON Patch that sets the field to value, or removes it if value is nil. The API
// server refuses the patch if the field has changed since was was read, or if the object does not
// have the UID, unless that is empty. A test of the resource version would fail too often: the
// object has other writers, the workflow's controller or backfills by other Deployments, whose
// changes do not matter.
func (f recordField) patch(was storedRecords, uid types.UID, value *string) []patchOperation {
	parent, field := jsonPointer(f.path[:len(f.path)-1]), jsonPointer(f.path)
	var patch []patchOperation
	if uid != "" {
		patch = append(patch, patchOperation{"test", "/metadata/uid", uid})
	}
	if was.parentMissing {
		patch = append(patch, patchOperation{"test", parent, nil}, patchOperation{"add", parent, map[string]any{}})
	}
	patch = append(patch, patchOperation{"test", field, was.value})
	switch {
	case value != nil:
		patch = append(patch, patchOperation{"add", field, *value}) // replaces a field that exists
	case was.value != nil:
		patch = append(patch, patchOperation{Op: "remove", Path: field})
	}
	return patch
}

func jsonPointer(path []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var pointer strings.Builder
	for _, key := range path {
		pointer.WriteString("/" + escape.Replace(key))
	}
	return pointer.String()
}

// patchTestFailed reports whether the API server could not apply a JSON Patch, as when one of its
// tests fails. The API server then answers as for an invalid object, but without causes.
func patchTestFailed(err error) bool {
	var s apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &s) {
		return false
	}
	details := s.Status().Details
	return details == nil || len(details.Causes) == 0
}
