package workflow

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

func TestParameterText(t *testing.T) {
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
		{Expression("{{workflow.name}}"), "{{workflow.name}}"}, {[]any{map[string]any{"a": map[string]any{}}}, `[{"a":{}}]`},
	} {
		if got, err := parameterText(tc.value); err != nil || got != tc.want {
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
		if got, err := parameterText(value); err == nil {
			t.Errorf("%#v was taken as %q", value, got)
		} else if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("a value is shown: %v", err)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// masked is a text that says something else of itself.
type masked string

func (masked) String() string { return "***" }

// problem is an error whose JSON is its text.
type problem string

func (p problem) Error() string { return string(p) }

// bothWays is JSON of one kind and a text of another.
type bothWays string

func (b bothWays) MarshalJSON() ([]byte, error) { return json.Marshal(string(b)) }
func (bothWays) MarshalText() ([]byte, error)   { return []byte("text"), nil }

// revealing is a secret that would arrive as its mask.
type revealing string

func (r revealing) Reveal() string { return string(r) }

func (r revealing) MarshalText() ([]byte, error) {
	if r == "" {
		return nil, nil
	}
	return []byte("*****"), nil
}

// masking is a configuration that masks what is secret in it.
type masking struct{ Password revealing }

func (masking) MarshalJSON() ([]byte, error) { return []byte(`{"password":"*****"}`), nil }

// A secret that masks itself is never sent as its mask, wherever it is; one that is empty has none.
func TestSecretsAreNotSentAsTheirMask(t *testing.T) {
	within := map[string]any{"a": []any{struct{ Password revealing }{"s3cr3t"}}}
	_, found := checkSettings(StartRequest{
		Parameters: map[string]any{"p": within}, OptionalParameters: map[string]any{"o": within},
		Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{map[string]any{"raw": map[string]any{"data": revealing("s3cr3t")}}}}},
	})
	var fields []string
	for _, problem := range found {
		fields = append(fields, problem.Field)
		if !strings.Contains(problem.Error(), "Reveal") {
			t.Error(problem)
		}
	}
	if text := strings.Join(fields, " "); text != "spec parameters[p] optionalParameters[o]" || strings.Contains(invalid(found...).Error(), "s3cr3t") {
		t.Errorf("%s: %v", text, found)
	}
	written := false
	c := scripted(t, func(r *http.Request) (any, error) {
		written = written || r.Method != http.MethodGet
		return nil, apierrors.NewServiceUnavailable("")
	})
	for name, call := range map[string]func() error{
		"outputs": func() error {
			_, err := c.Resume(t.Context(), "w", ResumeOptions{Outputs: within})
			return err
		},
		"a retry": func() error {
			_, err := c.Retry(t.Context(), "w", RetryOptions{Parameters: within})
			return err
		},
		"a resubmit": func() error {
			_, err := c.Resubmit(t.Context(), "w", ResubmitOptions{Parameters: within})
			return err
		},
		"an object": func() error {
			_, err := c.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
				"metadata": map[string]any{"name": "w"}, "spec": within,
			}})
			return err
		},
	} {
		if err := call(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "Reveal") || strings.Contains(err.Error(), "s3cr3t") || written {
			t.Errorf("%s: %v", name, err)
		}
	}
	ring := &struct{ Next any }{}
	ring.Next = ring
	for value, want := range map[any]string{
		masking{}: `{"password":"*****"}`, revealing(""): "", ptr(struct{ hidden revealing }{"s3cr3t"}): "{}",
		ptr(struct {
			A revealing `json:"-"`
		}{"s3cr3t"}): "{}",
	} {
		if text, err := parameterText(value); err != nil || text != want {
			t.Errorf("%T: %q, %v", value, text, err)
		}
	}
	if text, err := parameterText(ring); err == nil {
		t.Errorf("a cycle is %q", text)
	}
}

