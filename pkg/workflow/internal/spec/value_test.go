package spec

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestStringOf(t *testing.T) {
	type mode string
	number, text := 7, "x"
	for _, tc := range []struct {
		value any
		want  string
	}{
		{"as is", "as is"}, {"", ""}, {mode("m"), "m"}, {true, "true"}, {3, "3"}, {int64(math.MinInt64), "-9223372036854775808"},
		{uint8(9), "9"}, {1.5, "1.5"}, {1e21, "1000000000000000000000"}, {float32(0.1), "0.1"}, {&number, "7"}, {&text, "x"},
		{90 * time.Second, "1m30s"}, {time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "2026-01-02T03:04:05Z"},
		{map[string]any{"b": 1, "a": "<&>"}, `{"a":"<&>","b":1}`}, {[]string{`\ufffd`, "\ufffd"}, `["\\ufffd","` + "\ufffd" + `"]`}, {[]string{"x"}, `["x"]`}, {[]int{}, "[]"},
		{struct {
			A int `json:"a"`
		}{1}, `{"a":1}`},
		{quantity.MustParse("15Gi"), "15Gi"}, {ptr(quantity.MustParse("500m")), "500m"}, {metav1.Duration{Duration: time.Minute}, "1m0s"},
		{metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))), "2026-01-02T02:04:05Z"}, {bothWays("json"), "json"},
		{struct{ N big.Float }{*big.NewFloat(1.5)}, `{"N":"1.5"}`}, {&struct{ N big.Float }{*big.NewFloat(1.5)}, `{"N":"1.5"}`},
		{intstr.FromString("25%"), "25%"}, {intstr.FromInt32(3), "3"}, {*big.NewInt(7), "7"}, {big.NewInt(7), "7"},
		{json.RawMessage(`"text"`), "text"}, {json.RawMessage(`{"a":1}`), `{"a":1}`}, {net.IPv4(127, 0, 0, 1), "127.0.0.1"},
		{expr("{{workflow.name}}"), "{{workflow.name}}"}, {[]any{map[string]any{"a": map[string]any{}}}, `[{"a":{}}]`},
	} {
		if got, err := StringOf(tc.value); err != nil || got != tc.want {
			t.Errorf("%#v: %q, %v; want %q", tc.value, got, err, tc.want)
		}
	}
	for _, value := range []any{
		nil, (*int)(nil), map[string]any(nil), []string(nil), (*time.Time)(nil), math.NaN(), math.Inf(1), func() {}, make(chan int),
		map[string]any{"a": func() {}}, map[string]any{"a": "\\\xff"}, secretText("s3cr3t"),
		[]byte("s3cr3t"), ptr([]byte("s3cr3t")), errors.New("s3cr3t"), &url.URL{Host: "s3cr3t"}, url.URL{Host: "s3cr3t"}, time.March, masked("s3cr3t"),
		metav1.Time{}, revealing("s3cr3t"), ptr(revealing("s3cr3t")), json.RawMessage("null"),
		map[string]any{"a": []any{revealing("s3cr3t")}}, []revealing{"s3cr3t"}, map[revealing]int{"s3cr3t": 1}, []*revealing{ptr(revealing("s3cr3t"))},
		struct{ A any }{ptr(revealing("s3cr3t"))}, struct{ revealing }{"s3cr3t"}, masking{revealing("s3cr3t")}, &masking{revealing("s3cr3t")},
	} {
		if got, err := StringOf(value); err == nil {
			t.Errorf("%#v was sent as %q", value, got)
		} else if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("a value is shown: %v", err)
		}
	}
}

// expr is a string that Argo is meant to evaluate.
type expr string

func isExpr(value any) bool {
	switch value.(type) {
	case expr, *expr:
		return true
	}
	return false
}

func ptr[T any](v T) *T { return &v }

// secretText is a string whose marshalling error shows the value.
type secretText string

func (s secretText) MarshalText() ([]byte, error) {
	return nil, errors.New("cannot marshal " + string(s))
}

// masked is a string that prints as something else.
type masked string

func (masked) String() string { return "***" }

// problem is an error whose JSON is its string.
type problem string

func (p problem) Error() string { return string(p) }

// bothWays has a JSON form and a text form that differ.
type bothWays string

func (b bothWays) MarshalJSON() ([]byte, error) { return json.Marshal(string(b)) }
func (bothWays) MarshalText() ([]byte, error)   { return []byte("text"), nil }

// revealing is a secret that would be sent as its mask.
type revealing string

func (r revealing) Reveal() string { return string(r) }

func (r revealing) MarshalText() ([]byte, error) {
	if r == "" {
		return nil, nil
	}
	return []byte("*****"), nil
}

// masking is a configuration that masks its secret.
type masking struct{ Password revealing }

func (masking) MarshalJSON() ([]byte, error) { return []byte(`{"password":"*****"}`), nil }

// An empty secret and one that JSON omits have no mask. A value may contain itself.
func TestStringsOfValuesWithoutAMask(t *testing.T) {
	ring := &struct{ Next any }{}
	ring.Next = ring
	for value, want := range map[any]string{
		masking{}: `{"password":"*****"}`, revealing(""): "", ptr(struct{ hidden revealing }{"s3cr3t"}): "{}",
		ptr(struct {
			A revealing `json:"-"`
		}{"s3cr3t"}): "{}",
	} {
		if s, err := StringOf(value); err != nil || s != want {
			t.Errorf("%T: %q, %v", value, s, err)
		}
	}
	if s, err := StringOf(ring); err == nil {
		t.Errorf("a cycle is %q", s)
	}
}

// pointer can point to itself.
type pointer *pointer

