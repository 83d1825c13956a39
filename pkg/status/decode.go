package status

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
)

// Decode reads the output parameters into the struct that v points to, each into the field with its
// name. It is the counterpart of workflow.ParametersOf: names, embedded structs and "-" are those of
// encoding/json, except that names are compared exactly. Parameters without a field are ignored. v
// may also point to a map whose keys are strings, into which each parameter with a value is read.
//
// A field must have a parameter with a value, unless it is a pointer or has omitempty or omitzero;
// then Decode leaves it as it is. A gate that waits has no values yet; see [Node.AwaitedOutputs].
//
// A string is read unchanged, a [time.Duration] from a form such as "1m30s", a type with
// UnmarshalJSON or UnmarshalText by that method, and any other type from JSON. A field of type any
// receives the value as a string if it is not valid JSON; an integer in it that a float64 cannot hold
// with all its digits is a [json.Number]. The null of JSON cannot be read into a number, a bool or a
// struct, such as a [time.Time]; a pointer to one is then nil. The error is a [*DecodeError]; v is
// unchanged then, also behind its pointers.
func (o Outputs) Decode(v any) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return &DecodeError{Problems: []DecodeProblem{{Reason: fmt.Sprintf("want a pointer to a struct or map, have %s", typeName(v))}}}
	}
	target = target.Elem()
	decoded := reflect.New(target.Type()).Elem()
	decoded.Set(target)
	var problems []DecodeProblem
	switch t := target.Type(); {
	case readsItself(t):
		problems = []DecodeProblem{{Reason: fmt.Sprintf("have a %s, whose UnmarshalJSON or UnmarshalText reads it as a whole", t)}}
	case t.Kind() == reflect.Struct:
		problems = o.decodeStruct(decoded)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		problems = o.decodeMap(decoded)
	default:
		problems = []DecodeProblem{{Reason: fmt.Sprintf("want a pointer to a struct or map, have %s", typeName(v))}}
	}
	if len(problems) > 0 {
		return &DecodeError{Problems: problems}
	}
	target.Set(decoded)
	return nil
}

// DecodeError lists what [Outputs.Decode] could not read. It does not contain values, which may be
// secret.
type DecodeError struct {
	Problems []DecodeProblem // at least one
}

// DecodeProblem says why a parameter was not read.
type DecodeProblem struct {
	// Field is the field of the struct, e.g. "Common.Index". It is "" for a member of a map.
	Field string
	// Parameter is the name of the parameter. It is "" if nothing can be read into v.
	Parameter string
	// Missing means that there is no parameter of that name, or that it has no value.
	Missing bool
	Reason  string
}

func (p DecodeProblem) String() string {
	switch {
	case p.Parameter == "":
		return p.Reason
	case p.Field == "":
		return fmt.Sprintf("parameter %q: %s", brief(p.Parameter, maxShownName), p.Reason)
	}
	return fmt.Sprintf("parameter %q (field %s): %s", brief(p.Parameter, maxShownName), p.Field, p.Reason)
}

// mostDecodeProblems is the number of problems that the string of a DecodeError lists.
const mostDecodeProblems = 20

func (e *DecodeError) Error() string {
	var texts []string
	for i, p := range e.Problems {
		if i == mostDecodeProblems {
			texts = append(texts, fmt.Sprintf("and %d more problems", len(e.Problems)-i))
			break
		}
		texts = append(texts, p.String())
	}
	return "decode outputs: " + strings.Join(texts, "; ")
}

func (o Outputs) decodeStruct(v reflect.Value) (problems []DecodeProblem) {
	type assignment struct {
		field jsonfield.Field
		value reflect.Value
	}
	var assignments []assignment
	for _, f := range jsonfield.Of(v.Type()) {
		problem := DecodeProblem{Field: f.Path, Parameter: f.Name}
		text, set := o.Parameter(f.Name)
		if !set {
			if !f.OmitEmpty && !f.OmitZero && f.Type.Kind() != reflect.Pointer {
				problem.Missing, problem.Reason = true, "has no value; a field that may be left out needs omitempty"
				problems = append(problems, problem)
			}
			continue
		}
		var value reflect.Value
		if value, problem.Reason = decodeValue(f.Type, text); problem.Reason == "" {
			if f.CanMake(v) {
				assignments = append(assignments, assignment{f, value})
				continue
			}
			problem.Reason = "is within an embedded pointer to a type that is not exported"
		}
		problems = append(problems, problem)
	}
	if len(problems) == 0 { // else v stays as it is, also behind its embedded pointers
		for _, a := range assignments {
			a.field.Make(v).Set(a.value)
		}
	}
	return problems
}

