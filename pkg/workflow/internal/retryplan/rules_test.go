package retryplan

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Each case has the nodes of a workflow w that ended Failed, or Succeeded if successful nodes are
// selected.
func TestRules(t *testing.T) {
	const steps = `
w:     {name: w, type: Steps, phase: Failed, children: [g0]}
g0:    {name: "w[0]", type: StepGroup, phase: Succeeded, boundaryID: w, children: [ahead]}
ahead: {name: "w[0].ahead", displayName: ahead, type: Pod, phase: Succeeded, boundaryID: w, children: [g1]}
g1:    {name: "w[1]", type: StepGroup, phase: Failed, boundaryID: w, children: [bad, good]}
bad:   {name: "w[1].bad", type: Pod, phase: Failed, boundaryID: w}
good:  {name: "w[1].good", type: Pod, phase: Succeeded, boundaryID: w}
`
	for _, tc := range []struct {
		name, nodes    string
		request        Request
		removed, reset string
		wantChildren   map[string]string
	}{
		{
			name: "the exit handler, but not a task of the same name", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r, s, b]}
r:  {name: w.onExitReport, type: Pod, phase: Succeeded, boundaryID: w}
s:  {name: w.onExit, type: Pod, phase: Succeeded, boundaryID: w}
b:  {name: w.bad, type: Pod, phase: Failed, boundaryID: w}
x:  {name: w.onExit, type: Steps, phase: Succeeded, children: [x0]}
x0: {name: "w.onExit[0]", type: StepGroup, phase: Succeeded, boundaryID: x, children: [x1]}
x1: {name: "w.onExit[0].clean", type: Pod, phase: Succeeded, boundaryID: x}
v:  {name: "w.onExit(0)", type: Pod, phase: Succeeded}
z:  {name: w.onExit.clean, type: Pod, phase: Succeeded}
o:  {name: w.onExitElsewhere, type: Pod, phase: Succeeded}
`, removed: "b v x x0 x1 z", reset: "w",
		},
		{
			name: "a failed step", nodes: steps, removed: "bad", reset: "g1 w",
			wantChildren: map[string]string{"g1": "good", "ahead": "g1"},
		},
		{
			name: "with new parameters, the steps beside it stay", nodes: steps,
			request: Request{NewParameters: true}, removed: "bad", reset: "g1 w",
		},
		{
			name: "a selected node and what follows it", nodes: steps,
			request: Request{RestartSuccessful: true, Selector: selector(t, "displayName=ahead")},
			removed: "ahead bad g1 good", reset: "g0 w", wantChildren: map[string]string{"g0": "", "w": "g0"},
		},
		{
			name: "the root", nodes: `w: {name: w, type: Pod, phase: Error}`, removed: "w",
		},
		{
			name: "calls, and gates that were rejected", nodes: `
w:    {name: w, type: DAG, phase: Failed, children: [http, plugin, gate, none]}
http: {name: w.http, type: HTTP, phase: Failed, boundaryID: w}
plugin: {name: w.plugin, type: Plugin, phase: Error, boundaryID: w}
gate: {name: w.gate, type: Suspend, phase: Failed, boundaryID: w}
none: {name: w.none, type: Skipped, phase: Error, boundaryID: w, message: template not found}
`, removed: "gate http none plugin", reset: "w",
		},
		{
			name: "a tolerated failure stays", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a, c]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
b: {name: w.b, type: Pod, phase: Succeeded, boundaryID: w}
c: {name: w.c, type: Pod, phase: Failed, boundaryID: w, children: [d]}
d: {name: w.d, type: Skipped, phase: Omitted, boundaryID: w}
`, removed: "c d", reset: "w",
		},
		{
			name: "a failure is not tolerated by a selected node after it", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
b: {name: w.b, displayName: b, type: Pod, phase: Succeeded, boundaryID: w}
`, request: Request{RestartSuccessful: true, Selector: selector(t, "displayName=b")}, removed: "a b", reset: "w",
		},
		{
			name: "a failure is not tolerated by its hook", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [h, e]}
h: {name: w.a.hooks.failed, type: Pod, phase: Succeeded, boundaryID: w, nodeFlag: {hooked: true}}
e: {name: w.a.onExit, type: Steps, phase: Succeeded, boundaryID: w, children: [eg]}
eg: {name: "w.a.onExit[0]", type: StepGroup, phase: Succeeded, boundaryID: e}
`, removed: "a e eg h", reset: "w",
		},
		{
			name: "all attempts that are pods", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r]}