// What people type is not evaluated, wherever it goes and however it is wrapped.
func TestValuesThatArgoWouldEvaluate(t *testing.T) {
	const code = "{{workflow.parameters.password}}"
	for name, value := range map[string]any{
		"a text": code, "within": "a " + code, "one that is never closed": "{{=", "a pointer": ptr(code), "in a list": []string{code},
		"in a map": map[string]any{"a": []any{map[string]any{"b": code}}}, "a key": map[string]any{code: 1}, "raw": json.RawMessage(`{"a":"{{b}}"}`),
		"as JSON": `["{\u007bb}}"]`, "as other JSON": `["\u007B\u007Bb}}"]`, "in a struct": struct{ A string }{code},
	} {
		t.Run(name, func(t *testing.T) {
			for path, check := range map[string]func() field.ErrorList{
				"parameters[p]": func() field.ErrorList {
					_, found := checkSettings(StartRequest{Parameters: map[string]any{"p": value}})
					return found
				},
				"optionalParameters[p]": func() field.ErrorList {
					_, found := checkSettings(StartRequest{OptionalParameters: map[string]any{"p": value}})
					return found
				},
				"spec.arguments[artifacts][0][raw]": func() field.ErrorList {
					_, found := checkSettings(StartRequest{Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{map[string]any{"raw": value}}}}})
					return found
				},
			} {
				found := check()
				if len(found) == 0 || !strings.HasPrefix(found[0].Field, path) || strings.Contains(invalid(found...).Error(), "password") {
					t.Errorf("%s: %v", path, found)
				}
			}
		})
	}
	// The arguments within a Spec are sent as their JSON, whatever is refused as a parameter.
	for _, value := range []any{masked(code), ptr(masked(code)), struct{ error }{problem(code)}, problem(code), bothWays(code)} {
		_, found := checkSettings(StartRequest{Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{
			map[string]any{"name": "a", "raw": map[string]any{"data": value}},
		}}}})
		if text, _ := json.Marshal(value); strings.Contains(string(text), "{{") && len(found) == 0 {
			t.Errorf("%T: %s is sent", value, text)
		}
	}
	if _, found := checkSettings(StartRequest{Annotations: map[string]string{"a": code}}); len(found) != 1 || found[0].Field != "annotations[a]" {
		t.Error(found)
	}
	written := false
	c := scripted(t, func(r *http.Request) (any, error) {
		written = written || r.Method != http.MethodGet
		return nil, apierrors.NewServiceUnavailable("")
	})
	for name, call := range map[string]func() error{
		"outputs": func() error {
			_, err := c.Resume(t.Context(), "w", ResumeOptions{Outputs: map[string]any{"by": "{{=sprig.getHostByName('x')}}"}})
			return err
		},
		"the message of a rejection": func() error {
			return c.Stop(t.Context(), "w", StopOptions{NodeIDs: []string{"gate"}, Message: "no: {{=sprig.getHostByName('x')}}"})
		},
		"a retry": func() error {
			_, err := c.Retry(t.Context(), "w", RetryOptions{Parameters: map[string]any{"p": code}})
			return err
		},
		"a resubmit": func() error {
			_, err := c.Resubmit(t.Context(), "w", ResubmitOptions{Parameters: map[string]any{"p": code}})
			return err
		},
	} {
		if err := call(); !errors.Is(err, ErrInvalid) || written {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a CronWorkflow starts has its name as a label.
func TestCronWorkflowOfALongName(t *testing.T) {
	for length, want := range map[int]int{63: 0, 64: 1, 76: 1} {
		_, found := checkSource(t.Context(), StartRequest{CronWorkflow: strings.Repeat("a", length)}, "ma")
		if len(found) != want || want > 0 && (found[0].Field != "cronWorkflow" || !strings.Contains(found[0].Error(), "63")) {
			t.Errorf("%d: %v", length, found)
		}
	}
}

func TestExpressionsAreMeant(t *testing.T) {
	value := Expression("{{workflow.name}}")
	args, found := checkSettings(StartRequest{
		Parameters: map[string]any{"p": value, "q": &value},
		Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{
			map[string]any{"raw": map[string]any{"data": value}},
		}}},
	})
	if len(found) > 0 || args.required["p"] != string(value) || args.required["q"] != string(value) {
		t.Error(found, args)
	}
}

