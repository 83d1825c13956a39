package workflow

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

func planOfRetry(t *testing.T, obj *unstructured.Unstructured, opts RetryOptions) (*plannedRetry, error) {
	t.Helper()
	request, problems := readRetryOptions(opts)
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	before := obj.DeepCopy()
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	request.id, request.now, request.known = "retry-1", time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), spec.BindingOf(obj)
	planned, err := new(WorkflowClient).planRetry(t.Context(), obj, s, request)
	if !reflect.DeepEqual(obj, before) {
		t.Error("the object was changed")
	}
	return planned, err
}

func TestRetrySetsParameters(t *testing.T) {
	planned, err := planOfRetry(t, workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, annotations: {workflows.argoproj.io/last-seen-version: "5"}}
spec:
  workflowTemplateRef: {name: t}
  arguments: {parameters: [{name: a, value: old, description: kept}]}
status:
  phase: Failed
  storedTemplates: {namespaced/t/main: {name: main, container: {args: ["{{workflow.parameters.read}}"]}}}
  storedWorkflowTemplateSpec:
    entrypoint: main
    arguments:
      parameters:
      - {name: a, value: old}
      - {name: b, default: x, enum: [x, z], valueFrom: {configMapKeyRef: {name: m, key: k}}}
    templates: [{name: main, inputs: {parameters: [{name: in, value: v}]}}]
  nodes:
    w: {id: w, name: w, type: Pod, phase: Failed}
`), RetryOptions{
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
  labels: {workflows.argoproj.io/completed: "false", workflows.argoproj.io/phase: Running}
  annotations: {workflows.argoproj.io/last-seen-version: "5", argoservice.opensearch.org/retry-id: retry-1}
spec:
  workflowTemplateRef: {name: t}
  arguments: {parameters: [{name: a, value: new, description: kept}, {name: b, value: z}, {name: in, value: "1"}, {name: read, value: "true"}]}
status:
  phase: Running
  startedAt: "2026-01-02T03:04:05Z"
  conditions: [{type: Completed, status: "False"}]
  storedTemplates: {namespaced/t/main: {name: main, container: {args: ["{{workflow.parameters.read}}"]}}}
  storedWorkflowTemplateSpec:
    entrypoint: main
    arguments:
      parameters:
      - {name: a, value: new}
      - {name: b, default: x, enum: [x, z], value: z}
      - {name: in, value: "1"}
      - {name: read, value: "true"}
    templates: [{name: main, inputs: {parameters: [{name: in, value: v}]}}]
`)
	if got, want := asYAML(t, planned.object.Object), asYAML(t, want.Object); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

