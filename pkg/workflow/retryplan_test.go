package workflow

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

func planOfRetry(t *testing.T, obj *unstructured.Unstructured, opts RetryOptions) (*retryPlan, error) {
	t.Helper()
	selector, problems := nodeSelector(field.NewPath("selector"), opts.Selector)
	parameters, _, more := parameterStrings(field.NewPath("parameters"), opts.Parameters)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, invalid(problems...)
	}
	before := obj.DeepCopy()
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := new(WorkflowClient).planRetry(t.Context(), obj, s, retryRequest{
		parameters: parameters, selector: selector, ids: opts.NodeIDs, restart: opts.RestartSuccessful, id: "retry-1",
		known: spec.BindingOf(obj), now: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
	})
	if !reflect.DeepEqual(obj, before) {
		t.Error("the object was changed")
	}
	return plan, err
}

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
  storedTemplates: {namespaced/t/main: {name: main, container: {args: ["{{workflow.parameters.read}}"]}}}
  storedWorkflowTemplateSpec:
    unknownField: kept
    entrypoint: main
    shutdown: Terminate
    arguments:
      parameters:
      - {name: a, value: old}
      - {name: b, default: x, enum: [x, z], valueFrom: {configMapKeyRef: {name: m, key: k}}}
    templates: [{name: main, inputs: {parameters: [{name: in, value: v}]}}]
  nodes:
    w: {id: w, name: w, type: Pod, phase: Failed}
`

func TestRetryReopensTheWorkflow(t *testing.T) {
	plan, err := planOfRetry(t, workflowObject(t, endedYAML), RetryOptions{
		Parameters: map[string]any{"a": "new", "b": "z", "in": 1, "read": true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: w
  uid: u-1
  resourceVersion: "7"
  finalizers: [workflows.argoproj.io/artifact-gc]
  labels: {mine: kept, workflows.argoproj.io/completed: "false", workflows.argoproj.io/phase: Running}
  annotations: {workflows.argoproj.io/last-seen-version: "5", argoservice.opensearch.org/retry-id: retry-1}
spec:
  unknownField: {deep: true}
  suspend: true
  workflowTemplateRef: {name: t}
  arguments: {parameters: [{name: a, value: new, description: kept}, {name: b, value: z}, {name: in, value: "1"}, {name: read, value: "true"}]}
status:
  unknownField: 1
  phase: Running
  startedAt: "2026-01-02T03:04:05Z"
  progress: 1/2
  outputs: {parameters: [{name: o, value: kept}]}
  conditions: [{type: PodRunning, status: "False"}, {type: Completed, status: "False"}]
  taskResultsCompletionStatus: {other: true}
  storedTemplates: {namespaced/t/main: {name: main, container: {args: ["{{workflow.parameters.read}}"]}}}
  storedWorkflowTemplateSpec:
    unknownField: kept
    entrypoint: main
    arguments:
      parameters:
      - {name: a, value: new}
      - {name: b, default: x, enum: [x, z], value: z}
      - {name: in, value: "1"}
      - {name: read, value: "true"}
    templates: [{name: main, inputs: {parameters: [{name: in, value: v}]}}]
`)
	if got, want := asYAML(t, plan.object.Object), asYAML(t, want.Object); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

