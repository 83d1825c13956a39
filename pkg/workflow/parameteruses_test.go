package workflow

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
)

func TestParametersThatATextReads(t *testing.T) {
	for text, reads := range map[string]bool{
		"{{workflow.parameters.a}}":                  true,
		"{{ workflow.parameters.a }}":                true,
		"{{=workflow.parameters.a}}":                 true,
		"{{=workflow.parameters['a']}}":              true,
		`{{=workflow.parameters["a"]}}`:              true,
		"{{=workflow.parameters[`a`]}}":              true,
		"{{=workflow?.parameters?.a}}":               true,
		`{{=workflow["parameters"]["a"]}}`:           true,
		"{{=workflow . parameters . a}}":             true,
		"{{=workflow.parameters.a-1}}":               true,
		"workflow.parameters.a == 'x'":               true, // an expression needs no braces
		"{{=workflow.parameters[inputs.x]}}":         true, // which may be this one
		"{{=workflow[inputs.x]}}":                    true,
		"{{workflow.parameters}}":                    true,
		"{{workflow.parameters.json}}":               true,
		"{{=toJson(workflow)}}":                      true,
		"{{=get(workflow.parameters, 'a')}}":         true,
		"{{=workflow | toJson()}}":                   true,
		"{{=toJson( workflow )}}":                    true,
		"{{=let w = workflow; w.parameters.a}}":      true,
		"{{=sprig.get([1, workflow], 'x')}}":         true,
		"{{=x}} a workflow | b":                      false,
		"{{=steps.workflow + workflows}} workflow":   false,
		"{{workflow.parameters.b}} {{workflow.a}}":   false,
		"{{workflow.parameters.ab}}":                 false,
		"{{workflow.parameters.a-b}}":                true, // a difference, within an expression
		"{{=workflow.parameters['ab']}}":             false,
		"{{inputs.parameters.a}}":                    false,
		"the workflow, whose parameters are a":       false,
		"the workflow. Parameters are a":             false,
		"{{workflow.name}}-{{workflow.labels.a}}":    false,
		"workflowparameters.a workflow_parameters.a": false,
	} {
		var uses parameterUses
		uses.within(map[string]any{"args": []any{map[string]any{"x": text}}})
		if uses.has("a") != reads {
			t.Errorf("%s: %v", text, uses.has("a"))
		}
	}
}

// A name of a caller can be as long as a manifest.
func TestLongNamesAreCut(t *testing.T) {
	it := newTemplate("it", fromYAML(t, "{entrypoint: main, templates: [{name: main}], arguments: {parameters: [{name: a, value: x}]}}"))
	problems := it.use(nil, false).problems(map[string]string{strings.Repeat("abc", 30<<10): ""})
	if len(problems) != 1 || len(problems[0].Error()) > 2000 {
		t.Errorf("%d problems, with a text of %d", len(problems), len(invalid(problems...).Error()))
	}
}

// Of thousands of mistakes in thousands of names, only the first few are worth a hint.
func TestManyMistakesTakeInProportion(t *testing.T) {
	growth.Linear(t, "look for calls of templates that are not there", func(n int) func() {
		var templates, steps []any
		for i := range n {
			templates = append(templates, map[string]any{"name": fmt.Sprint("process-documents-", i)})
			steps = append(steps, []any{map[string]any{"name": fmt.Sprint("s", i), "template": fmt.Sprint("processed-documents-", i)}})
		}
		spec := map[string]any{"templates": append(templates, map[string]any{"name": "main", "steps": steps})}
		return func() {
			problems := misspelt(field.NewPath("spec"), spec)
			if len(problems) != min(n, mostProblems) || len(invalid(problems...).Error()) > 16<<10 {
				t.Errorf("%d problems in %d calls, with a text of %d", len(problems), n, len(invalid(problems...).Error()))
			}
		}
	})
}

// What reads parameters is looked for in a time in proportion to the text, whatever that consists of.
func TestUsesOfParametersTakeInProportion(t *testing.T) {
	for name, piece := range map[string]string{
		"words that are one": "workflow",
		"names that are one": "workflow.parameters",
		"differences":        "workflow.parameters.a-",
		"spaces":             "workflow   ",
	} {
		growth.Linear(t, name, func(n int) func() {
			text := "{{=" + strings.Repeat(piece, 10*n)
			return func() { new(parameterUses).within(text) }
		})
	}
	growth.Linear(t, "a name of dashes", func(n int) func() {
		text := "{{=workflow.parameters." + strings.Repeat("-", 20*n) + "}}"
		return func() {
			uses := new(parameterUses)
			uses.within(text)
			if !uses.has("a") || len(uses.names) > 99 {
				t.Errorf("%d names", len(uses.names))
			}
		}
	})
	growth.Linear(t, "calls of other templates", func(n int) func() {
		var steps []any
		for i := range n {
			steps = append(steps, map[string]any{"templateRef": map[string]any{"name": fmt.Sprint("t-", i)}})
		}
		return func() {
			calls := new(templateCalls)
			calls.within(steps)
			if !calls.unclear || len(calls.refs) > mostCalled+1 {
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
		use := newTemplate("t", map[string]any{"arguments": map[string]any{"parameters": declared}}).use(nil, true)
		return func() {
			if problems := use.parameterProblems(nil, faulty); len(problems) != n {
				t.Errorf("%d problems", len(problems))
			}
		}
	})
}

// Fields that Argo does not have are compared with those that it has, but not for seconds.
func TestFieldsOfNoKindTakeInProportion(t *testing.T) {
	took := map[int]int{}
	for _, n := range []int{mostCompared, 4 * mostCompared} {
		template := map[string]any{"name": "main"}
		for i := range n {
			template[fmt.Sprintf("nodeSel%06d", i)] = "a"
		}
		m := misspellings{}
		m.template(field.NewPath("t"), template)
		took[n] = m.compared
	}
	if took[mostCompared] != mostCompared || took[4*mostCompared] != mostCompared {
		t.Error(took)
	}
}

// Marks between documents that are empty take no room.
func TestManyEmptyDocuments(t *testing.T) {
	text := []byte(strings.Repeat("---\n", 500_000) + "a: 1\n")
	var document []byte
	var ok bool
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	document, ok = soleDocument(text)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; !ok || string(bytes.TrimSpace(document)) != "a: 1" || took > uint64(3*len(text)) {
		t.Errorf("%t, %d bytes, %d MiB", ok, len(document), took>>20)
	}
	if line := bytes.Count(document, []byte("\n")); line != 500_001 {
		t.Errorf("it is on line %d", line)
	}
}
