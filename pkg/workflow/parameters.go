package workflow

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"time"
)

// parameterText gives the text of a parameter's value: Argo's parameters are texts, and
// the full CRDs refuse anything else.
func parameterText(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", errNilParameter
	case string:
		return v, nil
	case time.Duration:
		return v.String(), nil
	case json.Number:
		return v.String(), nil
	case encoding.TextMarshaler:
		if isNil(value) {
			return "", errNilParameter
		}
		text, err := v.MarshalText()
		if err != nil { // whose text may well show the value
			return "", errors.New("cannot be written as text")
		}
		return string(text), nil
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return "", errors.New("is no finite number")
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), nil
	case reflect.Pointer:
		if v.IsNil() {
			return "", errNilParameter
		}
		return parameterText(v.Elem().Interface())
	}
	if isNil(value) {
		return "", errNilParameter
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // <, > and & are meant as they stand
	if err := encoder.Encode(value); err != nil {
		return "", errors.New("cannot be written as JSON")
	}
	// The encoder has the escape for a character in place of what is no UTF-8.
	if regexp.MustCompile(`(^|[^\\])(\\\\)*\\ufffd`).Match(text.Bytes()) {
		return "", errNoUTF8
	}
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), nil
}

var errNoUTF8 = errors.New("is no valid UTF-8; encode it, e.g. as base64")

var errNilParameter = errors.New(`is nil: leave it out to have the template's value, or give ""`)

func isNil(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		return v.IsNil()
	}
	return false
}
