package spec

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// refused returns errMasked if a value is a secret that masks itself, such as a backfill.Secret, or
// contains one where encoding/json looks: it would be sent as its mask. It returns errNested if the
// value is nested too deep to look everywhere.
func refused(value any) error {
	m := maskedSearch{visited: map[visit]bool{}}
	switch found := m.contains(reflect.ValueOf(value)); {
	case m.tooDeep:
		return errNested
	case found:
		return errMasked
	}
	return nil
}

// maxSteps is how deep a value is searched. A level of maps and lists takes two steps, and JSON that
// can be read again has at most 10,000 levels.
const maxSteps = 40_000

// revealer is a secret that shows itself only through a method.
type revealer interface{ Reveal() string }

// visit identifies a map, slice or pointer. Values can contain themselves.
type visit struct {
	of      reflect.Type
	pointer uintptr
	length  int
}

type maskedSearch struct {
	visited map[visit]bool
	steps   int // on the way to the present value
	tooDeep bool
}

// contains also returns true if the search has to end because the value is nested too deep.
func (m *maskedSearch) contains(v reflect.Value) bool {
	if !v.IsValid() {
		return false
	}
	if m.steps++; m.steps > maxSteps {
		m.tooDeep = true
		return true
	}
	defer func() { m.steps-- }()
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() || m.seen(v) {
			return false
		}
	}
	if secret, ok := revealerOf(v); ok && !showsItself(secret) {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return m.contains(v.Elem())
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if m.contains(entries.Key()) || m.contains(entries.Value()) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if of := v.Type().Elem(); scalar(of.Kind()) && !reveals(of) { // bytes, for example, of which there are many
			return false
		}
		for i := range v.Len() {
			if m.contains(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for field, part := range v.Fields() {
			if (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-" && m.contains(part) {
				return true
			}
		}
	}
	return false
}

// seen reports whether v was visited before, and remembers it.
func (m *maskedSearch) seen(v reflect.Value) bool {
	at := visit{of: v.Type(), pointer: v.Pointer()}
	if v.Kind() == reflect.Slice {
		at.length = v.Len()
	}
	if m.visited[at] {
		return true
	}
	m.visited[at] = true
	return false
}

func scalar(kind reflect.Kind) bool {
	return kind >= reflect.Bool && kind <= reflect.Complex128 || kind == reflect.String
}

func reveals(of reflect.Type) bool {
	return reflect.PointerTo(of).Implements(reflect.TypeFor[revealer]())
}

// showsItself reports whether a secret is sent as what it reveals, as an empty one is.
func showsItself(secret revealer) bool {
	sent, err := json.Marshal(secret)
	plain, failed := json.Marshal(secret.Reveal())
	return err == nil && failed == nil && bytes.Equal(sent, plain)
}

// revealerOf returns a value as a revealer, also if the method is that of its pointer.
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
