package workflow

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

type Target struct {
	Index  string `json:"index"`
	Shards int    `json:"shards"`
}

type request struct {
	Target
	Banner   Expression        `json:"banner"`
	Dynamic  any               `json:"dynamic"`
	Wait     time.Duration     `json:"wait"`
	Tags     map[string]string `json:"tags,omitempty"`
	Replicas *int              `json:"replicas,omitempty"`
	Since    time.Time         `json:"since,omitzero"`
	Size     quantity.Quantity `json:"size"`
	Count    int               `json:"count,string"`
	Word     string            `json:"word,string"`
	Local    string            `json:"-"`
	Name     string
	hidden   string
}

func TestParametersOf(t *testing.T) {
	three := 3
	v := request{
		Target: Target{"logs", 3}, Banner: "{{workflow.name}}", Dynamic: Expression("{{=1}}"), Wait: 90 * time.Second,
		Size: quantity.MustParse("15Gi"), Count: 7, Word: "w", Local: "l", Name: "n", hidden: "h",
	}
	want := map[string]any{
		"index": "logs", "shards": 3, "banner": Expression("{{workflow.name}}"), "dynamic": Expression("{{=1}}"), "wait": 90 * time.Second,
		"size": v.Size, "count": 7, "word": "w", "Name": "n",
	}
	for _, v := range []any{v, &v, ptrTo(&v)} {
		got, err := ParametersOf(v)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%T: %v, %v", v, got, err)
		}
	}
	v.Tags, v.Replicas, v.Since = map[string]string{"a": "b"}, &three, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := ParametersOf(v)
	if err != nil {
		t.Fatal(err)
	}
	sent, _, problems := parameterStrings(field.NewPath("parameters"), got)
	wantSent := map[string]string{
		"index": "logs", "shards": "3", "banner": "{{workflow.name}}", "dynamic": "{{=1}}", "wait": "1m30s", "tags": `{"a":"b"}`, "replicas": "3",
		"since": "2026-01-02T03:04:05Z", "size": "15Gi", "count": "7", "word": "w", "Name": "n",
	}
	if len(problems) > 0 || !maps.Equal(sent, wantSent) {
		t.Errorf("%v, %v", sent, problems)
	}
}

func ptrTo[T any](v T) *T { return &v }

func TestParametersOfAMap(t *testing.T) {
	type key string
	given := map[string]any{"a": 1}
	got, err := ParametersOf(given)
	if err != nil || !reflect.DeepEqual(got, given) {
		t.Errorf("%v, %v", got, err)
	}
	if got["b"] = 2; len(given) != 1 {
		t.Error("the map itself is returned")
	}
	for _, v := range []any{map[key]int{"a": 1}, &map[string]int{"a": 1}} {
		if got, err := ParametersOf(v); err != nil || !reflect.DeepEqual(got, given) {
			t.Errorf("%T: %v, %v", v, got, err)
		}
	}
	// The result can be added to.
	for _, v := range []any{map[string]string(nil), struct{}{}} {
		if got, err := ParametersOf(v); err != nil || got == nil || len(got) > 0 {
			t.Errorf("%T: %v, %v", v, got, err)
		}
	}
}

func TestParametersOfWhatCannotBeSent(t *testing.T) {
	for name, tc := range map[string]struct {
		v    any
		want string // fields
	}{
		"nil":              {nil, "v"},
		"a nil pointer":    {(*request)(nil), "v"},
		"a string":         {"s3cr3t", "v"},
		"a list":           {[]string{"s3cr3t"}, "v"},
		"other keys":       {map[int]string{1: "s3cr3t"}, "v"},
		"a time":           {time.Now(), "v"},
		"a quantity":       {ptrTo(quantity.MustParse("1")), "v"},
		"raw JSON":         {json.RawMessage(`{"a":"s3cr3t"}`), "v"},
		"an embedded time": {struct{ time.Time }{time.Now()}, "v"},
		"an expression that is not meant": {struct {
			Note string `json:"note"`
		}{"s3cr3t {{workflow.name}}"}, "parameters[note]"},
		"nil values": {struct {
			B *int           `json:"b"`
			A map[string]int `json:"a"`
			C any            `json:"c"`
		}{}, "parameters[a] parameters[b] parameters[c]"},
		"a secret":       {struct{ Password revealing }{"s3cr3t"}, "parameters[Password]"},
		"a secret in it": {struct{ Account struct{ Password revealing } }{struct{ Password revealing }{"s3cr3t"}}, "parameters[Account]"},
		"a name": {struct {
			A string `json:"a b"`
		}{"s3cr3t"}, `parameters["a b"]`},
		"bytes":     {struct{ A []byte }{[]byte("s3cr3t")}, "parameters[A]"},
		"a channel": {map[string]chan int{"a": make(chan int)}, "parameters[a]"},
	} {
		got, err := ParametersOf(tc.v)
		if fields := strings.Join(fieldsOf(t, err), " "); got != nil || fields != tc.want || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: a value is shown: %v", name, err)
		}
	}
}

// pointer can point to itself.
type pointer *pointer