// Argo quotes a text as Go does, and reads that as JSON.
func TestCharactersThatArgoCannotSubstitute(t *testing.T) {
	for _, text := range []string{"a\x1b[2Jb", "\a", "\v", "\x7f", "\x00", "\U000f0000", "\U0001F3F4\U000E0067\U000E0062\U000E007F", "a\xff"} {
		if got, err := argumentText(text); err == nil {
			t.Errorf("%q was taken as %q", text, got)
		}
	}
	for _, text := range []string{"", "a\tb\nc\rd\be\ff", `"\`, "é 😀 👩‍🚀 \u00ad\u2028\ufffd", "{ {a} }"} {
		var back string
		if err := json.Unmarshal([]byte(strconv.Quote(text)), &back); err != nil || back != text {
			t.Fatalf("%q is no text that Argo can substitute: %v", text, err)
		}
		if got, err := argumentText(text); err != nil || got != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		text := string(r)
		var back string
		reads := json.Unmarshal([]byte(strconv.Quote(text)), &back) == nil && back == text
		if err := unsubstitutable(text); (err == nil) != reads && utf8.ValidRune(r) {
			t.Fatalf("%U: %v", r, err)
		}
	}
}

// secretText is a type of a caller's whose error shows the value.
type secretText string

func (s secretText) MarshalText() ([]byte, error) {
	return nil, errors.New("cannot marshal " + string(s))
}

// fieldsOf lists the fields of an InvalidError's problems.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("no InvalidError: %v", err)
	}
	var paths []string
	for _, p := range invalid.Problems {
		paths = append(paths, p.Field)
	}
	return paths
}

func TestCheckRequestFindsEveryProblemAtOnce(t *testing.T) {
	_, _, problems := checkRequest(t.Context(), StartRequest{
		Template: "Bulk_Load", Name: strings.Repeat("x", 64), ServiceAccount: "a b",
		Labels:             map[string]string{"team": "not a label!", labelCompleted: "true", labelPhase: "Running", labelArchiving: "Pending"},
		Annotations:        map[string]string{"bad key": ""},
		Parameters:         map[string]any{"secret": nil, "bad name": "s3cr3t", "twice": 1, "bytes": "s3cr3t\xff"},
		OptionalParameters: map[string]any{"twice": 2, "broken": math.NaN()},
		Spec: map[string]any{
			"templates": nil, "workflowTemplateRef": nil, "entrypoint": "", "serviceAccountName": "", "shutdown": "Stop",
			"arguments": map[string]any{"parameters": nil},
		},
	}, "ma")
	got := strings.Join(fieldsOf(t, invalid(problems...)), " ")
	want := "template name serviceAccount labels labels[" + labelCompleted + "] labels[" + labelPhase + "] labels[" + labelArchiving + "] annotations spec.workflowTemplateRef spec.templates spec.entrypoint " +
		"spec.serviceAccountName spec.shutdown spec.arguments.parameters parameters[\"bad name\"] parameters[bytes] parameters[secret] optionalParameters[broken] optionalParameters[twice]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if text := invalid(problems...).Error(); strings.Contains(text, "s3cr3t") {
		t.Errorf("a value is shown: %s", text)
	}
	if _, _, problems := checkRequest(t.Context(), StartRequest{}, "ma"); len(problems) != 1 || problems[0].Field != "template" {
		t.Errorf("an empty request: %v", problems)
	}
	if _, _, problems := checkRequest(t.Context(), StartRequest{Template: "t", Spec: map[string]any{"x": func() {}}}, "ma"); len(problems) != 1 {
		t.Errorf("a spec that is no JSON: %v", problems)
	}
}

func TestCheckObject(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"fine":            {"metadata: {name: a}", ""},
		"generated":       {"metadata: {generateName: a-}", ""},
		"nameless":        {"metadata: {}", "metadata.name"},
		"other kind":      {"{kind: Pod, apiVersion: v1, metadata: {name: a}}", "kind apiVersion"},
		"other namespace": {"metadata: {name: a, namespace: other}", "metadata.namespace"},
		"names":           {"metadata: {name: A, generateName: B-}", "metadata.name metadata.generateName"},
		"only a dash":     {"metadata: {generateName: '-'}", "metadata.generateName"},
	} {
		t.Run(name, func(t *testing.T) {
			obj := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(tc.text), &obj.Object); err != nil {
				t.Fatal(err)
			}
			var fields []string
			for _, p := range checkObject(obj, "ma") {
				fields = append(fields, p.Field)
			}
			if got := strings.Join(fields, " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	if len(checkObject(nil, "ma")) == 0 || len(checkObject(&unstructured.Unstructured{}, "ma")) == 0 {
		t.Error("no object passes")
	}
}

func TestTemplateProblems(t *testing.T) {
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(`
metadata: {name: t}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {name: required}
    - {name: defaulted-in-vain, default: x}
    - {name: valued, value: v}
    - {name: from, valueFrom: {configMapKeyRef: {name: c, key: k}}}
    - {name: size, value: small, enum: [small, large, 3]}
  templates:
  - name: main
    inputs: {parameters: [{name: input}, {name: soft, default: d}]}
    container: {args: ["{{workflow.parameters.dotted}}", "{{=workflow.parameters['quoted']}}", "{{workflow.parameters.prefixed}}"]}
  - name: other
`), &obj.Object); err != nil {
		t.Fatal(err)
	}
	complete := map[string]string{"required": "", "defaulted-in-vain": "", "input": ""}
	with := func(more map[string]string, without ...string) map[string]string {
		texts := map[string]string{}
		for _, m := range []map[string]string{complete, more} {
			for k, v := range m {
				texts[k] = v
			}
		}
		for _, k := range without {
			delete(texts, k)
		}
		return texts
	}
	for name, tc := range map[string]struct {
		req   StartRequest
		texts map[string]string
		want  []string // parts of the text; none: no problem
	}{
		"complete":           {texts: complete},
		"used, not declared": {texts: with(map[string]string{"dotted": "", "quoted": "", "soft": "", "valued": ""})},
		"missing": {
			texts: with(nil, "required", "defaulted-in-vain", "input"),
			want:  []string{"parameters[required]", "parameters[defaulted-in-vain]", "parameters[input]"},
		},
		"missing input of another entrypoint": {req: StartRequest{Entrypoint: "other"}, texts: with(nil, "input")},
		"unknown":                             {texts: with(map[string]string{"sise": ""}), want: []string{"sise", `did you mean "size"?`}},
		"part of a used name":                 {texts: with(map[string]string{"prefix": ""}), want: []string{"prefix"}},
		"unknown, allowed":                    {req: StartRequest{AllowUnknownParameters: true}, texts: with(map[string]string{"sise": ""})},
		"enum":                                {texts: with(map[string]string{"size": "s3cr3t"}), want: []string{"parameters[size]", "small, large, 3"}},
		"enum as a number":                    {texts: with(map[string]string{"size": "3"})},
		"entrypoint": {
			req: StartRequest{Entrypoint: "mian"}, texts: with(nil, "input"),
			want: []string{"entrypoint", "there are: main, other", `did you mean "main"?`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := map[string]any{}
			if tc.req.Entrypoint != "" {
				own["entrypoint"] = tc.req.Entrypoint
			}
			problems := newTemplate(`template "t"`, obj.Object["spec"].(map[string]any)).use(own, tc.req.AllowUnknownParameters).problems(tc.texts)
			text := invalid(problems...).Error()
			if (len(problems) == 0) != (len(tc.want) == 0) {
				t.Fatalf("%d problems: %s", len(problems), text)
			}
			for _, part := range tc.want {
				if !strings.Contains(text, part) {
					t.Errorf("%q is not in %q", part, text)
				}
			}
			if strings.Contains(text, "s3cr3t") {
				t.Errorf("a value is shown: %s", text)
			}
		})
	}
}

func TestTemplateWithoutEntrypointAndUnreadableTemplate(t *testing.T) {
	bare := newTemplate("it", map[string]any{})
	if problems := bare.use(nil, false).problems(nil); len(problems) != 1 || problems[0].Field != "entrypoint" {
		t.Errorf("%v", problems)
	}
	opaque := newTemplate("it", map[string]any{"workflowTemplateRef": map[string]any{}})
	if problems := opaque.use(nil, false).problems(map[string]string{"a": ""}); len(problems) != 0 {
		t.Errorf("a template that is another one's shadow was judged: %v", problems)
	}
}

// Arguments that a workflow brings itself count as declared, and as given.
func TestOwnArguments(t *testing.T) {
	template := newTemplate("it", fromYAML(t, `
entrypoint: main
arguments: {parameters: [{name: required}, {name: size, enum: [small, large]}]}
templates: [{name: main}]
`))
	for name, tc := range map[string]struct{ own, want string }{
		"given":            {"{arguments: {parameters: [{name: required, value: 1}, {name: size, value: small}, {name: mine, value: x}]}}", ""},
		"from elsewhere":   {"{arguments: {parameters: [{name: required, valueFrom: {}}, {name: size, value: small}]}}", ""},
		"outside the enum": {"{arguments: {parameters: [{name: required, value: 1}, {name: size, value: s3cr3t}]}}", "parameters[size]"},
		"without a value":  {"{arguments: {parameters: [{name: required}, {name: size, value: large}, {name: mine}]}}", "parameters[mine] parameters[required]"},
	} {
		problems := template.use(fromYAML(t, tc.own), false).problems(nil)
		var fields []string
		for _, p := range problems {
			fields = append(fields, p.Field)
			if strings.Contains(p.Error(), "s3cr3t") {
				t.Errorf("a value is shown: %v", p)
			}
		}
		if got := strings.Join(fields, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func fromYAML(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func TestChoices(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = strings.Repeat("n", i+1)
	}
	for _, tc := range []struct {
		given string
		names []string
		want  string
	}{
		{"x", nil, "; there are none"},
		{"bulk-lod", []string{"other", "bulk-load"}, `; there are: bulk-load, other; did you mean "bulk-load"?`},
		{"zzz", []string{"bulk-load"}, "; there are: bulk-load"},
		{"", []string{"a"}, "; there are: a"},
	} {
		if got := choices(tc.given, tc.names); got != tc.want {
			t.Errorf("%q of %v: %q, want %q", tc.given, tc.names, got, tc.want)
		}
	}
	if got := choices("zzzzzz", many); !strings.HasSuffix(got, ", …") || strings.Count(got, ",") != 20 {
		t.Errorf("a long list is not cut: %s", got)
	}
}
