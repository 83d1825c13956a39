package spec

import (
	"encoding/json"
	"errors"
	"maps"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Merge sets fields of a spec, each in place of the spec's own value. Only the parts of arguments
// are set one by one. The values may be of any Go type; the error says what is wrong with them,
// without showing one.
func Merge(spec, fields map[string]any) error {
	fields, err := Copy(fields)
	if err != nil {
		return err
	}
	for key, value := range fields {
		parts, ok := value.(map[string]any)
		old, had := spec[key].(map[string]any)
		if key == "arguments" && ok && had {
			maps.Copy(old, parts)
			continue
		}
		spec[key] = value
	}
	return nil
}

// Copy returns fields of any Go types as the few types that an unstructured object may have. The
// error says what is wrong with them, without showing a value.
func Copy(fields map[string]any) (map[string]any, error) {
	encoded, err := json.Marshal(fields)
	if err != nil {
		return nil, errNoJSON
	}
	if masksItself(fields) {
		return nil, errMasked
	}
	own := map[string]any{}
	if err := utiljson.Unmarshal(encoded, &own); err != nil {
		return nil, errNoJSON
	}
	if own == nil { // fields was nil, which is null
		own = map[string]any{}
	}
	return own, nil
}

var errNoJSON = errors.New("cannot be written as JSON")
