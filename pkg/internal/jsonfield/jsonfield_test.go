package jsonfield_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
)

type plain struct {
	A int
	B int `json:"b"`
	C int `json:",omitempty"`
	D int `json:"-"`
	E int `json:"-,"`        //nolint:staticcheck // means the name "-"
	F int `json:"bad\"name"` //nolint:staticcheck // so the name is F
	g int
	H int `json:"h,omitempty,string"`
	I time.Time
	J time.Time `json:"j,omitzero"`
	K struct{}  `json:"k,omitempty"`
	L *int      `json:"l,omitempty"`
	M any       `json:"m,omitzero"`
}

type Inner struct {
	Shared, Deep int
	Own          int `json:"own"`
}

type Other struct{ Shared, Deep int }

type hidden struct {
	Shown int
	Own   int
}

type name string

type Named string

type outer struct {
	Deep int // hides those of both
	*Inner
	Other
	hidden
	name
	Named
	Tagged Inner `json:"tagged"`
}

// Two fields of one name on one level hide each other, unless one has a tag.
type conflict struct {
	Left
	Right
}

type Left struct {
	Both int
	One  int
}

type Right struct {
	Both int
	Uno  int `json:"One"`
}

// A type can embed itself.
type Ring struct {
	*Ring
	Value int
	Twice
	More
}

type Twice struct{ Twice2 }

type More struct{ Twice2 }

type Twice2 struct{ Deepest int }

type pointers struct {
	*hidden
	*Inner
}

// The fields are those that encoding/json writes.
func TestOf(t *testing.T) {
	seven := 7
	full := plain{A: 1, B: 1, C: 1, D: 1, E: 1, F: 1, g: 1, H: 1, I: time.Unix(1, 0), J: time.Unix(1, 0), L: &seven, M: 1}
	for _, v := range []any{
		plain{}, full, plain{M: 0}, plain{M: (*int)(nil)}, outer{}, outer{Inner: &Inner{}, hidden: hidden{Shown: 1}, name: "n"}, conflict{},
		Ring{}, Ring{Ring: &Ring{Value: 1}}, pointers{}, pointers{&hidden{}, &Inner{}}, struct{}{},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(maps.Keys(fields))
		var got []string
		for _, f := range jsonfield.Of(reflect.TypeOf(v)) {
			value, ok := f.Get(reflect.ValueOf(v))
			if !ok || f.Omits(value) {
				continue
			}
			got = append(got, f.Name)
			if value.Type() != f.Type || !value.CanInterface() {
				t.Errorf("%T.%s is a %s", v, f.Path, value.Type())
			}
			if value.Kind() == reflect.Int && f.Name != "h" && string(fields[f.Name]) != string(first(json.Marshal(value.Interface()))) {
				t.Errorf("%T.%s: %v instead of %s", v, f.Path, value, fields[f.Name])
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%T: %q, want %q", v, got, want)
		}
	}
}

func first(text []byte, _ error) []byte { return text }

func TestPaths(t *testing.T) {
	paths := map[string]string{}
	for _, f := range jsonfield.Of(reflect.TypeFor[outer]()) {
		paths[f.Name] = f.Path
	}
	want := map[string]string{"Deep": "Deep", "own": "Inner.Own", "Shown": "hidden.Shown", "Own": "hidden.Own", "Named": "Named", "tagged": "Tagged"}
	if !maps.Equal(paths, want) {
		t.Errorf("%v", paths)
	}
}

// Embedded pointers are set when a field within them is.
func TestMake(t *testing.T) {
	var p pointers
	made := map[string]bool{}
	for _, f := range jsonfield.Of(reflect.TypeFor[pointers]()) {
		v := reflect.ValueOf(&p).Elem()
		before := p
		if made[f.Name] = f.CanMake(v); p != before {
			t.Errorf("CanMake has changed %+v", p)
		}
		if made[f.Name] {
			f.Make(v).SetInt(3)
		}
	}
	// encoding/json cannot set an embedded pointer to a type that is not exported, either.
	if want := (map[string]bool{"Shared": true, "Deep": true, "own": true, "Shown": false, "Own": false}); !maps.Equal(made, want) {
		t.Errorf("%v", made)
	}
	if p.Inner == nil || *p.Inner != (Inner{3, 3, 3}) || p.hidden != nil {
		t.Errorf("%+v", p)
	}
}

type clock interface{ IsZero() bool }

func TestOmitsWhatJSONOmits(t *testing.T) {
	type holder struct {
		A any       `json:"a,omitzero"`
		B clock     `json:"b,omitzero"`
		C time.Time `json:"c,omitzero"`
		D *int      `json:"d,omitzero"`
	}
	now := time.Now()
	for _, v := range []holder{
		{}, {A: (*time.Time)(nil)}, {A: time.Time{}}, {A: 0}, {B: time.Time{}}, {B: (*time.Time)(nil)}, {B: now}, {C: now}, {D: new(int)},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var sent map[string]any
		if err := json.Unmarshal(text, &sent); err != nil {
			t.Fatal(err)
		}
		for i, f := range jsonfield.Of(reflect.TypeFor[holder]()) {
			_, is := sent[f.Name]
			if omits := f.Omits(reflect.ValueOf(v).Field(i)); omits == is {
				t.Errorf("%s of %s: omitted %t", f.Name, text, omits)
			}
		}
	}
}

// stamped has a method IsZero that panics if the pointer is nil.
type stamped struct {
	*time.Time
	Note string
}

// A method that panics does not count.
func TestOmitsWithAMethodThatPanics(t *testing.T) {
	type holder struct {
		A stamped `json:"a,omitzero"`
	}
	field := jsonfield.Of(reflect.TypeFor[holder]())[0]
	for v, want := range map[stamped]bool{{}: true, {Note: "x"}: false, {Time: &time.Time{}}: true, {Time: new(time.Now())}: false} {
		if got := field.Omits(reflect.ValueOf(v)); got != want {
			t.Errorf("%v: omitted %t", v.Note, got)
		}
	}
}
