package faults_test

const (
	// gateTemplate waits until it is resumed.
	gateTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: gate}
spec:
  entrypoint: main
  templates: [{name: main, suspend: {}}]
`
	// timerTemplate ends by itself.
	timerTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: timer}
spec:
  entrypoint: main
  templates: [{name: main, suspend: {duration: 1s}}]
`
	// quickTemplate ends when the controller looks at it for the first time. It takes two writes in
	// all, its creation and its end, so that a small machine can run many per second.
	quickTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: quick}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: never, template: gate, when: "1 == 2"}]]
  - {name: gate, suspend: {}}
`
)
