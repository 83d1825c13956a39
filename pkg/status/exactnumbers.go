package status

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// unmarshal is [json.Unmarshal], except for integers in values of type any that a float64 cannot
// hold with all their digits: they are a [json.Number].
func unmarshal(value string, pointer reflect.Value) error {
	if !hasLongInteger(value) {
		return json.Unmarshal([]byte(value), pointer.Interface())
	}
	if !json.Valid([]byte(value)) { // a decoder ignores what follows the value
		return errNotDecodable
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(pointer.Interface()); err != nil {
		return err
	}
	return numbersToFloats(pointer)
}

// hasLongInteger reports whether a string has so many digits in a row that they may not fit into a
// float64.
func hasLongInteger(value string) bool {
	digits := 0
	for i := range len(value) {
		if value[i] < '0' || value[i] > '9' {
			digits = 0
			continue
		}
		if digits++; digits == len("9007199254740993") {
			return true
		}
	}
	return false
}

// numbersToFloats replaces each [json.Number] in values of type any, which a decoder has set, by a
// float64 if that is exact. It leaves alone what types with a method to read themselves have set.
func numbersToFloats(v reflect.Value) error {
	if readsItself(v.Type()) {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return numbersToFloats(v.Elem())
		}
	case reflect.Interface:
		inner, ok := v.Interface().(json.Number)
		switch {
		case v.IsNil():
		case ok && wfjson.ExactFloat(inner):
			f, err := inner.Float64()
			if err != nil {
				return err
			}
			v.Set(reflect.ValueOf(f))
		case !ok:
			return numbersToFloats(v.Elem()) // a map or a list, whose members can be set
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := numbersToFloats(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			member := reflect.New(v.Type().Elem()).Elem()
			member.Set(v.MapIndex(key))
			if err := numbersToFloats(member); err != nil {
				return err
			}
			v.SetMapIndex(key, member)
		}
	case reflect.Struct:
		for field, part := range v.Fields() {
			promotes := field.Anonymous && part.Kind() == reflect.Struct // also if its type is not exported
			if !part.CanSet() && !promotes {
				continue
			}
			if err := numbersToFloats(part); err != nil {
				return err
			}
		}
	}
	return nil
}
