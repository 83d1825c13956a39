// Package strictyaml reads YAML that others have written: no key twice, no document that is large, or
// small and large once its aliases are written out, and no error that shows a value of the document,
// since any value may be a misplaced secret.
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

// MaxSize is how many bytes a document may have, as it is and as JSON. It is the limit of the API
// server (limitedReadBody, in k8s.io/apiserver/pkg/endpoints/handlers).
const MaxSize = 3 << 20

// maxValues is how many values a document may have, since each takes some 400 bytes until it is read.
const maxValues = 250_000

// What is wrong with a document that is larger than that.
var (
	errManyValues    = errors.New("has more than 250,000 values")
	ErrTooLarge      = errors.New("is larger than 3 MiB")
	ErrExpandedLarge = errors.New("is larger than 3 MiB once its aliases (*name) are written out")
)

// ToJSON converts a YAML document, which may be JSON already, to JSON. The error says what is wrong
// and in which line, and names keys at most.
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

// Unmarshal reads a YAML document into the struct that into points to. A key that this does not
// have is an error. Errors are as with [ToJSON].
func Unmarshal(data []byte, into any) error {
	text, err := ToJSON(data)
	if err != nil {
		return err
	}
	// It converts a number where the struct has a string.
	failed := yaml.UnmarshalStrict(data, into)
	if failed == nil {
		return nil
	}
	if unknown := regexp.MustCompile(`unknown field "([^"\\]|\\.)*"$`).FindString(failed.Error()); unknown != "" {
		return errors.New(ofKey(unknown, "unknown field of a long name"))
	}
	var mistyped *json.UnmarshalTypeError
	if errors.As(json.NewDecoder(bytes.NewReader(text)).Decode(into), &mistyped) && mistyped.Field != "" {
		return fmt.Errorf("%s must be %s", mistyped.Field, kindOf(mistyped.Type))
	}
	return errors.New("has a value of a wrong type")
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
