package faults_test

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// createTemplates creates the WorkflowTemplates of a scene. The entrypoint of each is its template
// "main".
func (s *scene) createTemplates(ctx context.Context) {
	GinkgoHelper()
	for name, templates := range map[string]string{
		// gate waits until it is resumed.
		"gate": `[{name: main, suspend: {}}]`,
		// gates waits at two gates.
		"gates": `
  - name: main
    steps: [[{name: approve, template: gate}], [{name: then, template: gate}]]
  - {name: gate, suspend: {}}`,
		// timed waits at a gate that passes by itself, with a default for its output.
		"timed": `
  - name: main
    steps: [[{name: approve, template: gate}], [{name: then, template: pause}]]
  - name: gate
    suspend: {duration: "3"}
    outputs: {parameters: [{name: by, valueFrom: {supplied: {}, default: nobody}}]}
  - {name: pause, suspend: {duration: "2"}}`,
		// delay-and-gate waits for a duration and then at a gate.
		"delay-and-gate": `
  - name: main
    steps: [[{name: delay, template: delay}], [{name: then, template: gate}]]
  - {name: delay, suspend: {duration: "3"}}
  - {name: gate, suspend: {}}`,
		// approval waits at a gate that needs a value.
		"approval": `
  - name: main
    steps: [[{name: approve, template: gate}]]
  - name: gate
    suspend: {}
    outputs: {parameters: [{name: by, valueFrom: {supplied: {}}}]}`,
		// changing is such a workflow whose state changes every second for some seconds, before and after its gate.
		"changing": `
  - name: main
    steps:
    - [{name: before, template: seconds}]
    - [{name: approve, template: gate}]
    - [{name: after, template: seconds}]
  - name: seconds
    steps: [[{name: a, template: second}], [{name: b, template: second}], [{name: c, template: second}],
      [{name: d, template: second}], [{name: e, template: second}], [{name: f, template: second}]]
  - {name: second, suspend: {duration: "1"}}
  - name: gate
    suspend: {}
    outputs: {parameters: [{name: by, valueFrom: {supplied: {}}}]}`,
		// timer ends by itself.
		"timer": `[{name: main, suspend: {duration: 1s}}]`,
		// quick ends when the controller looks at it for the first time. It takes two writes in all,
		// its creation and its end, so that a small machine can run many per second.
		"quick": `
  - name: main
    steps: [[{name: never, template: gate, when: "1 == 2"}]]
  - {name: gate, suspend: {}}`,
	} {
		argotest.Create(ctx, argotest.Templates(dyn, s.namespace), fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: %s}
spec:
  entrypoint: main
  templates: %s
`, name, templates))
	}
}
