package legacy

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// CommandResult is the untyped result that callers of the old service get: a value on success, a
// description on failure.
type CommandResult struct {
	Success bool
	Value   any // on failure a string, an error, or nothing
}

// ResultFromCommand converts an untyped result to a typed one. On failure, the error contains the
// value as a string with secrets masked, or "Unknown error" as in the old service if the value is
// empty (nil, "", 0, false, or an empty map or list). On success, nil becomes the zero value of T,
// and a value of another type is an error that names both types.
func ResultFromCommand[T any](r CommandResult) workflow.Result[T] {
	if !r.Success {
		if empty(r.Value) {
			return workflow.Result[T]{Err: errors.New("Unknown error")}
		}
		if err, ok := r.Value.(error); ok {
			return workflow.Result[T]{Err: secret.Error(err)}
		}
		shown, _ := secret.Replace(map[string]any{"": r.Value}, func(_ any, shown string) any { return shown })
		return workflow.Result[T]{Err: errors.New(fmt.Sprint(shown[""]))}
	}
	if r.Value == nil {
		return workflow.Result[T]{}
	}
	data, ok := r.Value.(T)
	if !ok {
		return workflow.Result[T]{Err: fmt.Errorf("the command's value is of type %T, not %s", r.Value, reflect.TypeFor[T]())}
	}
	return workflow.Result[T]{Data: data}
}

// empty reports whether Python would treat value as false.
func empty(value any) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.String:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}
