package conformance

// onePod runs one pod, which says what it was told.
const onePod = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: one-pod-}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {name: message}
    - {name: size, value: small, enum: [small, large]}
    - {name: exit-code, value: "0"}
  templates:
  - name: main
    metadata:
      annotations:
        envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"
        envtest.argoservice/message: told to fail
    container: {image: any, command: [echo, "{{workflow.parameters.message}}"]}
  - name: other
    container: {image: any, command: ["true"]}
`

// gate waits for a decision and then runs a pod.
const gate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: gate-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: approve
        template: approval
    - - name: work
        template: work
        arguments: {parameters: [{name: by, value: "{{steps.approve.outputs.parameters.by}}"}]}
  - name: approval
    suspend: {}
    outputs:
      parameters:
      - {name: by, globalName: approver, valueFrom: {supplied: {}}}
      - {name: note, valueFrom: {supplied: {}, default: none given}}
  - name: work
    inputs: {parameters: [{name: by}]}
    container: {image: any, command: [echo, "{{inputs.parameters.by}}"]}
`

// twoGates waits at two gates at once.
const twoGates = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: two-gates-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: left, template: approval}
      - {name: right, template: approval}
  - name: approval
    suspend: {}
`

// twoPods runs two pods at once.
const twoPods = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: two-pods-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: left, template: work}
      - {name: right, template: work}
  - name: work
    container: {image: any, command: ["true"]}
`

// podGatePod waits between two pods, the second of which takes a while.
const podGatePod = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: pod-gate-pod-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: first, template: work}
    - - {name: approve, template: approval}
    - - {name: second, template: long-work}
  - name: approval
    suspend: {}
  - name: work
    container: {image: any, command: ["true"]}
  - name: long-work
    metadata: {annotations: {envtest.argoservice/duration: 4s}}
    container: {image: any, command: [sleep, "4"]}
`

// clusterWide is of the whole cluster and needs no pod.
const clusterWide = `
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
metadata: {generateName: cluster-wide-}
spec:
  entrypoint: main
  templates:
  - name: main
    suspend: {duration: "0"}
`

// slowExit runs a pod that takes for ever, and has an exit handler.
const slowExit = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: slow-exit-}
spec:
  entrypoint: main
  onExit: cleanup
  templates:
  - name: main
    metadata: {annotations: {envtest.argoservice/duration: 1h}}
    container: {image: any, command: ["true"]}
  - name: cleanup
    suspend: {duration: "0"}
`
