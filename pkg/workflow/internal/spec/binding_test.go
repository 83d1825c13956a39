package spec

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestCheckOfArguments(t *testing.T) {
	template := TemplateOf("t", &unstructured.Unstructured{Object: fromYAML(t, `
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
`)})
	complete := map[string]string{"required": "", "defaulted-in-vain": "", "input": ""}
	with := func(more map[string]string, without ...string) map[string]string {
		arguments := maps.Clone(complete)
		maps.Copy(arguments, more)
		for _, name := range without {
			delete(arguments, name)
		}
		return arguments
	}
	for name, tc := range map[string]struct {
		entrypoint   string
		allowUnknown bool
		arguments    map[string]string
		want         []string // parts of the problems; none: no problem
	}{
		"complete":           {arguments: complete},
		"used, not declared": {arguments: with(map[string]string{"dotted": "", "quoted": "", "soft": "", "valued": ""})},
		"missing": {
			arguments: with(nil, "required", "defaulted-in-vain", "input"),
			want:      []string{"parameters[required]", "parameters[defaulted-in-vain]", "parameters[input]"},
		},
		"missing input of another entrypoint": {entrypoint: "other", arguments: with(nil, "input")},
		"unknown":                             {arguments: with(map[string]string{"sise": ""}), want: []string{"sise", `did you mean "size"?`}},
		"part of a used name":                 {arguments: with(map[string]string{"prefix": ""}), want: []string{"prefix"}},
		"unknown, allowed":                    {allowUnknown: true, arguments: with(map[string]string{"sise": ""})},
		"enum":                                {arguments: with(map[string]string{"size": "s3cr3t"}), want: []string{"parameters[size]", "small, large, 3"}},
		"enum as a number":                    {arguments: with(map[string]string{"size": "3"})},
		"entrypoint": {
			entrypoint: "mian", arguments: with(nil, "input"),
			want: []string{"entrypoint", "there are: main, other", `did you mean "main"?`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := map[string]any{}
			if tc.entrypoint != "" {
				own["entrypoint"] = tc.entrypoint
			}
			sent, problems := template.Bind(own).Check(Arguments{Required: tc.arguments}, tc.allowUnknown, nil)
			if !maps.Equal(sent, tc.arguments) {
				t.Errorf("sent: %v", sent)
			}
			text := textOf(problems)
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

func TestCheckWithoutEntrypoint(t *testing.T) {
	_, problems := NewTemplate("it", map[string]any{}).Bind(nil).Check(Arguments{}, false, nil)
	if fieldsOf(problems) != "entrypoint" {
		t.Errorf("%v", problems)
	}
}

func TestCheckOfUnknownTemplate(t *testing.T) {
	template := NewTemplate("it", map[string]any{"workflowTemplateRef": map[string]any{}})
	args := Arguments{Required: map[string]string{"a": ""}, Optional: map[string]string{"b": ""}}
	if sent, problems := template.Bind(nil).Check(args, false, nil); len(problems) != 0 || !maps.Equal(sent, args.All()) {
		t.Errorf("%v, %v", sent, problems)
	}
}

// The arguments of the workflow's own spec count as declared and as set.
func TestOwnArguments(t *testing.T) {
	template := NewTemplate("it", fromYAML(t, `
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
		_, problems := template.Bind(fromYAML(t, tc.own)).Check(Arguments{}, false, nil)
		if strings.Contains(textOf(problems), "s3cr3t") {
			t.Errorf("a value is shown: %v", problems)
		}
		if got := fieldsOf(problems); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// A name can be as long as a manifest.
func TestLongNamesAreCut(t *testing.T) {
	template := NewTemplate("it", fromYAML(t, "{entrypoint: main, templates: [{name: main}], arguments: {parameters: [{name: a, value: x}]}}"))
	long := map[string]string{strings.Repeat("abc", 30<<10): ""}
	if _, problems := template.Bind(nil).Check(Arguments{Required: long}, false, nil); len(problems) != 1 || len(problems[0].Error()) > 2000 {
		t.Errorf("%d problems, of %d bytes", len(problems), len(textOf(problems)))
	}
}

func TestChecksTakeLinearTime(t *testing.T) {
	growth.Linear(t, "calls of other templates", func(n int) func() {
		var steps []any
		for i := range n {
			steps = append(steps, map[string]any{"templateRef": map[string]any{"name": fmt.Sprint("t-", i)}})
		}
		return func() {
			calls := new(templateCalls)
			calls.addFrom(steps)
			if !calls.unclear || len(calls.refs) > maxLookups+1 {
				t.Errorf("%d calls, %t", len(calls.refs), calls.unclear)
			}
		}
	})
	growth.Linear(t, "parameters without a value", func(n int) func() {
		var declared []any
		var faulty []string
		for i := range n {
			declared = append(declared, map[string]any{"name": fmt.Sprint("p", i)})
			faulty = append(faulty, fmt.Sprint("q", i))
		}
		binding := NewTemplate("t", map[string]any{"arguments": map[string]any{"parameters": declared}}).Bind(nil)
		return func() {
			if problems := binding.missingProblems(nil, faulty); len(problems) != n {
				t.Errorf("%d problems", len(problems))
			}
		}
	})
}

// The parameters of an existing workflow are in its spec and in its stored template spec.
func TestOverrides(t *testing.T) {
	const stored = "{spec: {workflowTemplateRef: {name: t}, arguments: {parameters: [{name: own}]}}, status: {storedWorkflowTemplateSpec: " +
		"{entrypoint: main, workflowTemplateRef: {name: t}, arguments: {parameters: [{name: size, enum: [s, m]}, {name: from, valueFrom: {}}]}, templates: [{name: main}]}}}"
	wf := &unstructured.Unstructured{Object: fromYAML(t, stored)}
	values := map[string]string{"own": "1", "size": "m", "from": "2"}
	if problems := BindingOf(wf).OverrideProblems(values, nil); len(problems) > 0 {
		t.Error(problems)
	}
	if got := fieldsOf(BindingOf(wf).OverrideProblems(map[string]string{"sise": "", "size": "xl"}, []string{"x"})); got != "parameters[sise] parameters[size] parameters[x]" {
		t.Error(got)
	}
	Override(wf, values)
	want := fromYAML(t, "{spec: {workflowTemplateRef: {name: t}, arguments: {parameters: [{name: own, value: '1'}, {name: from, value: '2'}, {name: size, value: m}]}}, "+
		"status: {storedWorkflowTemplateSpec: {entrypoint: main, workflowTemplateRef: {name: t}, arguments: {parameters: "+
		"[{name: size, enum: [s, m], value: m}, {name: from, value: '2'}, {name: own, value: '1'}]}, templates: [{name: main}]}}}")
	if got := asYAML(t, wf.Object); got != asYAML(t, want) {
		t.Error(got)
	}
	unknown := &unstructured.Unstructured{Object: fromYAML(t, "{spec: {workflowTemplateRef: {name: t}}}")}
	if problems := BindingOf(unknown).OverrideProblems(map[string]string{"any": ""}, nil); len(problems) > 0 {
		t.Errorf("nothing is known of its parameters yet: %v", problems)
	}
}

// The templates that a template calls are looked up only if a parameter is unknown without them.
func TestLookups(t *testing.T) {
	const calling = "{entrypoint: main, templates: [{name: main, args: ['{{workflow.parameters.READS}}'], steps: [[{templateRef: {name: CALLS}}]]}]}"
	template := func(name, calls string) *Template {
		return NewTemplate(name, fromYAML(t, strings.NewReplacer("READS", name, "CALLS", calls).Replace(calling)))
	}
	var asked []string
	lookup := func(ref status.TemplateRef) *Template {
		asked = append(asked, ref.Name)
		switch ref.Name {
		case "second":
			return template("second", "third")
		case "third":
			return template("third", "second")
		}
		return nil
	}
	for given, want := range map[string]struct{ asked, unknown string }{
		"first": {"", ""}, "third": {"second third", ""}, "fourth": {"second third", "parameters[fourth]"},
	} {
		asked = nil
		_, problems := template("first", "second").Bind(nil).Check(Arguments{Required: map[string]string{given: ""}}, false, lookup)
		if got := strings.Join(asked, " "); got != want.asked || fieldsOf(problems) != want.unknown {
			t.Errorf("%s: %q, %v", given, got, problems)
		}
	}
	asked = nil
	sent, problems := template("first", "missing").Bind(nil).Check(Arguments{Required: map[string]string{"any": ""}}, false, lookup)
	if len(problems) > 0 || len(sent) != 1 {
		t.Errorf("%v, %v", sent, problems)
	}
}
