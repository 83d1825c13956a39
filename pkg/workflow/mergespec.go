package workflow

import (
	"encoding/json"
	"errors"
	"maps"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// mergeSpec puts the request's further spec fields over those of the draft. Of arguments,
// which have several parts, each part goes by itself.
func mergeSpec(spec, over map[string]any) error {
	over, err := copySpec(over)
	if err != nil {
		return err
	}
	for key, value := range over {
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

// copySpec brings a spec that may hold any Go values to the few types that an unstructured
// object may have. The error says what is wrong with the spec, without a value.
func copySpec(spec map[string]any) (map[string]any, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, errNoJSON
	}
	if masksItself(spec) {
		return nil, errMasked
	}
	own := map[string]any{}
	if err := utiljson.Unmarshal(text, &own); err != nil {
		return nil, errNoJSON
	}
	if own == nil { // spec was nil: "null"
		own = map[string]any{}
	}
	return own, nil
}

var errNoJSON = errors.New("cannot be written as JSON")
