package spec

import (
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
)

func TestParameterReads(t *testing.T) {
	for text, want := range map[string]bool{
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
		"{{=workflow.parameters[inputs.x]}}":         true, // which may evaluate to this parameter
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
		"{{workflow.parameters.a-b}}":                true, // a subtraction, within an expression
		"{{=workflow.parameters['ab']}}":             false,
		"{{inputs.parameters.a}}":                    false,
		"the workflow, whose parameters are a":       false,
		"the workflow. Parameters are a":             false,
		"{{workflow.name}}-{{workflow.labels.a}}":    false,
		"workflowparameters.a workflow_parameters.a": false,
	} {
		var reads parameterReads
		reads.addFrom(map[string]any{"args": []any{map[string]any{"x": text}}})
		if reads.has("a") != want {
			t.Errorf("%s: %v", text, reads.has("a"))
		}
	}
}

// The time is linear in the length of the string, whatever the string contains.
func TestParameterReadsTakeLinearTime(t *testing.T) {
	for name, piece := range map[string]string{
		"words that are one": "workflow",
		"names that are one": "workflow.parameters",
		"differences":        "workflow.parameters.a-",
		"spaces":             "workflow   ",
	} {
		growth.Linear(t, name, func(n int) func() {
			text := "{{=" + strings.Repeat(piece, 10*n)
			return func() { new(parameterReads).addFrom(text) }
		})
	}
	growth.Linear(t, "a name of dashes", func(n int) func() {
		text := "{{=workflow.parameters." + strings.Repeat("-", 20*n) + "}}"
		return func() {
			reads := new(parameterReads)
			reads.addFrom(text)
			if !reads.has("a") || len(reads.names) > 99 {
				t.Errorf("%d names", len(reads.names))
			}
		}
	})
}
