package strictyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"sigs.k8s.io/yaml"
)

// MaxSize is the size limit of a document in bytes, as it is and as JSON. It is the limit of the
// API server (limitedReadBody in k8s.io/apiserver/pkg/endpoints/handlers).
const MaxSize = 3 << 20

// maxValues is the limit on the number of values, since decoding takes some 400 bytes for each.
const maxValues = 250_000

// The errors for documents that exceed a limit.
var (
	errManyValues    = errors.New("has more than 250,000 values")
	ErrTooLarge      = errors.New("is larger than 3 MiB")
	ErrExpandedLarge = errors.New("is larger than 3 MiB once its aliases (*name) are expanded")
)

// ToJSON converts a YAML document, which may be JSON already, to JSON. See the package comment for
// what it refuses and what errors show.
func ToJSON(data []byte) ([]byte, error) {
	if len(data) > MaxSize {
		return nil, ErrTooLarge
	}
	if mostValues(data) > maxValues {
		return nil, errManyValues
	}
	switch e := expand(data); {
	case e.bytes > MaxSize:
		return nil, ErrExpandedLarge
	case e.values > maxValues:
		return nil, errManyValues
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, errors.New(problemOf(err))
	}
	return text, nil
}

// Unmarshal decodes a YAML document into the struct that into points to. It refuses what [ToJSON]
// refuses, and keys that the struct does not have.
func Unmarshal(data []byte, into any) error {
	text, err := ToJSON(data)
	if err != nil {
		return err
	}
	// UnmarshalStrict accepts a number for a string field.
	failed := yaml.UnmarshalStrict(data, into)
	if failed == nil {
		return nil
	}
	if unknown := regexp.MustCompile(`unknown field "([^"\\]|\\.)*"$`).FindString(failed.Error()); unknown != "" {
		return errors.New(ofKey(unknown, "unknown field with a long name"))
	}
	var mistyped *json.UnmarshalTypeError
	if errors.As(json.NewDecoder(bytes.NewReader(text)).Decode(into), &mistyped) && mistyped.Field != "" {
		return fmt.Errorf("%s must be %s", mistyped.Field, kindOf(mistyped.Type))
	}
	return errors.New("has a value of the wrong type")
}

func kindOf(of reflect.Type) string {
	switch of.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Float64, reflect.Int, reflect.Int64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	}
	return "of another type"
}