// The template of a workflow that never began is unknown, so any parameter can be one of the
// template's.
func TestRetrySetsParametersOfAnUnknownTemplate(t *testing.T) {
	planned, err := planOfRetry(t, workflowObject(t, `
kind: Workflow
metadata: {name: w}
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
	if got, want := asYAML(t, planned.object.Object), asYAML(t, want.Object); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestRetryWithNewParametersRunsTheWholeLoopAgain(t *testing.T) {
	planned, err := planOfRetry(t, workflowObject(t, `{kind: Workflow, metadata: {name: w}, spec: {arguments: {parameters: [{name: p}]}},
		status: {phase: Failed, nodes: {
			w: {name: w, type: DAG, phase: Failed, children: [t]},
			t: {name: w.t, type: TaskGroup, phase: Failed, boundaryID: w, children: [t0, t1]},
			t0: {name: "w.t(0:a)", type: Pod, phase: Failed, boundaryID: w},
			t1: {name: "w.t(1:b)", type: Pod, phase: Succeeded, boundaryID: w}}}}`),
		RetryOptions{Parameters: map[string]any{"p": 1}})
	if err != nil {
		t.Fatal(err)
	}
	if removed := planned.Removed(); len(removed) != 2 || removed[0].ID != "t0" || removed[1].ID != "t1" {
		t.Errorf("%v", removed)
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
		{"a running workflow", "phase: Running", RetryOptions{}, ErrNotCompleted, []string{"Cannot retry a workflow in phase Running"}},
		{"a new workflow", "", RetryOptions{}, ErrNotCompleted, []string{"phase Pending"}},
		{"a running workflow, whatever else is wrong", "phase: Pending", RetryOptions{Parameters: map[string]any{"x": 1}, Selector: "id=a"}, ErrNotCompleted, nil},
		{"offloaded nodes", "phase: Failed, offloadNodeStatusVersion: 'fnv:1'", RetryOptions{}, ErrNodesOffloaded, nil},
		{"a successful workflow", "phase: Succeeded" + nodes, RetryOptions{}, ErrInvalid, []string{"restartSuccessful", "Cannot retry a workflow in phase Succeeded", "load"}},
		{"a successful workflow without a selector", "phase: Succeeded" + nodes, RetryOptions{RestartSuccessful: true}, ErrInvalid, []string{"selector", "load"}},
		{"a selector alone", "phase: Failed" + nodes, RetryOptions{Selector: "id=a"}, ErrInvalid, []string{"selector", "RestartSuccessful"}},
		{"a selector that matches nothing", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Selector: "displayName=laod"}, ErrInvalid, []string{"displayName=laod", "load"}},
		{"IDs alone", "phase: Failed" + nodes, RetryOptions{Nodes: []string{"a"}}, ErrInvalid, []string{"nodes", "RestartSuccessful"}},
		{"unknown names", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Nodes: []string{"x", "a", "y*"}}, ErrInvalid, []string{`nodes[0]: Invalid value: "x"`, `nodes[2]: Invalid value: "y*"`, "load"}},
		{"a malformed pattern", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Nodes: []string{"[x"}}, ErrInvalid, []string{`nodes[0]: Invalid value: "[x"`}},
		{"no names", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Nodes: []string{}}, ErrInvalid, []string{"nodes: Required"}},
		{"a selector that matches none of the IDs", "phase: Failed" + nodes, RetryOptions{RestartSuccessful: true, Selector: "id=a", Nodes: []string{"w"}}, ErrInvalid, []string{`nodes[0]: Invalid value: "w"`, "selector"}},
		{"a malformed selector", "phase: Failed", RetryOptions{RestartSuccessful: true, Selector: "color=red"}, ErrInvalid, []string{"color"}},
		{"an unknown parameter", "phase: Failed", RetryOptions{Parameters: map[string]any{"szie": "s3cret"}}, ErrInvalid, []string{"szie", `did you mean "size"?`}},
		{"a value that is not allowed", "phase: Failed", RetryOptions{Parameters: map[string]any{"size": "s3cret"}}, ErrInvalid, []string{"parameters[size]", "small, large"}},
		{"a nil value", "phase: Failed", RetryOptions{Parameters: map[string]any{"size": nil}}, ErrInvalid, []string{"parameters[size]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			obj := workflowObject(t, "kind: Workflow\nmetadata: {name: w}\nspec: {arguments: {parameters: [{name: size, enum: [small, large]}]}}\nstatus: {"+tc.state+"}")
			_, err := planOfRetry(t, obj, tc.opts)
			if !errors.Is(newError(OpRetry, "ns", "w", err), tc.kind) {
				t.Fatalf("%v, want %v", err, tc.kind)
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

func TestUntilReleased(t *testing.T) {
	seen := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name        string
		ended       time.Time
		first, late time.Duration // at first, and 1.5 s later
	}{
		{"no end", time.Time{}, 0, 0},
		{"just now", seen, 2 * time.Second, time.Second / 2},
		{"this clock is ahead", seen.Add(-5 * time.Second), 2 * time.Second, time.Second / 2},
		{"this clock is behind", seen.Add(time.Hour), 2 * time.Second, time.Second / 2},
		{"long ago", seen.Add(-10 * time.Second), 0, 0},
	} {
		var s endSeen
		if got := s.untilReleased(tc.ended, seen); got != tc.first {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.first)
		}
		if got := s.untilReleased(tc.ended, seen.Add(3*time.Second/2)); got != tc.late {
			t.Errorf("%s: later %s, want %s", tc.name, got, tc.late)
		}
		if got := s.untilReleased(tc.ended, seen.Add(3*time.Second)); got != 0 {
			t.Errorf("%s: after the pause %s", tc.name, got)
		}
	}
	var s endSeen
	s.untilReleased(seen, seen)
	again := seen.Add(5 * time.Second)
	if got := s.untilReleased(again, again); got != 2*time.Second {
		t.Errorf("ended again: %s", got)
	}
}
