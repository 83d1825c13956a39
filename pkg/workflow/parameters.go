package workflow

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
)

// Expression is the value of a parameter or of a gate's output in which Argo is to evaluate what
// stands between {{ and }}. In a value of any other type these braces are refused: Argo makes no
// difference between them and those of the template, so whoever may set a value could read other
// parameters or have the controller compute something. So no Expression is ever to be made of what
// came in from outside.
type Expression string

// argumentText gives the text of a value that is to arrive as it is, or that is an [Expression].
func argumentText(value any) (string, error) {
	text, err := parameterText(value)
	if err != nil {
		return "", err
	}
	switch value.(type) {
	case Expression, *Expression:
	default:
		if expression.In(text) {
			return "", errEvaluated
		}
	}
	return text, unsubstitutable(text)
}

// unsubstitutable finds what Argo cannot put into a template: it quotes texts as Go does and reads
// them as JSON, which knows fewer escapes (util/template, Replace).
func unsubstitutable(text string) error {
	if !utf8.ValidString(text) { // JSON would have other characters in place
		return errNoUTF8
	}
	for _, r := range text {
		if strconv.IsPrint(r) {
			continue // as it is, or with a backslash that JSON knows as well
		}
		quoted := strconv.Quote(string(r))
		if !strings.ContainsRune(`"\bfnrtu`, rune(quoted[2])) { // of the backslash and what follows it
			return fmt.Errorf("has the character %U, which Argo cannot put into a template; encode the value, e.g. as base64", r)
		}
	}
	return nil
}

// parameterText gives the text of a parameter's value: Argo's parameters are texts, and
// the full CRDs refuse anything else.
func parameterText(value any) (string, error) {
	if isNil(value) {
		return "", errNilParameter
	}
	switch v := value.(type) {
	case string:
		return v, nil
	case time.Duration:
		return v.String(), nil
	case json.Number:
		return v.String(), nil
	}
	if masksItself(value) {
		return "", errMasked
	}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer && v.Elem().Kind() != reflect.Struct {
		return parameterText(v.Elem().Interface())
	}
	if v.Kind() != reflect.Pointer { // methods may be those of the pointer
		addressable := reflect.New(v.Type())
		addressable.Elem().Set(v)
		v = addressable
	}
	switch method := v.Interface().(type) {
	case json.Marshaler: // first, as in encoding/json: metav1.Time has the other from what it embeds
		return jsonText(method)
	case encoding.TextMarshaler:
		text, err := method.MarshalText()
		if err != nil { // whose text may well show the value
			return "", errors.New("cannot be written as text")
		}
		return string(text), nil
	case error, fmt.Stringer:
		return "", fmt.Errorf("is a %T, of which it is not clear what is meant; pass a text, e.g. what its method returns", value)
	}
	return plainText(v.Elem())
}

// plainText is that of a value whose type says nothing of how it is written.
func plainText(v reflect.Value) (string, error) {
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
			return "", errors.New("is no finite number")
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return "", errors.New("is a slice of bytes; pass string(b) if it is text, or encode it, e.g. as base64")
		}
	}
	return jsonText(v.Addr().Interface()) // whose fields may have methods of pointers
}

// jsonText is a value as JSON; a string of JSON is meant as what it says.
func jsonText(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // <, > and & are meant as they stand
	if err := encoder.Encode(value); err != nil {
		return "", errNoJSON
	}
	text := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	// The encoder has the escape for a character in place of what is no UTF-8.
	if regexp.MustCompile(`(^|[^\\])(\\\\)*\\ufffd`).Match(text) {
		return "", errNoUTF8
	}
	var plain string
	if text[0] == '"' && json.Unmarshal(text, &plain) == nil {
		return plain, nil
	}
	if string(text) == "null" {
		return "", errNilParameter
	}
	return string(text), nil
}

var errNoUTF8 = errors.New("is no valid UTF-8; encode it, e.g. as base64")

var errEvaluated = errors.New("has {{ in it, which Argo would evaluate; pass a workflow.Expression if you have written it and mean that, " +
	"else encode the value, e.g. as base64")

var errMasked = errors.New("is a secret that masks itself, or has one in it, and would arrive masked; " +
	"have the template read it from a Secret, or pass what Reveal returns")

var errNilParameter = errors.New(`is nil: leave it out to have the template's value, or give ""`)

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
