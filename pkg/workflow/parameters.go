package workflow

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
)

// ParametersOf returns the fields of a struct as parameters, for [StartRequest.Parameters] and
// everything else that takes such a map. So a Go type can be the contract with a template;
// [status.Outputs.Decode] is its counterpart.
//
// Names, embedded structs, omitempty, omitzero and "-" are those of encoding/json. Its option string
// has no effect, since all parameters are strings. The values are the fields themselves, and follow
// the rules of StartRequest.Parameters: an [Expression] stays one, a nested struct is sent as JSON, a
// [time.Duration] as "1m30s". A field that can be nil needs omitempty or omitzero: nil has no form as
// a parameter, and one that is left out keeps the template's value.
//
// v may also be a pointer to a struct, or a map whose keys are strings; the result is never v
// itself. ParametersOf does not send anything. The error is an [*InvalidError] that says what v is,
// or names each parameter that cannot be sent, such as a secret that masks itself.
func ParametersOf(v any) (map[string]any, error) {
	values, problem := parametersOf(reflect.ValueOf(v))
	if problem != "" {
		return nil, invalid(field.Forbidden(field.NewPath("v"), problem))
	}
	if _, _, problems := parameterStrings(field.NewPath("parameters"), values); len(problems) > 0 {
		return nil, invalid(problems...)
	}
	return values, nil
}

// parametersOf returns the members of a value, or what is wrong with its type.
func parametersOf(v reflect.Value) (values map[string]any, problem string) {
	const want, maxPointers = "want a struct or a map whose keys are strings, ", 100
	for i := 0; v.Kind() == reflect.Pointer && i < maxPointers; i++ { // a pointer can point to itself
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil, want + "have nil"
	}
	values = map[string]any{}
	switch t := v.Type(); {
	case writesItself(t):
		return nil, fmt.Sprintf("%shave a %s, whose MarshalJSON or MarshalText writes it as a whole", want, t)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		for entries := v.MapRange(); entries.Next(); {
			values[entries.Key().String()] = entries.Value().Interface()
		}
	case t.Kind() == reflect.Struct:
		for _, f := range jsonfield.Of(t) {
			if value, ok := f.Get(v); ok && !f.Omits(value) {
				values[f.Name] = value.Interface()
			}
		}
	default:
		return nil, fmt.Sprintf("%shave a %s", want, t)
	}
	return values, ""
}

// writesItself reports whether a type, or a pointer to it, has a method that writes its values, so
// that their fields do not count.
func writesItself(t reflect.Type) bool {
	t = reflect.PointerTo(t)
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}