r:  {name: w.r, type: Retry, phase: Failed, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: Pod, phase: Failed, boundaryID: w, nodeFlag: {retried: true}}
r1: {name: w.r(1), type: Pod, phase: Failed, boundaryID: w, nodeFlag: {retried: true}}
`, removed: "r0 r1", reset: "r w", wantChildren: map[string]string{"r": ""},
		},
		{
			name: "failed attempts before one that succeeded stay", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r, x]}
r:  {name: w.r, type: Retry, phase: Succeeded, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: Pod, phase: Failed, boundaryID: w}
r1: {name: w.r(1), type: Pod, phase: Succeeded, boundaryID: w}
x:  {name: w.x, type: Pod, phase: Failed, boundaryID: w}
`, removed: "x", reset: "w",
		},
		{
			name: "the last attempt that is a group", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r]}
r:  {name: w.r, type: Retry, phase: Failed, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: Steps, phase: Failed, boundaryID: w, children: [g0]}
g0: {name: "w.r(0)[0]", type: StepGroup, phase: Failed, boundaryID: r0, children: [p0]}
p0: {name: "w.r(0)[0].p", type: Pod, phase: Failed, boundaryID: r0}
r1: {name: w.r(1), type: Steps, phase: Failed, boundaryID: w, children: [g1]}
g1: {name: "w.r(1)[0]", type: StepGroup, phase: Failed, boundaryID: r1, children: [p1]}
p1: {name: "w.r(1)[0].p", type: Pod, phase: Failed, boundaryID: r1}
`, removed: "p1", reset: "g1 r r1 w",
		},
		{
			name: "what failed in an attempt before one that succeeded stays", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r, x]}
r:  {name: w.r, type: Retry, phase: Succeeded, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: DAG, phase: Failed, boundaryID: w, children: [p0]}
p0: {name: w.r(0).p, type: Pod, phase: Failed, boundaryID: r0}
r1: {name: w.r(1), type: DAG, phase: Succeeded, boundaryID: w, children: [p1]}
p1: {name: w.r(1).p, type: Pod, phase: Succeeded, boundaryID: r1}
x:  {name: w.x, type: Pod, phase: Failed, boundaryID: w}
`, removed: "x", reset: "w",
		},
		{
			name: "all attempts if one is selected", nodes: `
w:  {name: w, type: DAG, phase: Succeeded, children: [r]}
r:  {name: w.r, type: Retry, phase: Succeeded, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), displayName: r(0), type: DAG, phase: Failed, boundaryID: w}
r1: {name: w.r(1), displayName: r(1), type: DAG, phase: Succeeded, boundaryID: w}
`, request: Request{RestartSuccessful: true, Selector: selector(t, "displayName=r(1)")}, removed: "r0 r1", reset: "r w",
		},
		{
			name: "a set of containers with its pod", nodes: `
w:  {name: w, type: Steps, phase: Failed, children: [g]}
g:  {name: "w[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [p]}
p:  {name: "w[0].p", type: Pod, phase: Failed, boundaryID: w, children: [c1, c2]}
c1: {name: "w[0].p.c1", type: Container, phase: Succeeded, boundaryID: p, children: [c3]}
c2: {name: "w[0].p.c2", type: Container, phase: Failed, boundaryID: p}
c3: {name: "w[0].p.c3", type: Container, phase: Failed, boundaryID: p}
`, removed: "c1 c2 c3 p", reset: "g w",
		},
		{
			name: "an item of a loop", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [t]}
t:  {name: w.t, type: TaskGroup, phase: Failed, boundaryID: w, children: [t0, t1]}
t0: {name: "w.t(0:a)", displayName: "t(0:a)", type: Pod, phase: Failed, boundaryID: w}
t1: {name: "w.t(1:b)", displayName: "t(1:b)", type: Pod, phase: Succeeded, boundaryID: w}
`, removed: "t0", reset: "t w",
		},
		{
			name: "with new parameters, all items of a loop", nodes: `
