package status_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// object reads a Workflow from YAML, with the types that a dynamic client delivers.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return u
}

func readStatus(t testing.TB, text string) *status.WorkflowStatus {
	t.Helper()
	return decode(t, object(t, "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"+text))
}

func TestFromUnstructuredReadsAWorkflow(t *testing.T) {
	s := readStatus(t, `
metadata:
  name: bulk-load-x
  namespace: ma
  uid: 1-2-3
  resourceVersion: "42"
  creationTimestamp: "2026-01-02T03:04:05Z"
  labels: {team: search}
  annotations: {note: x}
spec:
  workflowTemplateRef: {name: bulk-load}
  entrypoint: run-bulk-load
  arguments: {parameters: [{name: shards, value: 3}, {name: index, value: logs}, {name: empty, value: ""}]}
status:
  phase: Running
  message: on its way
  startedAt: "2026-01-02T03:04:06Z"
  finishedAt: null
  progress: 2/5
  estimatedDuration: 90
  resourcesDuration: {cpu: 7}
  conditions: [{type: PodRunning, status: "True"}]
  outputs: {parameters: [{name: total, value: "10"}], exitCode: "0"}
  nodes:
    b: {id: b, name: wf.b, displayName: b, type: Pod, phase: Running, startedAt: "2026-01-02T03:04:08Z", boundaryID: a, progress: 0/1}
    a: {id: a, name: wf, displayName: wf, type: Steps, phase: Running, startedAt: "2026-01-02T03:04:06Z", children: [b], outboundNodes: [b]}
    c: {id: c, name: wf.c, type: Pod, phase: Pending, nodeFlag: {retried: true}, templateRef: {name: lib, template: t}}
`)
	start := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	if s.Name != "bulk-load-x" || s.Namespace != "ma" || s.UID != "1-2-3" || s.ResourceVersion != "42" ||
		s.Labels["team"] != "search" || s.Annotations["note"] != "x" || !s.CreationTime.Equal(start.Add(-time.Second)) {
		t.Errorf("metadata: %+v", s)
	}
	if s.Template.Name != "bulk-load" || s.Template.ClusterScope || s.Entrypoint != "run-bulk-load" {
		t.Errorf("spec: %+v", s)
	}
	wantArguments := []status.Parameter{
		{Name: "shards", Value: "3", Set: true}, {Name: "index", Value: "logs", Set: true}, {Name: "empty", Set: true},
	}
	if !reflect.DeepEqual(s.Arguments, wantArguments) {
		t.Errorf("arguments: %+v", s.Arguments)
	}
	if s.Phase != status.PhaseRunning || s.Message != "on its way" || !s.StartTime.Equal(start) || !s.EndTime.IsZero() ||
		s.Progress != (status.Progress{Done: 2, Total: 5}) || s.EstimatedDuration != 90*time.Second ||
		s.ResourcesDuration["cpu"] != 7*time.Second || len(s.Conditions) != 1 || s.Conditions[0].Type != "PodRunning" {
		t.Errorf("status: %+v", s)
	}
	if total, ok := s.Outputs.Parameter("total"); !ok || total != "10" || s.Outputs.ExitCode != "0" {
		t.Errorf("outputs: %+v", s.Outputs)
	}
	var ids []string
	for _, n := range s.Nodes {
		ids = append(ids, n.ID)
	}
	if !reflect.DeepEqual(ids, []string{"a", "b", "c"}) {
		t.Errorf("order of nodes: %v", ids)
	}
	if c := s.Node("c"); c.DisplayName != "wf.c" || !c.Retried || c.TemplateRef.Template != "t" {
		t.Errorf("node c: %+v", c)
	}
	if s.Completed() || s.Suspended() || s.Outcome() != status.OutcomeRunning || s.Err() != nil || len(s.Dropped) != 0 {
		t.Errorf("verdict: %v %v %v %v %v", s.Completed(), s.Suspended(), s.Outcome(), s.Err(), s.Dropped)
	}
}

