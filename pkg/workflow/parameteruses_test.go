package workflow

import (
	"fmt"
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
