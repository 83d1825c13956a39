package retryplan

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const endedYAML = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: w
  uid: u-1
  resourceVersion: "7"
  finalizers: [workflows.argoproj.io/artifact-gc]
  labels: {mine: kept, workflows.argoproj.io/completed: "true", workflows.argoproj.io/phase: Failed, workflows.argoproj.io/workflow-archiving-status: Archived}
  annotations: {workflows.argoproj.io/last-seen-version: "5"}
spec:
  unknownField: {deep: true}
  suspend: true
  shutdown: Terminate
  activeDeadlineSeconds: 0
  workflowTemplateRef: {name: t}
  arguments: {parameters: [{name: a, value: old, description: kept}]}
status:
  unknownField: 1
  phase: Failed
  message: Stopped with strategy 'Terminate'
  startedAt: "2026-01-01T00:00:00Z"
  finishedAt: "2026-01-01T00:01:00Z"
  progress: 1/2
  persistentVolumeClaims: [{name: v}]
  outputs: {parameters: [{name: o, value: kept}]}
  conditions: [{type: PodRunning, status: "False"}, {type: Completed, status: "True"}]
  taskResultsCompletionStatus: {w: true, other: true}
  storedWorkflowTemplateSpec:
    unknownField: kept
    entrypoint: main
    shutdown: Terminate
    activeDeadlineSeconds: 3600
    templates: [{name: main}]
  nodes:
    w: {id: w, name: w, type: Pod, phase: Failed}
`

func TestApplyReopensTheWorkflow(t *testing.T) {
	_, after := retry(t, workflowObject(t, endedYAML), Request{})
	want := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: w
  uid: u-1
  resourceVersion: "7"
  finalizers: [workflows.argoproj.io/artifact-gc]
  labels: {mine: kept, workflows.argoproj.io/completed: "false", workflows.argoproj.io/phase: Running}
  annotations: {workflows.argoproj.io/last-seen-version: "5"}
spec:
  unknownField: {deep: true}
  suspend: true
  workflowTemplateRef: {name: t}
  arguments: {parameters: [{name: a, value: old, description: kept}]}
status:
  unknownField: 1
  phase: Running
  startedAt: "2026-01-02T03:04:05Z"
  progress: 1/2
  outputs: {parameters: [{name: o, value: kept}]}
  conditions: [{type: PodRunning, status: "False"}, {type: Completed, status: "False"}]
  taskResultsCompletionStatus: {other: true}
  storedWorkflowTemplateSpec:
    unknownField: kept
    entrypoint: main
    activeDeadlineSeconds: 3600
    templates: [{name: main}]
`)
	if got, want := asYAML(t, after.Object), asYAML(t, want.Object); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

// After a retry, a workflow that never began is like a new one, so that the controller checks its
// template.
func TestApplyToWhatNeverBegan(t *testing.T) {
	_, after := retry(t, workflowObject(t, `
kind: Workflow
metadata: {name: w, labels: {workflows.argoproj.io/completed: "true", workflows.argoproj.io/phase: Error}}
spec: {workflowTemplateRef: {name: t}}
status: {phase: Error, message: not found, finishedAt: "2026-01-01T00:01:00Z"}
`), Request{})
	want := workflowObject(t, `
kind: Workflow
metadata: {name: w, labels: {}}
spec: {workflowTemplateRef: {name: t}}
status: {startedAt: "2026-01-02T03:04:05Z", conditions: [{type: Completed, status: "False"}]}
`)
	if got, want := asYAML(t, after.Object), asYAML(t, want.Object); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

// In Argo 3.7, a workflow that is terminated while it waits for a lock becomes Succeeded.
func TestApplyToWhatWasTerminatedBeforeItRan(t *testing.T) {
	_, after := retry(t, workflowObject(t, `{kind: Workflow, metadata: {name: w}, spec: {shutdown: Terminate}, status: {phase: Succeeded,
		nodes: {w: {name: w, type: Suspend, phase: Failed}}}}`), Request{})
	if state := after.Object["status"].(map[string]any); state["phase"] != "Running" || state["nodes"] != nil {
		t.Errorf("%v", state)
	}
}

func TestApplyToCompressedNodes(t *testing.T) {
	nodes := map[string]any{
		"w": map[string]any{"name": "w", "type": "DAG", "phase": "Failed", "children": []any{"a", "b"}, "unknownField": "kept"},
		"a": map[string]any{"name": "w.a", "type": "Pod", "phase": "Failed", "boundaryID": "w"},
		"b": map[string]any{"name": "w.b", "type": "Pod", "phase": "Succeeded", "boundaryID": "w"},
	}
	packed, err := status.CompressNodes(nodes)
	if err != nil {
		t.Fatal(err)
	}
	obj := workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {phase: Failed, nodes: {}, compressedNodes: '"+packed+"'}}")
	p, edited := retry(t, obj, Request{})
	state := edited.Object["status"].(map[string]any)
	if state["nodes"] != nil {
		t.Error("the nodes are in the object twice")
	}
	text, _ := state["compressedNodes"].(string)
	after, err := status.DecompressNodes(text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"w": map[string]any{
			"name": "w", "type": "DAG", "phase": "Running", "children": []any{"b"}, "unknownField": "kept", "startedAt": "2026-01-02T03:04:05Z",
		},
		"b": nodes["b"],
	}
	if !reflect.DeepEqual(after, want) {
		t.Errorf("%v", after)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := p.Apply(ctx, obj, status.NodeDecoders{}, time.Now()); !errors.Is(err, enough) {
		t.Errorf("an ended context: %v", err)
	}
	var unreadable *status.NodesError
	obj.Object["status"].(map[string]any)["compressedNodes"] = "x"
	if _, err := p.Apply(t.Context(), obj, status.NodeDecoders{}, time.Now()); !errors.As(err, &unreadable) {
		t.Errorf("unreadable nodes: %v", err)
	}
}
