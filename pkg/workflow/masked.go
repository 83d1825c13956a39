package workflow

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// masksItself reports whether a value is a secret that masks itself, such as a backfill.Secret, or has
// one in what encoding/json looks at. Its mask would be sent in its place.
func masksItself(value any) bool {
	m := maskedSearch{seen: map[visit]bool{}}
	return m.within(reflect.ValueOf(value))
}

// revealer is a secret that has to be asked for.
type revealer interface{ Reveal() string }

// visit is a map, slice or pointer that was looked into: values can be cycles.
type visit struct {
	of      reflect.Type
	pointer uintptr
	length  int
}

type maskedSearch struct{ seen map[visit]bool }

func (m *maskedSearch) within(v reflect.Value) bool {
	if !v.IsValid() {
		return false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() || m.before(v) {
			return false
		}
	}
	if secret, ok := revealerOf(v); ok && !showsItself(secret) {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return m.within(v.Elem())
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if m.within(entries.Key()) || m.within(entries.Value()) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if of := v.Type().Elem(); scalar(of.Kind()) && !reveals(of) { // such as bytes, of which there are many
			return false
		}
		for i := range v.Len() {
			if m.within(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for field, part := range v.Fields() {
			if (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-" && m.within(part) {
				return true
			}
		}
	}
	return false
}

// before reports whether v was looked into already.
func (m *maskedSearch) before(v reflect.Value) bool {
	at := visit{of: v.Type(), pointer: v.Pointer()}
	if v.Kind() == reflect.Slice {
		at.length = v.Len()
	}
	if m.seen[at] {
		return true
	}
	m.seen[at] = true
	return false
}

func scalar(kind reflect.Kind) bool {
	return kind >= reflect.Bool && kind <= reflect.Complex128 || kind == reflect.String
}

func reveals(of reflect.Type) bool {
	return reflect.PointerTo(of).Implements(reflect.TypeFor[revealer]())
}

// showsItself reports whether what would be sent of a secret is the secret, as that of an empty one is.
func showsItself(secret revealer) bool {
	shown, err := json.Marshal(secret)
	plain, failed := json.Marshal(secret.Reveal())
	return err == nil && failed == nil && bytes.Equal(shown, plain)
}

// revealerOf returns a value as what reveals it, also if the method is that of its pointer.
func revealerOf(v reflect.Value) (secret revealer, ok bool) {
	if v.Kind() == reflect.Interface || !v.CanInterface() || !v.Type().Implements(reflect.TypeFor[revealer]()) && !reveals(v.Type()) {
		return nil, false
	}
	if secret, ok = v.Interface().(revealer); !ok {
		addressable := reflect.New(v.Type())
		addressable.Elem().Set(v)
		secret, ok = addressable.Interface().(revealer)
	}
	return secret, ok
}