// In Argo 3.7.4, a workflow that is terminated while it waits for a lock succeeds, with a failed
// pod or a running group as its root. test/conformance has such a workflow.
func TestOutcomeOfAWorkflowTerminatedBeforeItRan(t *testing.T) {
	const nodes = `
  nodes:
    w: {id: w, name: w, displayName: w, type: %s, phase: %s, message: "workflow shutdown with strategy:  Terminate"}`
	for name, tc := range map[string]struct {
		text string
		want status.Outcome
	}{
		"terminated":            {"spec: {shutdown: Terminate}\nstatus:\n  phase: Succeeded" + fmt.Sprintf(nodes, "Pod", "Failed"), status.OutcomeTerminated},
		"stopped":               {"spec: {shutdown: Stop}\nstatus:\n  phase: Succeeded" + fmt.Sprintf(nodes, "DAG", "Error"), status.OutcomeStopped},
		"terminated in a group": {"spec: {shutdown: Terminate}\nstatus:\n  phase: Succeeded" + fmt.Sprintf(nodes, "Steps", "Running"), status.OutcomeTerminated},
		"shutdown removed":      {"status:\n  phase: Succeeded\n  message: Stopped with strategy 'Terminate'" + fmt.Sprintf(nodes, "Pod", "Failed"), status.OutcomeTerminated},
		"succeeded nonetheless": {"spec: {shutdown: Terminate}\nstatus:\n  phase: Succeeded" + fmt.Sprintf(nodes, "Steps", "Succeeded"), status.OutcomeSucceeded},
		"never shut down":       {"status:\n  phase: Succeeded" + fmt.Sprintf(nodes, "Steps", "Failed"), status.OutcomeSucceeded},
		"offloaded nodes":       {"spec: {shutdown: Terminate}\nstatus: {phase: Succeeded, offloadNodeStatusVersion: 'fnv:1'}", status.OutcomeSucceeded},
	} {
		s := readStatus(t, "metadata: {name: w, namespace: ma}\n"+tc.text)
		if s.Outcome() != tc.want || (s.Err() != nil) != (tc.want != status.OutcomeSucceeded) {
			t.Errorf("%s: %s, %v", name, s.Outcome(), s.Err())
		}
	}
}

// The controller can leave nodes running in such a workflow. Decisions about them have no effect.
func TestNoGateWaitsInAWorkflowThatHasEnded(t *testing.T) {
	const text = `
metadata: {name: w}
spec: {shutdown: Terminate, templates: [{name: pause, suspend: {duration: 1h}}]}
status:
  phase: %s
  nodes:
    w: {id: w, name: w, type: Steps, phase: Running, children: [g, d]}
    g: {id: g, name: w.g, displayName: approve, type: Suspend, phase: Running, boundaryID: w, outputs: {parameters: [{name: by, valueFrom: {supplied: {}}}]}}
    d: {id: d, name: w.d, displayName: pause, type: Suspend, templateName: pause, phase: Running, startedAt: "2026-01-01T00:00:00Z", boundaryID: w}
`
	for phase, waits := range map[string]bool{"Running": true, "Succeeded": false, "Failed": false} {
		inline := readStatus(t, fmt.Sprintf(text, phase))
		object, err := json.Marshal(inline.Raw())
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := status.FromJSON(object)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*status.WorkflowStatus{inline, decoded} {
			gate, delay := s.Node("g"), s.Node("d")
			for what, is := range map[string]bool{
				"Suspended": s.Suspended(), "HasSuspendedNodes": s.HasSuspendedNodes(), "SuspendedNodes": len(s.SuspendedNodes()) > 0,
				"Waiting": gate.Waiting(), "AwaitedOutputs": len(gate.AwaitedOutputs()) > 0,
				"DelayedNodes": len(s.DelayedNodes()) > 0, "Until": !delay.Until().IsZero(),
			} {
				if is != waits {
					t.Errorf("%s: %s is %v", phase, what, is)
				}
			}
		}
	}
}

