package workflow

import "testing"

// Parameters become texts wherever Argo has them, and nothing else does.
func TestParametersToTexts(t *testing.T) {
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
	parametersToTexts(spec)
	if got := asYAML(t, spec); got != asYAML(t, want) {
		t.Errorf("%s\nwant %s", got, asYAML(t, want))
	}
}
