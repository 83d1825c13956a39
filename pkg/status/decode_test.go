package status_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// outputsOf returns outputs with parameters, given as name and value by turns.
func outputsOf(pairs ...string) status.Outputs {
	var o status.Outputs
	for i := 0; i < len(pairs); i += 2 {
		o.Parameters = append(o.Parameters, status.Parameter{Name: pairs[i], Value: pairs[i+1], Set: true})
	}
	return o
}

// into decodes one value into a field of type T.
func into[T any](value string) (any, error) {
	var v struct {
		X T `json:"x"`
	}
	err := outputsOf("x", value).Decode(&v)
	return v.X, err
}

type mode string

type upper string

func (u *upper) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("empty")
	}
	*u = upper(strings.ToUpper(string(text)))
	return nil
}

type point struct {
	X, Y int
	Note string `json:"note,omitempty"`
}

func TestDecodeValues(t *testing.T) {
	three := 3
	for _, tc := range []struct {
		into  func(string) (any, error)
		value string
		want  any
	}{
		{into[string], "", ""}, {into[string], ` "as is" `, ` "as is" `}, {into[string], "null", "null"}, {into[mode], "m", mode("m")},
		{into[int], "3", 3}, {into[int], " 3\n", 3}, {into[int64], "-9223372036854775808", int64(math.MinInt64)}, {into[uint8], "255", uint8(255)},
		{into[float64], "1e3", 1000.0}, {into[float32], "0.1", float32(0.1)}, {into[bool], "true", true}, {into[json.Number], "1.10", json.Number("1.10")},
		{into[*int], "3", &three}, {into[*int], "null", (*int)(nil)}, {into[**int], "3", ptr(&three)}, {into[*string], "null", ptr("null")},
		{into[[]string], `["a","b"]`, []string{"a", "b"}}, {into[[]string], "null", []string(nil)}, {into[[2]int], "[1,2]", [2]int{1, 2}},
		{into[map[string]int], `{"a":1}`, map[string]int{"a": 1}}, {into[point], `{"X":1,"y":2,"z":3}`, point{X: 1, Y: 2}},
		{into[any], "text", "text"}, {into[any], "3", 3.0}, {into[any], `{"a":[1]}`, map[string]any{"a": []any{1.0}}}, {into[any], "null", nil}, {into[any], "", ""},
		{into[json.RawMessage], `{"a": 1}`, json.RawMessage(`{"a": 1}`)}, {into[json.RawMessage], "text", json.RawMessage(`"text"`)},
		{into[time.Duration], "1m30s", 90 * time.Second}, {into[time.Time], "2026-01-02T03:04:05Z", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{into[metav1.Duration], "1m0s", metav1.Duration{Duration: time.Minute}}, {into[big.Int], "7", *big.NewInt(7)},
		{into[net.IP], "127.0.0.1", net.IPv4(127, 0, 0, 1)}, {into[upper], "x", upper("X")}, {into[*upper], "x", ptr(upper("X"))},
		{into[*upper], "null", ptr(upper("NULL"))}, {into[*time.Time], "null", (*time.Time)(nil)}, {into[json.RawMessage], "null", json.RawMessage("null")},
		{into[intstr.IntOrString], "null", intstr.FromString("null")},
	} {
		got, err := tc.into(tc.value)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q into %T: %#v, %v; want %#v", tc.value, tc.want, got, err, tc.want)
		}
	}
	for name, tc := range map[string]struct {
		into  func(string) (any, error)
		value string
	}{
		"a word": {into[int], "s3cr3t"}, "a fraction": {into[int], "3.1234567"}, "too large": {into[uint8], "256777"}, "nothing": {into[int], ""},
		"null as a number": {into[int], "null"}, "null as a struct": {into[point], "null"}, "null as a time": {into[time.Time], " null"},
		"null as another time": {into[metav1.Time], "null"}, "null as a large number": {into[big.Int], "null"},
		"a method of an embedded pointer that is nil": {into[struct{ *time.Time }], "2026-01-02T03:04:05Z"},
		"a quoted number": {into[int], `"377777"`},
		"a list":          {into[map[string]int], "[777777]"}, "more than one value": {into[point], "{}{777777}"}, "an item": {into[[]int], `["s3cr3t"]`},
		"bytes": {into[[]byte], "s3cr3t"}, "a time": {into[time.Time], "s3cr3t"}, "a duration": {into[time.Duration], "777777"}, "a text": {into[upper], ""},
		"an interface": {into[error], "s3cr3t"}, "a channel": {into[chan int], "777777"}, "a number by name": {into[json.Number], "s3cr3t"},
	} {
		got, err := tc.into(tc.value)
		var failed *status.DecodeError
		if !errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].Parameter != "x" || failed.Problems[0].Field != "X" || failed.Problems[0].Missing {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if err != nil && len(tc.value) > 5 && strings.Contains(err.Error(), tc.value) || strings.Contains(fmt.Sprint(err), "s3cr3t") || strings.Contains(fmt.Sprint(err), "77777") {
			t.Errorf("%s: a value is shown: %v", name, err)
		}
	}
}

func ptr[T any](v T) *T { return &v }

type Common struct {
	Index string `json:"index"`
}

type result struct {
	Common
	*Limits
	Shards   int           `json:"shards"`
	Optional int           `json:"optional,omitempty"`
	Zero     time.Time     `json:"zero,omitzero"`
	Pointer  *string       `json:"pointer"`
	Ignored  string        `json:"-"`
	Timeout  time.Duration `json:"timeout,omitempty"`
	hidden   string
}

type Limits struct {
	Max int `json:"max,omitempty"`
}