func TestUnfinishedNodesThatWait(t *testing.T) {
	s := readStatus(t, `
status:
  phase: Running
  nodes:
    w: {id: w, type: DAG, phase: Running, children: [a, b, c, d, e]}
    a: {id: a, displayName: between, type: Retry, phase: Running, boundaryID: w, children: [a0, a1, h]}
    a0: {id: a0, displayName: between(0), type: Pod, phase: Failed, nodeFlag: {retried: true}}
    a1: {id: a1, displayName: between(1), type: Steps, phase: Error, nodeFlag: {retried: true}}
    h: {id: h, displayName: between.hooks.x, type: Pod, phase: Succeeded, nodeFlag: {hooked: true}}
    b: {id: b, displayName: trying, type: Retry, phase: Running, boundaryID: w, children: [b0, b1]}
    b0: {id: b0, displayName: trying(0), type: Pod, phase: Failed, nodeFlag: {retried: true}}
    b1: {id: b1, displayName: trying(1), type: Pod, phase: Pending, nodeFlag: {retried: true}}
    c: {id: c, displayName: new, type: Retry, phase: Running, boundaryID: w}
    d: {id: d, displayName: ended, type: Retry, phase: Failed, boundaryID: w, children: [d0]}
    d0: {id: d0, displayName: ended(0), type: Pod, phase: Failed}
    e: {id: e, displayName: locked, type: Steps, phase: Pending, boundaryID: w, synchronizationStatus: {waiting: ma/Mutex/m}}
`)
	var names []string
	for _, n := range s.UnfinishedNodes() {
		names = append(names, n.DisplayName)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "between locked new trying(1)" {
		t.Error(got)
	}
}

func TestFromUnstructuredRefusesOtherObjects(t *testing.T) {
	for name, u := range map[string]*unstructured.Unstructured{
		"nil":   nil,
		"kind":  {Object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate"}},
		"group": {Object: map[string]any{"apiVersion": "v1", "kind": "Workflow"}},
	} {
		var not *status.NotWorkflowError
		if s, err := status.FromUnstructured(u); !errors.As(err, &not) || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestFromUnstructuredDropsMalformedFields(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		dropped []string // paths
	}{
		"nothing":         {text: ""},
		"empty":           {text: "metadata: {}\nstatus: {}"},
		"nulls":           {text: "metadata: null\nspec: null\nstatus: {nodes: null, finishedAt: null, phase: null, outputs: null}"},
		"time":            {text: "status: {startedAt: yesterday}", dropped: []string{"status.startedAt"}},
		"phase":           {text: "status: {phase: 7}", dropped: []string{"status.phase"}},
		"progress":        {text: "status: {progress: 5/2}", dropped: []string{"status.progress"}},
		"status":          {text: "status: broken", dropped: []string{"status"}},
		"nodes":           {text: "status: {nodes: [1]}", dropped: []string{"status.nodes"}},
		"one node":        {text: "status: {nodes: {a: 1, b: {phase: Running}}}", dropped: []string{"status.nodes.a"}},
		"field of a node": {text: "status: {nodes: {a: {startedAt: x}}}", dropped: []string{"status.nodes.a.startedAt"}},
		"item of a list": {
			text:    "status: {nodes: {a: {children: [b, 3]}}, outputs: {parameters: [x, {name: p}]}}",
			dropped: []string{"status.outputs.parameters[0]", "status.nodes.a.children[1]"},
		},
		"label": {text: "metadata: {labels: {a: 1}}", dropped: []string{"metadata.labels.a"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := readStatus(t, tc.text)
			var paths []string
			for _, d := range s.Dropped {
				paths = append(paths, d.Path)
				if d.Reason == "" {
					t.Errorf("%s was dropped without a reason", d.Path)
				}
			}
			if !reflect.DeepEqual(paths, tc.dropped) {
				t.Errorf("dropped %v, want %v", s.Dropped, tc.dropped)
			}
		})
	}
}

func TestFromUnstructuredWithoutAKindChangesNothing(t *testing.T) {
	u := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "x", "labels": map[string]any{"a": "b"}},
		"status":   map[string]any{"nodes": map[string]any{"n": map[string]any{"phase": "Running", "type": "Suspend"}}},
	}}
	before := u.DeepCopy()
	s, err := status.FromUnstructured(u)
	if err != nil || s.Name != "x" || !s.HasSuspendedNodes() {
		t.Fatalf("%+v, %v", s, err)
	}
	s.Labels["a"] = "changed"
	if !reflect.DeepEqual(u, before) {
		t.Error("the input was changed")
	}
	if s.Raw() != u {
		t.Error("Raw is not the input")
	}
}