// One that never began is as new, so that the controller checks its template.
func TestRetryOfWhatNeverBegan(t *testing.T) {
	plan, err := planOfRetry(t, workflowObject(t, `
kind: Workflow
metadata: {name: w, labels: {workflows.argoproj.io/completed: "true", workflows.argoproj.io/phase: Error}}
spec: {workflowTemplateRef: {name: t}}
status: {phase: Error, message: not found, finishedAt: "2026-01-01T00:01:00Z"}
`), RetryOptions{Parameters: map[string]any{"unknown": "here"}})
	if err != nil {
		t.Fatal(err)
	}
	want := workflowObject(t, `
kind: Workflow
metadata: {name: w, labels: {}, annotations: {argoservice.opensearch.org/retry-id: retry-1}}
spec: {workflowTemplateRef: {name: t}, arguments: {parameters: [{name: unknown, value: here}]}}
status: {startedAt: "2026-01-02T03:04:05Z", conditions: [{type: Completed, status: "False"}]}
`)
	if got, want := asYAML(t, plan.object.Object), asYAML(t, want.Object); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestRetrySelectsByIDs(t *testing.T) {
	const state = `{kind: Workflow, metadata: {name: w}, status: {phase: Succeeded, nodes: {
		w: {name: w, type: DAG, phase: Succeeded, children: [a, b]},
		a: {name: w.a, displayName: load, type: Pod, phase: Succeeded, boundaryID: w},
		b: {name: w.b, displayName: load, type: Pod, phase: Succeeded, boundaryID: w}}}}`
	for name, tc := range map[string]struct {
		opts    RetryOptions
		removed string
	}{
		"one":             {RetryOptions{NodeIDs: []string{"b"}}, "b"},
		"several":         {RetryOptions{NodeIDs: []string{"b", "a", "b"}}, "a b"},
		"with a selector": {RetryOptions{NodeIDs: []string{"b", "w"}, Selector: "displayName=load"}, "b"},
	} {
		tc.opts.RestartSuccessful = true
		plan, err := planOfRetry(t, workflowObject(t, state), tc.opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := removedIDs(plan); got != tc.removed {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// removedIDs are those of the nodes that a retry removes.
func removedIDs(plan *retryPlan) string {
	var ids []string
	for _, n := range plan.removed {
		ids = append(ids, n.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// Argo 3.7 calls a workflow Succeeded that was terminated while it waited for a lock.
func TestRetryOfOneTerminatedBeforeItRan(t *testing.T) {
	plan, err := planOfRetry(t, workflowObject(t, `{kind: Workflow, metadata: {name: w}, spec: {shutdown: Terminate}, status: {phase: Succeeded,
		nodes: {w: {name: w, type: Suspend, phase: Failed}}}}`), RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if state := plan.object.Object["status"].(map[string]any); state["phase"] != "Running" || state["nodes"] != nil {
		t.Errorf("%v", state)
	}
}

// What a hook of the workflow has done is done, as with Argo. Where it is to run again, it is
// selected; where the root is a pod, all hangs on that.
func TestRetryKeepsHooksOfTheWorkflow(t *testing.T) {
	const state = `{kind: Workflow, metadata: {name: w}, status: {phase: Failed, nodes: {
		w: {name: w, type: %s, phase: Failed, children: [a, done, failed]},
		a: {name: w.a, type: Pod, phase: Failed, boundaryID: w},
		done: {name: w.hooks.told, displayName: w.hooks.told, type: Pod, phase: Succeeded, nodeFlag: {hooked: true}},
		failed: {name: w.hooks.failing, type: Pod, phase: Failed, nodeFlag: {hooked: true}}}}}`
	for name, tc := range map[string]struct {
		root    string
		opts    RetryOptions
		removed string
	}{
		"kept":                 {"DAG", RetryOptions{}, "a failed"},
		"selected":             {"DAG", RetryOptions{RestartSuccessful: true, Selector: "displayName=w.hooks.told"}, "a done failed"},
		"of one pod by itself": {"Pod", RetryOptions{}, "a done failed w"},
	} {
		plan, err := planOfRetry(t, workflowObject(t, fmt.Sprintf(state, tc.root)), tc.opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := removedIDs(plan); got != tc.removed {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRetryOfCompressedNodes(t *testing.T) {
	nodes := map[string]any{
		"w": map[string]any{"name": "w", "type": "DAG", "phase": "Failed", "children": []any{"a", "b"}, "unknownField": "kept"},
		"a": map[string]any{"name": "w.a", "type": "Pod", "phase": "Failed", "boundaryID": "w"},
		"b": map[string]any{"name": "w.b", "type": "Pod", "phase": "Succeeded", "boundaryID": "w"},
	}
	packed, err := status.CompressNodes(nodes)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := planOfRetry(t, workflowObject(t,
		"{kind: Workflow, metadata: {name: w}, status: {phase: Failed, nodes: {}, compressedNodes: '"+packed+"'}}"), RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	state := plan.object.Object["status"].(map[string]any)
	if state["nodes"] != nil {
		t.Error("the nodes stand twice")
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
}

func TestRetryRefuses(t *testing.T) {
	const nodes = `, nodes: {w: {name: w, type: DAG, children: [a]}, a: {name: w.a, displayName: load, type: Pod}}`
	for _, tc := range []struct {
		name, state string
		opts        RetryOptions
		kind        error
		says        []string
	}{
		{"one that runs", "phase: Running", RetryOptions{}, ErrNotCompleted, []string{"Cannot retry a workflow in phase Running"}},
		{"one that is new", "", RetryOptions{}, ErrNotCompleted, []string{"phase Pending"}},
		{"one that runs, whatever else is wrong", "phase: Pending", RetryOptions{Parameters: map[string]any{"x": 1}, Selector: "id=a"}, ErrNotCompleted, nil},
		{"nodes that are elsewhere", "phase: Failed, offloadNodeStatusVersion: 'fnv:1'", RetryOptions{}, ErrNodesOffloaded, nil},
		{"success", "phase: Succeeded" + nodes, RetryOptions{}, ErrInvalid, []string{"restartSuccessful", "Cannot retry a workflow in phase Succeeded", "load"}},
		{"success without a selector", "phase: Succeeded" + nodes, RetryOptions{RestartSuccessful: true}, ErrInvalid, []string{"selector", "load"}},
		{"a selector alone", "phase: Failed" + nodes, RetryOptions{Selector: "id=a"}, ErrInvalid, []string{"selector", "RestartSuccessful"}},
		{"a selector that matches nothing", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Selector: "displayName=laod"}, ErrInvalid, []string{"displayName=laod", "load"}},
		{"ids alone", "phase: Failed" + nodes, RetryOptions{NodeIDs: []string{"a"}}, ErrInvalid, []string{"nodeIDs", "RestartSuccessful"}},
		{"unknown ids", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, NodeIDs: []string{"x", "a", "y"}}, ErrInvalid, []string{`nodeIDs[0]: Invalid value: "x"`, `nodeIDs[2]: Invalid value: "y"`}},
		{"a selector and ids that have nothing in common", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Selector: "id=a", NodeIDs: []string{"w"}}, ErrInvalid, []string{"id=a", "nodeIDs"}},
		{"a malformed selector", "phase: Failed", RetryOptions{RestartSuccessful: true, Selector: "color=red"}, ErrInvalid, []string{"color"}},
		{"an unknown parameter", "phase: Failed", RetryOptions{Parameters: map[string]any{"szie": "s3cret"}}, ErrInvalid, []string{"szie", `did you mean "size"?`}},
		{"a value that is not allowed", "phase: Failed", RetryOptions{Parameters: map[string]any{"size": "s3cret"}}, ErrInvalid, []string{"parameters[size]", "small, large"}},
		{"a value that is none", "phase: Failed", RetryOptions{Parameters: map[string]any{"size": nil}}, ErrInvalid, []string{"parameters[size]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			obj := workflowObject(t, "kind: Workflow\nmetadata: {name: w}\nspec: {arguments: {parameters: [{name: size, enum: [small, large]}]}}\nstatus: {"+tc.state+"}")
			_, err := planOfRetry(t, obj, tc.opts)
			if !errors.Is(newError(OpRetry, "ns", "w", err), tc.kind) {
				t.Fatalf("%v is no %v", err, tc.kind)
			}
			for _, part := range tc.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q shows a value", err)
			}
		})
	}
}

// The names go back to Argo's documentation of POD_NAMES; checked against its code in
// hack/argocheck.
func TestPodNames(t *testing.T) {
	n := &status.Node{ID: "w-1", Name: "w[0].step", TemplateName: "main"}
	long := &status.Node{ID: "w-1", Name: "w[0].step", TemplateName: strings.Repeat("x", 300)}
	for _, tc := range []struct {
		format string
		node   *status.Node
		want   string
	}{
		{"v1", n, "w-1"},
		{"v2", n, "w-main-450502416"},
		{"", n, "w-main-450502416"},
		{"v2", &status.Node{ID: "w", Name: "w", TemplateName: "main"}, "w"},
		{"v2", &status.Node{ID: "w-1", Name: "w[0].step", TemplateRef: status.TemplateRef{Name: "t", Template: "other"}}, "w-other-450502416"},
		{"v2", &status.Node{ID: "w-1", Name: "w[0].step"}, "w-450502416"},
		{"v2", long, "w-" + strings.Repeat("x", 240) + "-450502416"},
	} {
		wf := &unstructured.Unstructured{Object: map[string]any{}}
		wf.SetName("w")
		wf.SetAnnotations(map[string]string{"workflows.argoproj.io/pod-name-format": tc.format})
		if got := podName(wf, tc.node); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc, got, tc.want)
		}
	}
}

func TestRetryWaitsForTheController(t *testing.T) {
	seen := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name        string
		ended       time.Time
		first, late time.Duration // left at first, and a second and a half later
	}{
		{"no end", time.Time{}, 0, 0},
		{"at this moment", seen, 2 * time.Second, time.Second / 2},
		{"this clock is ahead", seen.Add(-5 * time.Second), 2 * time.Second, time.Second / 2},
		{"this clock is behind", seen.Add(time.Hour), 2 * time.Second, time.Second / 2},
		{"long ago", seen.Add(-10 * time.Second), 0, 0},
	} {
		var s settling
		if got := s.left(tc.ended, seen); got != tc.first {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.first)
		}
		if got := s.left(tc.ended, seen.Add(3*time.Second/2)); got != tc.late {
			t.Errorf("%s: then %s, want %s", tc.name, got, tc.late)
		}
		if got := s.left(tc.ended, seen.Add(3*time.Second)); got != 0 {
			t.Errorf("%s: in the end %s", tc.name, got)
		}
	}
	var s settling
	s.left(seen, seen)
	again := seen.Add(5 * time.Second)
	if got := s.left(again, again); got != 2*time.Second {
		t.Errorf("ended once more: %s", got)
	}
}
