package spec

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Parameter values become strings wherever Argo has parameters. Nothing else is changed.
func TestParametersToStrings(t *testing.T) {
	spec := fromYAML(t, `
arguments: {parameters: [{name: a, value: 3, enum: [3, true], description: 1}, {name: b, value: ~, default: 1.5}, 4, {name: c, value: {x: 1}}]}
hooks: {exit: {arguments: {parameters: [{name: a, value: 3}]}}}
templateDefaults: {inputs: {parameters: [{name: a, default: 3}]}}
templates:
- name: steps
  inputs: {parameters: [{name: a, default: 3}]}
  outputs: {parameters: [{name: a, valueFrom: {supplied: {}, default: 3}}]}
  steps:
  - - name: a
      withItems: [{arguments: {parameters: [{value: 3}]}}]
      arguments: {parameters: [{name: a, value: 3}]}
      hooks: {running: {arguments: {parameters: [{name: a, value: 3}]}}}
      inline: {inputs: {parameters: [{name: a, value: 3}]}, dag: {tasks: [{arguments: {parameters: [{name: a, value: false}]}}]}}
- name: dag
  dag: {tasks: [{name: a, arguments: {parameters: [{name: a, value: 3}]}}, 3]}
- name: plugin
  plugin: {any: {arguments: {parameters: [{value: 3}]}}, inputs: {parameters: [{value: 3}]}}
- 3
`)
	want := fromYAML(t, `
arguments: {parameters: [{name: a, value: "3", enum: ["3", "true"], description: "1"}, {name: b, default: "1.5"}, 4, {name: c, value: '{"x":1}'}]}
hooks: {exit: {arguments: {parameters: [{name: a, value: "3"}]}}}
templateDefaults: {inputs: {parameters: [{name: a, default: "3"}]}}
templates:
- name: steps
  inputs: {parameters: [{name: a, default: "3"}]}
  outputs: {parameters: [{name: a, valueFrom: {supplied: {}, default: "3"}}]}
  steps:
  - - name: a
      withItems: [{arguments: {parameters: [{value: 3}]}}]
      arguments: {parameters: [{name: a, value: "3"}]}
      hooks: {running: {arguments: {parameters: [{name: a, value: "3"}]}}}
      inline: {inputs: {parameters: [{name: a, value: "3"}]}, dag: {tasks: [{arguments: {parameters: [{name: a, value: "false"}]}}]}}
- name: dag
  dag: {tasks: [{name: a, arguments: {parameters: [{name: a, value: "3"}]}}, 3]}
- name: plugin
  plugin: {any: {arguments: {parameters: [{value: 3}]}}, inputs: {parameters: [{value: 3}]}}
- 3
`)
	Normalize(spec)
	if got := asYAML(t, spec); got != asYAML(t, want) {
		t.Errorf("%s\nwant %s", got, asYAML(t, want))
	}
}

func TestSetParameters(t *testing.T) {
	for name, tc := range map[string]struct {
		spec   string
		values map[string]string
		want   string
	}{
		"none":          {"{}", nil, "{}"},
		"no arguments":  {"{}", map[string]string{"b": "2", "a": "1"}, "{arguments: {parameters: [{name: a, value: '1'}, {name: b, value: '2'}]}}"},
		"in place":      {"{arguments: {parameters: [{name: a, valueFrom: {}, enum: ['1']}, {name: c, value: x}]}}", map[string]string{"a": "1"}, "{arguments: {parameters: [{name: a, value: '1', enum: ['1']}, {name: c, value: x}]}}"},
		"other parts":   {"{arguments: {artifacts: [{name: x}]}}", map[string]string{"a": ""}, "{arguments: {artifacts: [{name: x}], parameters: [{name: a, value: ''}]}}"},
		"no parameters": {"{arguments: {parameters: ~}}", map[string]string{"a": "1"}, "{arguments: {parameters: [{name: a, value: '1'}]}}"},
	} {
		spec := fromYAML(t, tc.spec)
		if problems := SetParameters(field.NewPath("spec"), spec, tc.values); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		if got, want := asYAML(t, spec), asYAML(t, fromYAML(t, tc.want)); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
	for _, bad := range []string{"{arguments: {parameters: {a: kept}}}", "{arguments: {parameters: [{value: kept}]}}", "{arguments: {parameters: [{name: b}, {name: b}]}}"} {
		spec := fromYAML(t, bad)
		if problems := SetParameters(field.NewPath("spec"), spec, map[string]string{"b": ""}); len(problems) != 1 || asYAML(t, spec) != asYAML(t, fromYAML(t, bad)) {
			t.Errorf("%s: %v, %v", bad, problems, spec)
		}
	}
}