func TestOutcome(t *testing.T) {
	gate := "nodes: {g: {type: Suspend, phase: Running}}"
	for _, tc := range []struct {
		spec, status         string
		want                 status.Outcome
		completed, suspended bool
	}{
		{"", "", status.OutcomePending, false, false},
		{"", "phase: Pending", status.OutcomePending, false, false},
		{"", "phase: Running", status.OutcomeRunning, false, false},
		{"", "phase: Strange", status.OutcomeRunning, false, false},
		{"suspend: true", "phase: Running", status.OutcomeSuspended, false, true},
		{"suspend: true", "", status.OutcomeSuspended, false, true},
		{"", "phase: Running, " + gate, status.OutcomeSuspended, false, true},
		{"", "phase: Succeeded, " + gate, status.OutcomeSucceeded, true, false},
		{"suspend: true", "phase: Succeeded", status.OutcomeSucceeded, true, false},
		{"shutdown: Stop", "phase: Succeeded", status.OutcomeSucceeded, true, false},
		{"shutdown: Stop", "phase: Running", status.OutcomeRunning, false, false},
		{"", "phase: Failed", status.OutcomeFailed, true, false},
		{"shutdown: Stop", "phase: Failed", status.OutcomeStopped, true, false},
		{"shutdown: Terminate", "phase: Failed", status.OutcomeTerminated, true, false},
		{"", `phase: Failed, message: "Stopped with strategy 'Stop'"`, status.OutcomeStopped, true, false},
		{"", `phase: Failed, message: "Stopped with strategy 'Terminate'"`, status.OutcomeTerminated, true, false},
		{"", "phase: Error", status.OutcomeErrored, true, false},
		{"shutdown: Stop", "phase: Error", status.OutcomeErrored, true, false},
		{"", "phase: Stopped", status.OutcomeStopped, true, false},
		{"", "phase: Terminated", status.OutcomeTerminated, true, false},
	} {
		s := readStatus(t, "spec: {"+tc.spec+"}\nstatus: {"+tc.status+"}")
		if s.Outcome() != tc.want || s.Completed() != tc.completed || s.Suspended() != tc.suspended {
			t.Errorf("spec {%s} status {%s}: %s, completed %v, suspended %v", tc.spec, tc.status, s.Outcome(), s.Completed(), s.Suspended())
		}
		if (s.Err() != nil) != (tc.completed && tc.want != status.OutcomeSucceeded) {
			t.Errorf("spec {%s} status {%s}: Err is %v", tc.spec, tc.status, s.Err())
		}
	}
}

func TestErrNamesTheFailedNodes(t *testing.T) {
	s := readStatus(t, `
metadata: {name: w, namespace: ma}
status:
  phase: Failed
  message: child failed
  nodes:
    root: {name: w, type: DAG, phase: Failed, message: "child 'p' failed"}
    p: {name: w.p, displayName: p, type: Pod, phase: Failed, message: main exited 3, boundaryID: root}
`)
	var failed *status.FailedError
	if !errors.As(s.Err(), &failed) || len(failed.Nodes) != 1 || failed.Outcome != status.OutcomeFailed {
		t.Fatalf("%+v", failed)
	}
	if got, want := failed.Error(), "workflow ma/w ended Failed: child failed; p Failed: main exited 3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	failed.Nodes[0].Message = "main: Error (exit code 3): disk full\nof logs\r\n\n"
	if got, want := failed.Error(), `; p Failed: main: Error (exit code 3): disk full\nof logs`; !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q at the end", got, want)
	}
	failed.Nodes = slicesRepeat(failed.Nodes[0], 20)
	if text := failed.Error(); !strings.HasSuffix(text, "; and 12 more") {
		t.Errorf("a long list is not cut: %q", text)
	}
}

func slicesRepeat(n *status.Node, times int) []*status.Node {
	var many []*status.Node
	for range times {
		many = append(many, n)
	}
	return many
}

func TestAwaitedOutputs(t *testing.T) {
	s := readStatus(t, `
status:
  nodes:
    g:
      type: Suspend
      phase: Running
      outputs:
        parameters:
        - {name: who, valueFrom: {supplied: {}}}
        - {name: dry, valueFrom: {supplied: {}, default: "no"}, enum: ["yes", "no"], description: d, globalName: g}
        - {name: done, value: x, valueFrom: {supplied: {}}}
        - {name: other, valueFrom: {expression: "1"}}
    passed: {type: Suspend, phase: Succeeded, outputs: {parameters: [{name: p, valueFrom: {supplied: {}}}]}}
`)
	gates := s.SuspendedNodes()
	if len(gates) != 1 {
		t.Fatalf("%d gates", len(gates))
	}
	want := []status.Parameter{
		{Name: "who", Supplied: true},
		{Name: "dry", Supplied: true, Default: "no", HasDefault: true, Enum: []string{"yes", "no"}, Description: "d", GlobalName: "g"},
	}
	if got := gates[0].AwaitedOutputs(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := s.Node("passed").AwaitedOutputs(); got != nil {
		t.Errorf("a gate that was passed awaits %v", got)
	}
}

func TestParseProgress(t *testing.T) {
	for text, want := range map[string]status.Progress{"0/0": {}, "3/7": {Done: 3, Total: 7}, "7/7": {Done: 7, Total: 7}} {
		if p, err := status.ParseProgress(text); err != nil || p != want || p.String() != text {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "3", "8/7", "-1/7", "a/b", "1/2/3", "1/"} {
		if p, err := status.ParseProgress(text); err == nil {
			t.Errorf("%q was read as %v", text, p)
		}
	}
	if f := (status.Progress{Done: 1, Total: 4}).Fraction(); f != 0.25 {
		t.Errorf("fraction %v", f)
	}
	if f := (status.Progress{}).Fraction(); f != 0 {
		t.Errorf("fraction of nothing %v", f)
	}
}
