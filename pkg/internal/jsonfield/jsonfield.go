package jsonfield

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Field is a field of a struct.
type Field struct {
	Name string // in JSON
	// Path is its place in Go, e.g. "Common.Index".
	Path string
	// Index is for [Field.Get], [Field.CanMake] and [Field.Make].
	Index []int
	Type  reflect.Type
	// OmitEmpty and OmitZero are the options omitempty and omitzero of the tag.
	OmitEmpty, OmitZero bool

	tagged bool // the name is that of the tag
}

// Of returns the fields of a struct type, in their order. Those of embedded structs follow those of
// the struct itself.
func Of(t reflect.Type) []Field {
	type level struct {
		of     reflect.Type
		parent Field
	}
	byName := map[string][]Field{} // all of one level each
	var names []string
	visited := map[reflect.Type]bool{}
	for now := []level{{of: t}}; len(now) > 0; {
		var next []level
		found := map[string][]Field{}
		for _, l := range now {
			for i := range l.of.NumField() {
				f, embedded := fieldOf(l.of.Field(i), l.parent, i)
				switch {
				case f == nil:
				case embedded != nil:
					if !visited[embedded] {
						next = append(next, level{embedded, *f})
					}
				default:
					if byName[f.Name] == nil && found[f.Name] == nil {
						names = append(names, f.Name)
					}
					found[f.Name] = append(found[f.Name], *f)
				}
			}
		}
		for name, fields := range found {
			if byName[name] == nil {
				byName[name] = fields
			}
		}
		for _, l := range now {
			visited[l.of] = true
		}
		now = slices.DeleteFunc(next, func(l level) bool { return visited[l.of] })
	}
	var all []Field
	for _, name := range names {
		if f := dominant(byName[name]); f != nil {
			all = append(all, *f)
		}
	}
	return all
}

// fieldOf returns a field of a struct, or nil if JSON does not have it. embedded is the type of a
// struct whose fields count as those of the outer one.
func fieldOf(sf reflect.StructField, parent Field, index int) (f *Field, embedded reflect.Type) {
	inner := sf.Type
	if inner.Kind() == reflect.Pointer && inner.Name() == "" {
		inner = inner.Elem()
	}
	tag := sf.Tag.Get("json")
	isStruct := sf.Anonymous && inner.Kind() == reflect.Struct
	if !sf.IsExported() && !isStruct || tag == "-" {
		return nil, nil
	}
	name, options, _ := strings.Cut(tag, ",")
	if !validName(name) {
		name = ""
	}
	f = &Field{
		Name: name, Path: strings.TrimPrefix(parent.Path+"."+sf.Name, "."), Index: append(slices.Clone(parent.Index), index),
		Type: sf.Type, tagged: name != "",
	}
	if name == "" {
		if isStruct {
			return f, inner
		}
		f.Name = sf.Name
	}
	if !sf.IsExported() {
		return nil, nil
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.OmitEmpty = true
		case "omitzero":
			f.OmitZero = true
		}
	}
	return f, nil
}

// validName reports whether encoding/json accepts a name in a tag.
func validName(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) {
			return false
		}
	}
	return name != ""
}

// dominant returns which of the fields with one name on one level counts: the only one, or else the
// only one with a tag. It returns nil if there is none.
func dominant(fields []Field) *Field {
	if len(fields) == 1 {
		return &fields[0]
	}
	var tagged *Field
	for i := range fields {
		if fields[i].tagged {
			if tagged != nil {
				return nil
			}
			tagged = &fields[i]
		}
	}
	return tagged
}

// Get returns the value of the field in a struct. There is none within an embedded pointer that is
// nil.
func (f Field) Get(v reflect.Value) (value reflect.Value, ok bool) {
	for _, i := range f.Index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

// CanMake reports whether [Field.Make] can return the field of an addressable struct. It cannot
// within an embedded pointer that is nil and whose type is not exported.
func (f Field) CanMake(v reflect.Value) bool {
	for _, i := range f.Index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return false
				}
				v = reflect.New(v.Type().Elem())
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return true
}

// Make returns the field of an addressable struct, so that it can be set. It sets embedded pointers
// that are nil. [Field.CanMake] must be true.
func (f Field) Make(v reflect.Value) reflect.Value {
	for _, i := range f.Index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// Omits reports whether the field is left out with that value, by its options.
func (f Field) Omits(v reflect.Value) bool {
	return f.OmitEmpty && empty(v) || f.OmitZero && zero(v)
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

type zeroer interface{ IsZero() bool }

// zero asks the value itself if its type has a method IsZero. As in encoding/json, the type is that of
// the field, so a value in an interface without that method is not asked.
func zero(v reflect.Value) bool {
	asked := reflect.TypeFor[zeroer]()
	switch t := v.Type(); {
	case (t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface) && v.IsNil():
		return true
	case t.Kind() == reflect.Interface && t.Implements(asked):
		inner := v.Elem()
		return inner.Kind() == reflect.Pointer && inner.IsNil() || isZero(v)
	case t.Implements(asked):
		return isZero(v)
	case reflect.PointerTo(t).Implements(asked):
		addressable := reflect.New(t)
		addressable.Elem().Set(v)
		return isZero(addressable)
	}
	return v.IsZero()
}

// isZero calls the method IsZero. If that panics, as that of an embedded pointer that is nil does,
// what counts is whether the value is the zero value of its type.
func isZero(v reflect.Value) (is bool) {
	panicked := Call(func() error {
		own, ok := v.Interface().(zeroer)
		is = ok && own.IsZero()
		return nil
	})
	return is || panicked != nil && reflect.Indirect(v).IsZero()
}
