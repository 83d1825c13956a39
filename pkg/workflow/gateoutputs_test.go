package workflow

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// For what Argo calls an intermediate parameter, the input of the same name has the enum and the
// default.
func TestIntermediateParameters(t *testing.T) {
	const text = `
kind: Workflow
metadata: {name: w}
status:
  phase: Running
  nodes:
    g:
      {id: g, displayName: approve, type: Suspend, phase: Running,
      inputs: {parameters: [{name: answer, enum: ["YES", "NO"], INPUT}]},
      outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}}
`
	for name, tc := range map[string]struct {
		input   string
		outputs map[string]any
		want    string
		says    string
	}{
		"allowed":                  {`value: "NO", default: "NO"`, map[string]any{"answer": "YES"}, "YES", ""},
		"not allowed":              {`value: "NO", default: "NO"`, map[string]any{"answer": "perhaps"}, "", "outputs[answer]: Invalid value: node approve allows only: [YES NO]"},
		"the default":              {`value: "NO", default: "NO"`, nil, "NO", ""},
		"no default":               {`value: "NO"`, nil, "", "allowed are: [YES NO]"},
		"an input without a value": {`description: x`, nil, "", "does not have a default value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, patch, err := decided(t, workflowObject(t, strings.Replace(text, "INPUT", tc.input, 1)), approving(Decision{All: true, Outputs: tc.outputs}))
			if tc.says != "" {
				if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "perhaps") {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			written, _, _ := unstructured.NestedSlice(patch, "status", "nodes", "g", "outputs", "parameters")
			if len(written) != 1 || written[0].(map[string]any)["value"] != tc.want {
				t.Errorf("%v is written", written)
			}
		})
	}
}

// Errors quote and truncate names chosen by other writers, and shorten long lists.
func TestErrorsAboutOutputsAreBounded(t *testing.T) {
	hostile := "a\n\x1b[31m" + strings.Repeat("x", 5_000)
	outputs, enum := []any{map[string]any{"name": hostile, "valueFrom": map[string]any{"supplied": map[string]any{}}}}, []any{}
	for i := range 1_000 {
		enum = append(enum, fmt.Sprint(hostile, i))
	}
	for i := range 1_000 {
		outputs = append(outputs, map[string]any{
			"name": fmt.Sprint("p", i), "enum": enum[i : i+min(100, 1_000-i)], "valueFrom": map[string]any{"supplied": map[string]any{}},
		})
	}
	obj := &unstructured.Unstructured{Object: map[string]any{"kind": "Workflow", "status": map[string]any{
		"phase": "Running", "nodes": map[string]any{"g": map[string]any{
			"id": "g", "displayName": hostile, "type": "Suspend", "phase": "Running", "outputs": map[string]any{"parameters": outputs},
		}},
	}}}
	state, err := status.FromUnstructured(obj) // hundreds of megabytes as JSON
	if err != nil {
		t.Fatal(err)
	}
	for name, supplied := range map[string]map[string]any{"none": nil, "another": {"b": 1}, "a wrong one": {"p0": "secret"}} {
		read, problems, ofOutputs := readDecision(Decision{All: true, Outputs: supplied}, approval())
		chosen, err := read.choose(t.Context(), state, nil)
		if err != nil || len(problems)+len(ofOutputs) > 0 {
			t.Fatalf("%s: %v, %v, %v", name, err, problems, ofOutputs)
		}
		err = invalid(read.outputs.problems(t.Context(), chosen.nodes)...)
		text := err.Error()
		if len(text) > 128<<10 || strings.ContainsAny(text, "\n\x1b") || strings.Contains(text, "secret") || !strings.Contains(text, "more problems") {
			t.Errorf("%s: %d bytes: %.500s", name, len(text), text)
		}
	}
}