func TestDecode(t *testing.T) {
	v := result{Optional: 5, Ignored: "kept", hidden: "kept"}
	full := outputsOf("index", "logs", "shards", "3", "unknown", "x", "Ignored", "x", "hidden", "x")
	if err := full.Decode(&v); err != nil {
		t.Fatal(err)
	}
	// What the outputs do not have is left as it is, also an embedded pointer.
	if want := (result{Common: Common{"logs"}, Shards: 3, Optional: 5, Ignored: "kept", hidden: "kept"}); !reflect.DeepEqual(v, want) {
		t.Errorf("%+v", v)
	}
	if err := outputsOf("index", "logs", "shards", "3", "max", "7", "pointer", "").Decode(&v); err != nil || v.Limits == nil || v.Max != 7 || *v.Pointer != "" {
		t.Errorf("%+v, %v", v, err)
	}

	// Every problem is listed, and nothing is changed.
	before, limits := v, *v.Limits
	faulty := outputsOf("SHARDS", "3", "max", "8", "shards", "s3cr3t", "timeout", "s3cr3t")
	faulty.Parameters = append(faulty.Parameters, status.Parameter{Name: "index", Supplied: true})
	err := faulty.Decode(&v)
	const want = `decode outputs: parameter "shards" (field Shards): cannot be decoded as int; ` +
		`parameter "timeout" (field Timeout): cannot be decoded as time.Duration; ` +
		`parameter "index" (field Common.Index): has no value; a field that may be left out needs omitempty`
	var failed *status.DecodeError
	if err == nil || err.Error() != want || !errors.As(err, &failed) || !failed.Problems[2].Missing ||
		!reflect.DeepEqual(v, before) || *v.Limits != limits {
		t.Errorf("%v; %+v", err, v)
	}
}

type Outer struct {
	*Middle
	*unset
	Bad int `json:"bad,omitempty"`
}

type Middle struct {
	*Limits
	Note string `json:"note,omitempty"`
}

type unset struct {
	Unset int `json:"unset,omitempty"`
}

// Decode sets embedded pointers only if it succeeds, also behind one that is set already.
func TestDecodeThatFailsSetsNoEmbeddedPointer(t *testing.T) {
	middle := Middle{Note: "kept"}
	v := Outer{Middle: &middle}
	for _, o := range []status.Outputs{
		outputsOf("max", "7", "note", "x", "bad", "s3cr3t"),
		outputsOf("max", "7", "note", "x", "unset", "1"), // within an embedded pointer that cannot be set
	} {
		if err := o.Decode(&v); err == nil || v != (Outer{Middle: &middle}) || middle != (Middle{Note: "kept"}) {
			t.Errorf("%v: %+v, %+v", err, v, middle)
		}
	}
	if err := outputsOf("max", "7", "bad", "1").Decode(&v); err != nil || v.Middle != &middle || v.Max != 7 || v.Bad != 1 || v.Note != "kept" {
		t.Errorf("%v: %+v, %+v", err, v, middle)
	}
}

func TestDecodeIntoMaps(t *testing.T) {
	o := outputsOf("a", "1", "b", "2")
	o.Parameters = append(o.Parameters, status.Parameter{Name: "awaited", Supplied: true})
	texts, numbers, kept := map[string]string(nil), map[mode]int{"a": 9, "c": 3}, map[string]bool{"x": true}
	shared := numbers
	if err := errors.Join(o.Decode(&texts), o.Decode(&numbers)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(texts, map[string]string{"a": "1", "b": "2"}) || !reflect.DeepEqual(numbers, map[mode]int{"a": 1, "b": 2, "c": 3}) || shared["a"] != 9 {
		t.Errorf("%v, %v, %v", texts, numbers, shared)
	}
	if err := o.Decode(&kept); err == nil || err.Error() != `decode outputs: parameter "a": cannot be decoded as bool; parameter "b": cannot be decoded as bool` ||
		!reflect.DeepEqual(kept, map[string]bool{"x": true}) {
		t.Errorf("%v, %v", err, kept)
	}
}

func TestDecodeIntoWhatHasNoFields(t *testing.T) {
	var (
		number  int
		nothing *point
		at      time.Time
		keys    map[int]string
	)
	for _, v := range []any{nil, point{}, nothing, number, &number, &nothing, &at, &keys, &[]string{}, map[string]string{}, func() {}} {
		err := outputsOf("X", "1").Decode(v)
		var failed *status.DecodeError
		if !errors.As(err, &failed) || failed.Problems[0].Parameter != "" {
			t.Errorf("%T: %v", v, err)
		}
	}
	var closed struct{ *unexported }
	if err := outputsOf("X", "1").Decode(&closed); err == nil || closed.unexported != nil {
		t.Error(err)
	}
}

type unexported struct{ X int }

// No value makes Decode panic, or is shown by its error.
func FuzzDecode(f *testing.F) {
	for _, value := range []string{"", "3", "null", `"x"`, `{"X":1}`, "[1,", "1m", "2026-01-02T03:04:05Z", "\xff", "-0", "1e999", strings.Repeat("[", 20000)} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		const mark = "\ue000s3cr3t"
		for _, value := range []string{value, value + mark} {
			for _, decode := range []func(string) (any, error){
				into[string], into[int], into[uint8], into[float32], into[bool], into[*int], into[point], into[*point], into[[]string], into[map[string]any],
				into[any], into[json.RawMessage], into[json.Number], into[time.Time], into[time.Duration], into[upper], into[big.Int], into[[]byte],
			} {
				got, err := decode(value)
				if err != nil && strings.Contains(err.Error(), mark) {
					t.Fatalf("a value is shown: %v", err)
				}
				if text, ok := got.(string); ok && err == nil && text != value && reflect.TypeOf(got) == reflect.TypeFor[string]() && !json.Valid([]byte(value)) {
					t.Fatalf("%q became %q", value, text)
				}
			}
		}
	})
}
