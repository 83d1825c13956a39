package spec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// Strings returns the strings that the values of parameters or outputs are sent as, and the names
// of those that have none. isExpression reports whether a value is meant to be evaluated by Argo;
// in any other one an expression is a problem.
func Strings(path *field.Path, values map[string]any, isExpression func(value any) bool) (
	sent map[string]string, faulty []string, problems field.ErrorList,
) {
	sent = make(map[string]string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !validParameterName(name) {
			problems = append(problems, field.Forbidden(shown.Key(path, name), parameterNameRule))
			continue
		}
		s, err := argument(values[name], isExpression(values[name]))
		if err != nil {
			faulty = append(faulty, name)
			problems = append(problems, Hidden(shown.Key(path, name), err.Error()))
			continue
		}
		sent[name] = s
	}
	return sent, faulty, problems
}

// Names returns the names of all given values, sorted: those with a string and the faulty ones.
func Names(sent map[string]string, faulty []string) []string {
	return slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(faulty), maps.Keys(sent))))
}

const (
	parameterNameRule    = "a parameter's name consists of letters, digits, - and _"
	parameterNameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
)

// validParameterName applies Argo's own rule.
func validParameterName(name string) bool {
	return name != "" && strings.Trim(name, parameterNameLetters) == ""
}

// argument returns the string of a value that is to arrive as it is, or that is an expression.
func argument(value any, isExpression bool) (string, error) {
	s, err := StringOf(value)
	if err != nil {
		return "", err
	}
	if !isExpression && expression.In(s) {
		return "", errEvaluated
	}
	return s, unsubstitutable(s)
}

// unsubstitutable returns an error if Argo cannot substitute a string into a template. Argo quotes
// strings as Go does and reads them as JSON, which has fewer escapes (util/template, Replace).
func unsubstitutable(s string) error {
	if !utf8.ValidString(s) { // JSON would have other characters in place
		return errNotUTF8
	}
	for _, r := range s {
		if strconv.IsPrint(r) {
			continue // as it is, or with a backslash, which JSON has as well
		}
		quoted := strconv.Quote(string(r))
		if !strings.ContainsRune(`"\bfnrtu`, rune(quoted[2])) { // the escape's letter
			return fmt.Errorf("contains the character %U, which Argo cannot substitute into a template; "+
				"encode the value, for example as base64", r)
		}
	}
	return nil
}

// StringOf returns the string that a parameter's value is sent as. Argo's parameters are strings,
// and its full resource definitions refuse any other type. The error says why it has none, without
// showing it.
func StringOf(value any) (s string, err error) {
	err = jsonfield.Call(func() (err error) { s, err = stringOf(value); return err })
	return s, err
}

// maxPointers is how many pointers to pointers are followed. A pointer can point to itself.
const maxPointers = 100

func stringOf(value any) (string, error) {
	for range maxPointers {
		if isNil(value) {
			return "", errNil
		}
		v := reflect.ValueOf(value)
		if v.Kind() != reflect.Pointer || v.Elem().Kind() == reflect.Struct {
			return stringOfTarget(value)
		}
		value = v.Elem().Interface()
	}
	return "", errNested
}

// stringOfTarget returns the string of a value that is not a pointer, or of a pointer to a struct.
func stringOfTarget(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case time.Duration:
		return v.String(), nil
	case json.Number:
		return v.String(), nil
	}
	if err := refused(value); err != nil {
		return "", err
	}
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Pointer { // the methods may be those of the pointer
		addressable := reflect.New(v.Type())
		addressable.Elem().Set(v)
		v = addressable
	}
	switch method := v.Interface().(type) {
	case json.Marshaler: // first, as in encoding/json: metav1.Time embeds a type that has the other
		return jsonString(method)
	case encoding.TextMarshaler:
		s, err := method.MarshalText()
		if err != nil { // not wrapped: it may show the value
			return "", errors.New("cannot be written as a string")
		}
		return string(s), nil
	case error, fmt.Stringer:
		return "", fmt.Errorf("is a %T, which has no single form as a string; pass a string, for example what its method returns", value)
	}
	return plainString(v.Elem())
}

// plainString returns the string of a value whose type has no method for it.
func plainString(v reflect.Value) (string, error) {
	switch v.Kind() {
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
			return "", errors.New("is not a finite number")
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return "", errors.New("is a slice of bytes; pass string(b) if it is text, or encode it, for example as base64")
		}
	}
	return jsonString(v.Addr().Interface()) // the pointer, since its fields may have methods of pointers
}

// jsonString returns a value as JSON, or if that is a JSON string, what the string says.
func jsonString(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // <, > and & are to arrive as they are
	if err := encoder.Encode(value); err != nil {
		return "", errNoJSON
	}
	encoded := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	// The encoder writes the escape of one character for bytes that are not UTF-8.
	if regexp.MustCompile(`(^|[^\\])(\\\\)*\\ufffd`).Match(encoded) {
		return "", errNotUTF8
	}
	var plain string
	if encoded[0] == '"' && json.Unmarshal(encoded, &plain) == nil {
		return plain, nil
	}
	if string(encoded) == "null" {
		return "", errNil
	}
	return string(encoded), nil
}

var errNotUTF8 = errors.New("is not valid UTF-8; encode it, for example as base64")

var errEvaluated = errors.New("contains {{, which Argo would evaluate; pass a workflow.Expression if that is intended, " +
	"else encode the value, for example as base64")

var errMasked = errors.New("is or contains a secret that masks itself, so its mask would be sent; " +
	"have the template read it from a Secret, or pass what Reveal returns")

var errNested = errors.New("contains itself or is nested too deep")

var errNil = errors.New(`is nil; leave it out to keep the template's value, or pass ""`)

func isNil(value any) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		return v.IsNil()
	}
	return false
}

// Evaluated returns a problem for each string within a value that Argo would evaluate and that is
// not meant to be. The value must not contain itself; see [Copy]. isExpression is that of [Strings].
func Evaluated(path *field.Path, value any, isExpression func(value any) bool) (problems field.ErrorList) {
	if isExpression(value) {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if expression.In(key) {
				problems = append(problems, Hidden(path, errEvaluated.Error()))
			}
			problems = append(problems, Evaluated(shown.Key(path, key), v[key], isExpression)...)
		}
		return problems
	case []any:
		for i, item := range v {
			problems = append(problems, Evaluated(path.Index(i), item, isExpression)...)
		}
		return problems
	}
	var encoded []byte
	err := jsonfield.Call(func() (err error) { encoded, err = json.Marshal(value); return err })
	// A value that has no JSON is a problem of the whole spec.
	if err == nil && expression.In(string(encoded)) {
		return field.ErrorList{Hidden(path, errEvaluated.Error())}
	}
	return nil
}