// A value that contains itself, or has a method that panics, is refused before anything is sent,
// wherever a request takes values of any type.
func TestValuesThatCannotBeWritten(t *testing.T) {
	var p pointer
	p = &p
	m := map[string]any{}
	m["arguments"] = m
	c := scripted(t, func(r *http.Request) (any, error) {
		if r.Method != http.MethodGet {
			t.Errorf("it sends %s %s", r.Method, r.URL)
		}
		return nil, apierrors.NewServiceUnavailable("")
	})
	if _, err := ParametersOf(p); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	for name, value := range map[string]any{
		"a pointer to itself": p, "a map in itself": m, "a method that panics": struct{ *time.Time }{}, "another": []any{struct{ *revealing }{}},
	} {
		values := map[string]any{"a": value}
		for call, do := range map[string]func() error{
			"ParametersOf": func() error { _, err := ParametersOf(values); return err },
			"a field":      func() error { _, err := ParametersOf(struct{ A any }{value}); return err },
			"parameters": func() error {
				_, err := c.Start(t.Context(), StartRequest{Template: "t", Parameters: values})
				return err
			},
			"a spec": func() error {
				_, err := c.Start(t.Context(), StartRequest{Template: "t", Spec: map[string]any{"arguments": map[string]any{"artifacts": values}, "x": value}})
				return err
			},
			"a spec that is the map": func() error { _, err := c.Start(t.Context(), StartRequest{Template: "t", Spec: m}); return err },
			"an object": func() error {
				_, err := c.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "w"}, "spec": values}})
				return err
			},
			"outputs": func() error { _, err := c.Approve(t.Context(), "w", Decision{All: true, Outputs: values}); return err },
		} {
			if err := do(); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s in %s: %v", name, call, err)
			}
		}
	}
}

// everything has a field of each kind that arrives as what it was.
type everything struct {
	Target
	Text    string            `json:"text"`
	Flag    bool              `json:"flag"`
	Signed  int64             `json:"signed"`
	Small   int8              `json:"small"`
	Large   uint64            `json:"large"`
	Real    float64           `json:"real"`
	Single  float32           `json:"single"`
	Pointer *int              `json:"pointer,omitempty"`
	List    []string          `json:"list,omitempty"`
	Map     map[string]uint16 `json:"map,omitempty"`
	Array   [2]bool           `json:"array"`
	Nested  struct {
		Text string
		List []int
	} `json:"nested"`
	Wait time.Duration     `json:"wait"`
	At   time.Time         `json:"at"`
	Raw  json.RawMessage   `json:"raw"`
	Size quantity.Quantity `json:"size"`
}

// A struct that was sent as parameters is read from outputs with the same values, wherever the
// parameters can be sent.
func roundTrip(t *testing.T, v everything) {
	t.Helper()
	values, err := ParametersOf(v)
	if err != nil {
		var refused *InvalidError
		if !errors.As(err, &refused) {
			t.Fatalf("%v", err)
		}
		return
	}
	sent, _, problems := parameterStrings(field.NewPath("parameters"), values)
	if len(problems) > 0 {
		t.Fatalf("%v", problems)
	}
	var outputs status.Outputs
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		outputs.Parameters = append(outputs.Parameters, status.Parameter{Name: name, Value: sent[name], Set: true})
	}
	var got everything
	if err := outputs.Decode(&got); err != nil {
		t.Fatalf("%+v: %v", v, err)
	}
	if got.Size.Cmp(v.Size) != 0 || !got.At.Equal(v.At) {
		t.Errorf("%v and %v instead of %v and %v", got.Size, got.At, v.Size, v.At)
	}
	got.Size, got.At = v.Size, v.At // the same in another form
	if !reflect.DeepEqual(got, v) {
		t.Errorf("%+v instead of %+v", got, v)
	}
}

func everythingOf(text string, n int64, u uint64, real float64, flag bool) everything {
	v := everything{
		Target: Target{text, int(n)}, Text: text, Flag: flag, Signed: n, Small: int8(n), Large: u, Real: real, Single: float32(real), //nolint:gosec // any value will do
		Array: [2]bool{flag, !flag}, Wait: time.Duration(n), At: time.Unix(int64(uint32(u)), int64(uint16(n))).UTC(), //nolint:gosec // as above
		Raw: json.RawMessage(`{"n":` + strconv.FormatInt(n, 10) + `}`), Size: *quantity.NewQuantity(n, quantity.BinarySI),
	}
	v.Nested.Text = text
	if flag {
		v.Pointer, v.List, v.Map, v.Nested.List = &v.Shards, []string{text, ""}, map[string]uint16{text: uint16(u)}, []int{int(n)} //nolint:gosec // as above
	}
	return v
}

func FuzzParametersRoundTrip(f *testing.F) {
	for i, text := range []string{"", "text", `"`, "null", "3", "<&> é😀", `{ \u007b }`, "{{workflow.name}}", "\xff", "a\nb", "\u2028"} {
		f.Add(text, int64(i), uint64(i), float64(i)/3, i%2 == 0)
	}
	f.Add("", int64(math.MinInt64), uint64(math.MaxUint64), math.MaxFloat64, true)
	f.Add("", int64(math.MaxInt64), uint64(0), math.SmallestNonzeroFloat64, true)
	f.Add("", int64(0), uint64(0), math.NaN(), true)
	f.Fuzz(func(t *testing.T, text string, n int64, u uint64, real float64, flag bool) {
		roundTrip(t, everythingOf(text, n, u, real, flag))
	})
}

func TestRoundTrip(t *testing.T) {
	for range 1000 {
		text := strings.Repeat(string([]rune("a\" é\\{}<0😀")[rand.IntN(10)]), rand.IntN(3))
		roundTrip(t, everythingOf(text, int64(rand.Uint64()), rand.Uint64(), rand.NormFloat64()*1e9, rand.IntN(2) == 0)) //nolint:gosec // any value will do
	}
}
