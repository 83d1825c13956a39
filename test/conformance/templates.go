package conformance

// templateHead returns the beginning of a manifest, of a workflow or of a template of either kind. The
// rest is the fields of its spec other than the entrypoint, which is main. The constants below are
// such fields. Their pods do in a real container what their annotations say to the stand-in for
// Argo's executor in package envtest.
func templateHead(kind string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: " + kind +
		"\nmetadata: {generateName: template-}\nspec:\n  entrypoint: main\n"
}

// onePod runs one pod, which prints its parameter.
const onePod = `
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
    container: {image: any, command: [sh, -c, 'echo "$1"; [ "$0" = 0 ] || printf "told to fail" >/dev/termination-log; exit "$0"',
      "{{workflow.parameters.exit-code}}", "{{workflow.parameters.message}}"]}
  - name: other
    container: {image: any, command: ["true"]}
`

// gate waits for a decision and then runs a pod.
const gate = `
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

// plainGate waits at a gate without outputs.
const plainGate = `
  templates:
  - name: main
    steps:
    - - {name: approve, template: approval}
  - name: approval
    suspend: {}
`

// twoGates waits at two gates at once.
const twoGates = `
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
  templates:
  - name: main
    steps:
    - - {name: left, template: work}
      - {name: right, template: work}
  - name: work
    container: {image: any, command: ["true"]}
`

// podGatePod waits between two pods, the second of which runs until [Fixture.endPod].
const podGatePod = `
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
    metadata: {annotations: {envtest.argoservice/duration: 1h}}
    container: {image: any, command: [sleep, "3600"]}
`

// clusterWide is a ClusterWorkflowTemplate that needs no pod.
const clusterWide = `
  templates:
  - name: main
    suspend: {duration: "0"}
`

// slowExit runs a pod that never ends, and has an exit handler.
const slowExit = `
  onExit: cleanup
  templates:
  - name: main
    metadata: {annotations: {envtest.argoservice/duration: 1h}}
    container: {image: any, command: [sleep, "3600"]}
  - name: cleanup
    suspend: {duration: "0"}
`

// retryable runs three pods in sequence; exit-code determines how the second one ends.
const retryable = `
  arguments:
    parameters:
    - {name: exit-code, value: "0"}
    - {name: message, value: none}
    - {name: size, value: small, enum: [small, large]}
  templates:
  - name: main
    steps:
    - - {name: first, template: fine}
    - - {name: second, template: fragile}
    - - name: third
        template: fine
        arguments: {parameters: [{name: message, value: "{{workflow.parameters.message}}"}]}
  - name: fine
    inputs: {parameters: [{name: message, default: none}]}
    container: {image: any, command: [echo, "{{inputs.parameters.message}}"]}
  - name: fragile
    metadata: {annotations: {envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"}}
    container: {image: any, command: [sh, -c, 'exit "$0"', "{{workflow.parameters.exit-code}}"]}
`

// nested fails, if exit-code says so, in a template in a template, in the attempts at a pod, in the
// attempts at a group of steps and in a loop, all at once.
const nested = `
  arguments: {parameters: [{name: exit-code, value: "0"}]}
  templates:
  - name: main
    dag:
      failFast: false
      tasks:
      - {name: ahead, template: fine}
      - {name: inner, template: inner, depends: ahead}
      - {name: polled, template: polled, depends: ahead}
      - {name: grouped, template: grouped, depends: ahead}
      - {name: looped, template: fragile, depends: ahead, withItems: [a, b]}
      - {name: last, template: fine, depends: inner && polled && grouped && looped}
  - name: inner
    steps:
    - - {name: inner-ahead, template: fine}
    - - {name: inner-fragile, template: fragile}
    - - {name: inner-last, template: fine}
  - name: grouped
    retryStrategy: {limit: "1"}
    steps:
    - - {name: grouped-fragile, template: fragile}
  - name: polled
    retryStrategy: {limit: "1"}
    metadata: {annotations: {envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"}}
    container: {image: any, command: [sh, -c, 'exit "$0"', "{{workflow.parameters.exit-code}}"]}
  - name: fragile
    metadata: {annotations: {envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"}}
    container: {image: any, command: [sh, -c, 'exit "$0"', "{{workflow.parameters.exit-code}}"]}
  - name: fine
    container: {image: any, command: ["true"]}
`

// withHandlers has exit handlers for its one step and for the workflow.
const withHandlers = `
  onExit: handler
  arguments: {parameters: [{name: exit-code, value: "0"}]}
  templates:
  - name: main
    steps:
    - - {name: work, template: fragile, hooks: {exit: {template: handler}}}
  - name: fragile
    metadata: {annotations: {envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"}}
    container: {image: any, command: [sh, -c, 'exit "$0"', "{{workflow.parameters.exit-code}}"]}
  - name: handler
    container: {image: any, command: ["true"]}
`

// reporting runs a pod that reports a token, whether or not it succeeds.
const reporting = `
  arguments:
    parameters:
    - {name: exit-code, value: "0"}
    - {name: token, value: none}
  templates:
  - name: main
    steps:
    - - {name: produce, template: produce}
  - name: produce
    metadata:
      annotations:
        envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"
        envtest.argoservice/outputs: '{"parameters":[{"name":"token","value":"{{workflow.parameters.token}}"}]}'
        envtest.argoservice/duration: 1s
    container: {image: any, command: [sh, -c, 'printf %s "$1" >/tmp/token; exit "$0"', "{{workflow.parameters.exit-code}}", "{{workflow.parameters.token}}"]}
    outputs: {parameters: [{name: token, valueFrom: {path: /tmp/token}}]}
`

// endlessExit doesn't finish stopping before it is deleted.
const endlessExit = `
  onExit: main
  templates:
  - name: main
    metadata: {annotations: {envtest.argoservice/duration: 1h}}
    container: {image: any, command: [sleep, "3600"]}
`

// echo runs a pod whose outputs are its parameters.
const echo = `
  arguments:
    parameters:
    - {name: text}
    - {name: count}
    - {name: settings}
    - {name: timeout, value: 1h0m0s}
  templates:
  - name: main
    metadata:
      annotations:
        envtest.argoservice/outputs: >-
          {{=toJson({"parameters": [
          {"name": "text", "value": workflow.parameters.text},
          {"name": "count", "value": workflow.parameters.count},
          {"name": "settings", "value": workflow.parameters.settings},
          {"name": "timeout", "value": workflow.parameters.timeout}]})}}
    container: {image: any, command: [sh, -c, 'cd /tmp; for name in text count settings timeout; do printf "%s\n" "$1" >$name; shift; done', sh,
      "{{workflow.parameters.text}}", "{{workflow.parameters.count}}", "{{workflow.parameters.settings}}", "{{workflow.parameters.timeout}}"]}
    outputs:
      parameters:
      - {name: text, valueFrom: {path: /tmp/text}}
      - {name: count, valueFrom: {path: /tmp/count}}
      - {name: settings, valueFrom: {path: /tmp/settings}}
      - {name: timeout, valueFrom: {path: /tmp/timeout}}
`