w:  {name: w, type: Steps, phase: Failed, children: [g]}
g:  {name: "w[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [t0, t1]}
t0: {name: "w[0].t(0:a)", displayName: "t(0:a)", type: Pod, phase: Failed, boundaryID: w}
t1: {name: "w[0].t(1:b)", displayName: "t(1:b)", type: Pod, phase: Succeeded, boundaryID: w}
`, request: Request{NewParameters: true}, removed: "t0 t1", reset: "g w",
		},
		{
			name: "in a nested template, but not in one before it", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [a]}
a:  {name: w.a, type: DAG, phase: Succeeded, boundaryID: w, children: [a1]}
a1: {name: w.a.a1, type: Pod, phase: Succeeded, boundaryID: a, children: [b]}
b:  {name: w.b, type: DAG, phase: Failed, boundaryID: w, children: [b1]}
b1: {name: w.b.b1, type: Pod, phase: Failed, boundaryID: b}
`, removed: "b1", reset: "b w",
		},
		{
			name: "a group that failed by itself is evaluated again", nodes: `
w:  {name: w, type: Steps, phase: Error, message: outputs, children: [g]}
g:  {name: "w[0]", type: StepGroup, phase: Succeeded, boundaryID: w, children: [p]}
p:  {name: "w[0].p", type: Pod, phase: Succeeded, boundaryID: w}
`, reset: "w",
		},
		{
			name: "a group whose failure no node explains is evaluated again", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
b: {name: w.b, type: Pod, phase: Succeeded, boundaryID: w}
`, reset: "w",
		},
		{
			name: "the exit handler even if the workflow's root succeeded", nodes: `
w:  {name: w, type: Pod, phase: Succeeded}
e:  {name: w.onExit, type: Steps, phase: Failed, children: [eg]}
eg: {name: "w.onExit[0]", type: StepGroup, phase: Failed, boundaryID: e, children: [ep]}
ep: {name: "w.onExit[0].p", type: Pod, phase: Failed, boundaryID: e}
`, removed: "e eg ep",
		},
		{
			name: "a hook of the workflow", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a, h]}
a: {name: w.a, type: Pod, phase: Succeeded, boundaryID: w}
h: {name: w.hooks.running, type: Pod, phase: Failed, nodeFlag: {hooked: true}}
`, removed: "h", reset: "w",
		},
		{
			name: "cycles, and IDs of no node", nodes: `
w: {name: w, type: DAG, phase: Failed, boundaryID: w, children: [w, a, nowhere], outboundNodes: [nowhere, b]}
a: {name: w.a, type: DAG, phase: Failed, boundaryID: b, children: [b, lost]}
b: {name: w.b, type: DAG, phase: Failed, boundaryID: a, children: [a, c]}
c: {name: w.c, type: Pod, phase: Failed, boundaryID: b}
"null": null
`, removed: "c", reset: "a b w", wantChildren: map[string]string{"w": "w a", "a": "b", "b": "a"},
		},
		{
			name: "nodes that cannot be reached stay", nodes: `
w: {name: w, type: DAG, phase: Failed, children: []}
a: {name: w.a, type: Pod, phase: Failed}
`, reset: "w",
		},
		{
			name: "all nodes if there is no root", nodes: `a: {name: a, type: Pod, phase: Failed}`, removed: "a",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			phase := "Failed"
			if tc.request.RestartSuccessful {
				phase = "Succeeded"
			}
			obj := workflowObject(t, "kind: Workflow\nmetadata: {name: w}\nstatus:\n  phase: "+
				phase+"\n  nodes:"+strings.ReplaceAll("\n"+strings.TrimSpace(tc.nodes), "\n", "\n    "))
			p, after := retry(t, obj, tc.request)
			var reset []string
			nodes, _, _ := unstructured.NestedMap(after.Object, "status", "nodes")
			old, _, _ := unstructured.NestedMap(obj.Object, "status", "nodes")
			for id, item := range nodes {
				node := item.(map[string]any)
				if node["startedAt"] == "2026-01-02T03:04:05Z" {
					reset = append(reset, id)
					if node["phase"] != "Running" || node["message"] != nil || node["finishedAt"] != nil {
						t.Errorf("%s: %v", id, node)
					}
				} else if node["phase"] != old[id].(map[string]any)["phase"] {
					t.Errorf("%s: %v", id, node)
				}
				if p.Resets(id) != (node["startedAt"] != nil) || !p.Keeps(id) {
					t.Errorf("%s: reset %v, kept %v", id, p.Resets(id), p.Keeps(id))
				}
			}
			slices.Sort(reset)
			if got := removedIDs(p); got != tc.removed {
				t.Errorf("removed: %q, want %q", got, tc.removed)
			}
			if got := strings.Join(reset, " "); got != tc.reset {
				t.Errorf("reset: %q, want %q", got, tc.reset)
			}
			for id, want := range tc.wantChildren {
				children, _, _ := unstructured.NestedStringSlice(nodes, id, "children")
				if got := strings.Join(children, " "); got != want {
					t.Errorf("children of %s: %q, want %q", id, got, want)
				}
			}
			checkIDs(t, nodes)
		})
	}
}

// checkIDs fails t if a node refers to one that does not exist.
func checkIDs(t *testing.T, nodes map[string]any) {
	t.Helper()
	for id := range nodes {
		for _, key := range []string{"children", "outboundNodes"} {
			ids, _, _ := unstructured.NestedStringSlice(nodes, id, key)
			for _, other := range ids {
				if nodes[other] == nil {
					t.Errorf("%s of %s has %s, which is not a node", key, id, other)
				}
			}
		}
	}
}