// A value that contains itself, or is nested without end for all practical purposes, is refused.
func TestStringsOfValuesThatContainThemselves(t *testing.T) {
	var p pointer
	p = &p
	var through any
	through = &through
	m := map[string]any{}
	m["a"] = []any{m}
	list := make([]any, 1)
	list[0] = list
	var deep any
	for range 1_000_000 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{"a pointer": p, "through an interface": through, "a map": m, "a list": list, "deep": deep} {
		if s, err := StringOf(value); err == nil || s != "" {
			t.Errorf("%s: %d bytes, %v", name, len(s), err)
		}
		if _, err := Copy(map[string]any{"x": value}); err == nil {
			t.Errorf("%s was copied", name)
		}
	}
	q := ptr(ptr(ptr(7)))
	if s, err := StringOf(q); err != nil || s != "7" {
		t.Errorf("%q, %v", s, err)
	}
}

// hiding has the methods of a secret, which panic without it.
type hiding struct{ *revealing }

// A method that panics, as that of an embedded pointer does that is nil, makes a value that cannot
// be sent.
func TestStringsOfValuesWithMethodsThatPanic(t *testing.T) {
	for _, value := range []any{
		hiding{}, &hiding{}, []hiding{{}}, struct{ *time.Time }{}, map[string]any{"a": struct{ *time.Time }{}}, struct{ encoding.TextMarshaler }{},
	} {
		if s, err := StringOf(value); err == nil || s != "" {
			t.Errorf("%T: %q, %v", value, s, err)
		}
		if _, err := Copy(map[string]any{"x": value}); err == nil {
			t.Errorf("%T was copied", value)
		}
		if problems := Evaluated(field.NewPath("x"), value, isExpr); len(problems) > 0 {
			t.Errorf("%T: %v", value, problems)
		}
	}
}

// An unstructured object cannot have every number.
func TestCopyKeepsNumbers(t *testing.T) {
	for _, value := range []any{uint64(math.MaxUint64), json.Number("9223372036854775809"), []any{map[string]any{"a": uint64(1<<63 + 1)}}} {
		if own, err := Copy(map[string]any{"x": value}); err == nil || strings.Contains(err.Error(), "92233") {
			t.Errorf("%v became %v, %v", value, own, err)
		}
	}
	own, err := Copy(map[string]any{"a": int64(math.MinInt64), "b": 1e20, "c": 1.5, "d": uint8(7), "e": json.Number("1e300"), "f": int64(1 << 60), "g": 1 << 30})
	want := map[string]any{"a": int64(math.MinInt64), "b": 1e20, "c": 1.5, "d": int64(7), "e": 1e300, "f": int64(1 << 60), "g": int64(1 << 30)}
	if err != nil || !maps.Equal(own, want) {
		t.Errorf("%v, %v", own, err)
	}
}

// Argo quotes a string as Go does, and parses the result as JSON.
func TestCharactersThatArgoCannotSubstitute(t *testing.T) {
	for _, s := range []string{"a\x1b[2Jb", "\a", "\v", "\x7f", "\x00", "\U000f0000", "\U0001F3F4\U000E0067\U000E0062\U000E007F", "a\xff"} {
		if got, err := argument(s, false); err == nil {
			t.Errorf("%q was sent as %q", s, got)
		}
	}
	for _, s := range []string{"", "a\tb\nc\rd\be\ff", `"\`, "é 😀 👩‍🚀 \u00ad\u2028\ufffd", "{ {a} }"} {
		var back string
		if err := json.Unmarshal([]byte(strconv.Quote(s)), &back); err != nil || back != s {
			t.Fatalf("Argo cannot substitute %q: %v", s, err)
		}
		if got, err := argument(s, false); err != nil || got != s {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		s := string(r)
		var back string
		reads := json.Unmarshal([]byte(strconv.Quote(s)), &back) == nil && back == s
		if err := unsubstitutable(s); (err == nil) != reads && utf8.ValidRune(r) {
			t.Fatalf("%U: %v", r, err)
		}
	}
}

// A value of any Go types is checked as the JSON that is sent.
func TestEvaluated(t *testing.T) {
	const code = "{{workflow.parameters.password}}"
	for _, value := range []any{masked(code), ptr(masked(code)), struct{ error }{problem(code)}, problem(code), bothWays(code)} {
		found := Evaluated(field.NewPath("arguments"), map[string]any{"artifacts": []any{
			map[string]any{"name": "a", "raw": map[string]any{"data": value}},
		}}, isExpr)
		encoded, _ := json.Marshal(value)
		if want := strings.Contains(string(encoded), "{{"); want != (len(found) == 1) || want && found[0].Field != "arguments[artifacts][0][raw][data]" {
			t.Errorf("%T: %s: %v", value, encoded, found)
		}
	}
	intended := map[string]any{"a": []any{expr(code), ptr(expr(code))}}
	if found := Evaluated(field.NewPath("arguments"), intended, isExpr); len(found) > 0 {
		t.Error(found)
	}
}

func TestStrings(t *testing.T) {
	const code = "{{workflow.name}}"
	sent, faulty, problems := Strings(field.NewPath("parameters"), map[string]any{
		"a": 1, "b": expr(code), "c": code, "d": nil, "no name": "s3cr3t",
	}, isExpr)
	if want := map[string]string{"a": "1", "b": code}; !maps.Equal(sent, want) {
		t.Errorf("%v", sent)
	}
	if got := strings.Join(Names(sent, faulty), " "); got != "a b c d" {
		t.Error(got)
	}
	if got := fieldsOf(problems); got != `parameters[c] parameters[d] parameters["no name"]` || strings.Contains(fmt.Sprint(problems), "s3cr3t") {
		t.Error(problems)
	}
}