func (o Outputs) decodeMap(v reflect.Value) (problems []DecodeProblem) {
	members := reflect.MakeMap(v.Type())
	for entries := v.MapRange(); entries.Next(); {
		members.SetMapIndex(entries.Key(), entries.Value())
	}
	for _, p := range o.Parameters {
		if !p.Set {
			continue
		}
		read, reason := decodeValue(v.Type().Elem(), p.Value)
		if reason != "" {
			problems = append(problems, DecodeProblem{Parameter: p.Name, Reason: reason})
			continue
		}
		members.SetMapIndex(reflect.ValueOf(p.Name).Convert(v.Type().Key()), read)
	}
	v.Set(members)
	return problems
}

// decodeValue reads the value of a parameter, or says why it cannot. The reason does not contain the
// value, and so no error of another package, which may.
func decodeValue(t reflect.Type, value string) (read reflect.Value, reason string) {
	if t.Kind() == reflect.Pointer {
		if null(value) && !readsText(t.Elem()) {
			return reflect.Zero(t), ""
		}
		inner, reason := decodeValue(t.Elem(), value)
		if reason != "" {
			return inner, reason
		}
		read = reflect.New(t.Elem())
		read.Elem().Set(inner)
		return read, ""
	}
	read = reflect.New(t)
	if jsonfield.Call(func() error { return decodeInto(read, value) }) != nil {
		return read, "cannot be decoded as " + brief(t.String(), maxShownName)
	}
	return read.Elem(), ""
}

// decodeInto reads a value into what a pointer points to.
func decodeInto(pointer reflect.Value, value string) error {
	switch to := pointer.Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(value)
		*to = d
		return err
	case *json.Number: // is a string, but not any
		if null(value) {
			return errNotDecodable
		}
		return json.Unmarshal([]byte(value), to)
	case json.Unmarshaler: // before the other, as in encoding/json
		read := json.Valid([]byte(value)) && to.UnmarshalJSON([]byte(value)) == nil
		if ignored := null(value) && pointer.Elem().IsZero(); read && !ignored { // by convention, null changes nothing
			return nil
		}
		pointer.Elem().SetZero() // what the attempt has left
		return unmarshalString(to, value)
	case encoding.TextUnmarshaler:
		return to.UnmarshalText([]byte(value))
	}
	switch v := pointer.Elem(); v.Kind() {
	case reflect.String:
		v.SetString(value)
		return nil
	case reflect.Interface:
		if v.NumMethod() == 0 && !json.Valid([]byte(value)) {
			v.Set(reflect.ValueOf(value))
			return nil
		}
	case reflect.Map:
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return errNotDecodable // which characters stand for the bytes is not known
		}
	default:
		if null(value) { // encoding/json would leave v as it is
			return errNotDecodable
		}
	}
	return unmarshal(value, pointer)
}

// null reports whether a value is the null of JSON.
func null(value string) bool { return strings.TrimSpace(value) == "null" }

var errNotDecodable = errors.New("has no meaning in this type")

// unmarshalString passes a value as a JSON string. Types that write themselves as one, such as a
// time, are sent as what the string says.
func unmarshalString(to json.Unmarshaler, value string) error {
	quoted, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return to.UnmarshalJSON(quoted)
}

// readsItself reports whether a type has a method that reads its values.
func readsItself(t reflect.Type) bool {
	t = reflect.PointerTo(t)
	return t.Implements(reflect.TypeFor[json.Unmarshaler]()) || t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// readsText reports whether a type reads every string, also null.
func readsText(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.String ||
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && !p.Implements(reflect.TypeFor[json.Unmarshaler]())
}

func typeName(v any) string {
	if v == nil {
		return "nil"
	}
	return "a " + reflect.TypeOf(v).String()
}
