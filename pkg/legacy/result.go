package legacy

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// CommandResult is the untyped outcome that callers of the old service get: on success a value,
// on failure what there is to say about it.
type CommandResult struct {
	Success bool
	Value   any // of a failure a text, an error, or nothing
}

// ResultFromCommand makes a typed outcome of an untyped one. Of a failure the value's text is
// the error's, with secrets masked; one without (nil, "", 0, false, nothing in it) reads "Unknown error", as the old
// service had it. A value of another type than T is an error that names both types; nil is
// T's zero value.
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

// empty is what Python takes for false.
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
