package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"

	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
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
// error says what is wrong with them, for example that they contain themselves, without showing a
// value.
func Copy(fields map[string]any) (map[string]any, error) {
	var encoded []byte
	err := jsonfield.Call(func() (err error) {
		if err = refused(fields); err != nil {
			return err
		}
		if encoded, err = json.Marshal(fields); err != nil {
			return errNoJSON
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case !exactNumbers(encoded):
		return nil, errInexact
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

// exactNumbers reports whether an unstructured object, whose numbers are int64 or float64, can have
// all digits of each number.
func exactNumbers(encoded []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return true // the end, or JSON that cannot be read, which has its own error
		}
		n, isNumber := token.(json.Number)
		if !isNumber {
			continue
		}
		if _, err := n.Int64(); err != nil && !wfjson.ExactFloat(n) {
			return false
		}
	}
}

var errNoJSON = errors.New("cannot be written as JSON")

var errInexact = errors.New("has a number that is too large to be kept as it is written; pass a string")
