package workflow

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What a retry does with the nodes. Each case's nodes are those of a workflow w that Failed.
func TestRetryOfNodes(t *testing.T) {
	const steps = `
w:     {name: w, type: Steps, phase: Failed, children: [g0]}
g0:    {name: "w[0]", type: StepGroup, phase: Succeeded, boundaryID: w, children: [ahead]}
ahead: {name: "w[0].ahead", displayName: ahead, type: Pod, phase: Succeeded, boundaryID: w, children: [g1]}
g1:    {name: "w[1]", type: StepGroup, phase: Failed, boundaryID: w, children: [bad, good]}
bad:   {name: "w[1].bad", type: Pod, phase: Failed, boundaryID: w}
good:  {name: "w[1].good", type: Pod, phase: Succeeded, boundaryID: w}
`
	for _, tc := range []struct {
		name, nodes  string
		opts         RetryOptions
		gone, again  string
		wantChildren map[string]string
	}{
		{
			name: "the exit handler, and not a task that is called alike", nodes: `
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
`, gone: "b v x x0 x1 z", again: "w",
		},
		{
			name: "a failed step", nodes: steps, gone: "bad", again: "g1 w",
			wantChildren: map[string]string{"g1": "good", "ahead": "g1"},
		},
		{
			name: "with other parameters, the other steps beside it stay", nodes: steps,
			opts: RetryOptions{Parameters: map[string]any{"p": 1}}, gone: "bad", again: "g1 w",
		},
		{
			name: "what is selected, and what follows it", nodes: steps,
			opts: RetryOptions{RestartSuccessful: true, Selector: "displayName=ahead"},
			gone: "ahead bad g1 good", again: "g0 w", wantChildren: map[string]string{"g0": "", "w": "g0"},
		},
		{
			name: "the root", nodes: `w: {name: w, type: Pod, phase: Error}`, gone: "w",
		},
		{
			name: "calls, and gates that were rejected", nodes: `
w:    {name: w, type: DAG, phase: Failed, children: [http, plugin, gate, none]}
http: {name: w.http, type: HTTP, phase: Failed, boundaryID: w}
plugin: {name: w.plugin, type: Plugin, phase: Error, boundaryID: w}
gate: {name: w.gate, type: Suspend, phase: Failed, boundaryID: w}
none: {name: w.none, type: Skipped, phase: Error, boundaryID: w, message: template not found}
`, gone: "gate http none plugin", again: "w",
		},
		{
			name: "what the workflow went on after stays", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a, c]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
b: {name: w.b, type: Pod, phase: Succeeded, boundaryID: w}
c: {name: w.c, type: Pod, phase: Failed, boundaryID: w, children: [d]}
d: {name: w.d, type: Skipped, phase: Omitted, boundaryID: w}
`, gone: "c d", again: "w",
		},
		{
			name: "but not what goes on from something selected", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
b: {name: w.b, displayName: b, type: Pod, phase: Succeeded, boundaryID: w}
`, opts: RetryOptions{RestartSuccessful: true, Selector: "displayName=b"}, gone: "a b", again: "w",
		},
		{
			name: "a hook is no going on", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [h, e]}
h: {name: w.a.hooks.failed, type: Pod, phase: Succeeded, boundaryID: w, nodeFlag: {hooked: true}}
e: {name: w.a.onExit, type: Steps, phase: Succeeded, boundaryID: w, children: [eg]}
eg: {name: "w.a.onExit[0]", type: StepGroup, phase: Succeeded, boundaryID: e}
`, gone: "a e eg h", again: "w",
		},
		{
			name: "all attempts that are pods", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r]}
r:  {name: w.r, type: Retry, phase: Failed, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: Pod, phase: Failed, boundaryID: w, nodeFlag: {retried: true}}
r1: {name: w.r(1), type: Pod, phase: Failed, boundaryID: w, nodeFlag: {retried: true}}
`, gone: "r0 r1", again: "r w", wantChildren: map[string]string{"r": ""},
		},
		{
			name: "no attempt before one that succeeded", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r, x]}
r:  {name: w.r, type: Retry, phase: Succeeded, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: Pod, phase: Failed, boundaryID: w}
r1: {name: w.r(1), type: Pod, phase: Succeeded, boundaryID: w}
x:  {name: w.x, type: Pod, phase: Failed, boundaryID: w}
`, gone: "x", again: "w",
		},
		{
			name: "the last attempt that is a group goes on", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r]}
r:  {name: w.r, type: Retry, phase: Failed, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: Steps, phase: Failed, boundaryID: w, children: [g0]}
g0: {name: "w.r(0)[0]", type: StepGroup, phase: Failed, boundaryID: r0, children: [p0]}
p0: {name: "w.r(0)[0].p", type: Pod, phase: Failed, boundaryID: r0}
r1: {name: w.r(1), type: Steps, phase: Failed, boundaryID: w, children: [g1]}
g1: {name: "w.r(1)[0]", type: StepGroup, phase: Failed, boundaryID: r1, children: [p1]}
p1: {name: "w.r(1)[0].p", type: Pod, phase: Failed, boundaryID: r1}
`, gone: "p1", again: "g1 r r1 w",
		},
		{
			name: "nothing in an attempt before one that succeeded", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [r, x]}
r:  {name: w.r, type: Retry, phase: Succeeded, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), type: DAG, phase: Failed, boundaryID: w, children: [p0]}
p0: {name: w.r(0).p, type: Pod, phase: Failed, boundaryID: r0}
r1: {name: w.r(1), type: DAG, phase: Succeeded, boundaryID: w, children: [p1]}
p1: {name: w.r(1).p, type: Pod, phase: Succeeded, boundaryID: r1}
x:  {name: w.x, type: Pod, phase: Failed, boundaryID: w}
`, gone: "x", again: "w",
		},
		{
			name: "a retry whole, if an attempt is selected", nodes: `
w:  {name: w, type: DAG, phase: Succeeded, children: [r]}
r:  {name: w.r, type: Retry, phase: Succeeded, boundaryID: w, children: [r0, r1]}
r0: {name: w.r(0), displayName: r(0), type: DAG, phase: Failed, boundaryID: w}
r1: {name: w.r(1), displayName: r(1), type: DAG, phase: Succeeded, boundaryID: w}
`, opts: RetryOptions{RestartSuccessful: true, Selector: "displayName=r(1)"}, gone: "r0 r1", again: "r w",
		},
		{
			name: "a set of containers, with its pod", nodes: `
w:  {name: w, type: Steps, phase: Failed, children: [g]}
g:  {name: "w[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [p]}
p:  {name: "w[0].p", type: Pod, phase: Failed, boundaryID: w, children: [c1, c2]}
c1: {name: "w[0].p.c1", type: Container, phase: Succeeded, boundaryID: p, children: [c3]}
c2: {name: "w[0].p.c2", type: Container, phase: Failed, boundaryID: p}
c3: {name: "w[0].p.c3", type: Container, phase: Failed, boundaryID: p}
`, gone: "c1 c2 c3 p", again: "g w",
		},
		{
			name: "an item of a loop", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [t]}
t:  {name: w.t, type: TaskGroup, phase: Failed, boundaryID: w, children: [t0, t1]}
t0: {name: "w.t(0:a)", displayName: "t(0:a)", type: Pod, phase: Failed, boundaryID: w}
t1: {name: "w.t(1:b)", displayName: "t(1:b)", type: Pod, phase: Succeeded, boundaryID: w}
`, gone: "t0", again: "t w",
		},
		{
			name: "the whole loop with other parameters", nodes: `
w:  {name: w, type: Steps, phase: Failed, children: [g]}
g:  {name: "w[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [t0, t1]}
t0: {name: "w[0].t(0:a)", displayName: "t(0:a)", type: Pod, phase: Failed, boundaryID: w}
t1: {name: "w[0].t(1:b)", displayName: "t(1:b)", type: Pod, phase: Succeeded, boundaryID: w}
`, opts: RetryOptions{Parameters: map[string]any{"p": 1}}, gone: "t0 t1", again: "g w",
		},
		{
			name: "a nested template, but not one before it", nodes: `
w:  {name: w, type: DAG, phase: Failed, children: [a]}
a:  {name: w.a, type: DAG, phase: Succeeded, boundaryID: w, children: [a1]}
a1: {name: w.a.a1, type: Pod, phase: Succeeded, boundaryID: a, children: [b]}
b:  {name: w.b, type: DAG, phase: Failed, boundaryID: w, children: [b1]}
b1: {name: w.b.b1, type: Pod, phase: Failed, boundaryID: b}
`, gone: "b1", again: "b w",
		},
		{
			name: "a group that failed by itself is evaluated again", nodes: `
w:  {name: w, type: Steps, phase: Error, message: outputs, children: [g]}
g:  {name: "w[0]", type: StepGroup, phase: Succeeded, boundaryID: w, children: [p]}
p:  {name: "w[0].p", type: Pod, phase: Succeeded, boundaryID: w}
`, again: "w",
		},
		{
			name: "so is one whose failed nodes don't explain it", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a]}
a: {name: w.a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
b: {name: w.b, type: Pod, phase: Succeeded, boundaryID: w}
`, again: "w",
		},
		{
			name: "the exit handler in any case", nodes: `
w:  {name: w, type: Pod, phase: Succeeded}
e:  {name: w.onExit, type: Steps, phase: Failed, children: [eg]}
eg: {name: "w.onExit[0]", type: StepGroup, phase: Failed, boundaryID: e, children: [ep]}
ep: {name: "w.onExit[0].p", type: Pod, phase: Failed, boundaryID: e}
`, gone: "e eg ep",
		},
		{
			name: "a hook of the workflow", nodes: `
w: {name: w, type: DAG, phase: Failed, children: [a, h]}
a: {name: w.a, type: Pod, phase: Succeeded, boundaryID: w}
h: {name: w.hooks.running, type: Pod, phase: Failed, nodeFlag: {hooked: true}}
`, gone: "h", again: "w",
		},
		{
			name: "cycles, and ids that lead nowhere", nodes: `
w: {name: w, type: DAG, phase: Failed, boundaryID: w, children: [w, a, nobody], outboundNodes: [nobody, b]}
a: {name: w.a, type: DAG, phase: Failed, boundaryID: b, children: [b, gone]}
b: {name: w.b, type: DAG, phase: Failed, boundaryID: a, children: [a, c]}
c: {name: w.c, type: Pod, phase: Failed, boundaryID: b}
"null": null
`, gone: "c", again: "a b w", wantChildren: map[string]string{"w": "w a", "a": "b", "b": "a"},
		},
		{
			name: "nothing that cannot be reached", nodes: `
w: {name: w, type: DAG, phase: Failed, children: []}
a: {name: w.a, type: Pod, phase: Failed}
`, again: "w",
		},
		{
			name: "everything, where there is no root", nodes: `a: {name: a, type: Pod, phase: Failed}`, gone: "a",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			phase := "Failed"
			if tc.opts.RestartSuccessful {
				phase = "Succeeded"
			}
			obj := workflowObject(t, "kind: Workflow\nmetadata: {name: w}\nspec: {arguments: {parameters: [{name: p}]}}\nstatus:\n  phase: "+
				phase+"\n  nodes:"+strings.ReplaceAll("\n"+strings.TrimSpace(tc.nodes), "\n", "\n    "))
			plan, err := planOfRetry(t, obj, tc.opts)
			if err != nil {
				t.Fatal(err)
			}
			var again []string
			nodes, _, _ := unstructured.NestedMap(plan.object.Object, "status", "nodes")
			old, _, _ := unstructured.NestedMap(obj.Object, "status", "nodes")
			for id, item := range nodes {
				node := item.(map[string]any)
				if node["startedAt"] == "2026-01-02T03:04:05Z" {
					again = append(again, id)
					if node["phase"] != "Running" || node["message"] != nil || node["finishedAt"] != nil {
						t.Errorf("%s: %v", id, node)
					}
				} else if node["phase"] != old[id].(map[string]any)["phase"] {
					t.Errorf("%s: %v", id, node)
				}
			}
			slices.Sort(again)
			if got := removedIDs(plan); got != tc.gone {
				t.Errorf("gone: %q, want %q", got, tc.gone)
			}
			if got := strings.Join(again, " "); got != tc.again {
				t.Errorf("running again: %q, want %q", got, tc.again)
			}
			for id, want := range tc.wantChildren {
				children, _, _ := unstructured.NestedStringSlice(nodes, id, "children")
				if got := strings.Join(children, " "); got != want {
					t.Errorf("children of %s: %q, want %q", id, got, want)
				}
			}
			for id := range nodes {
				for _, key := range []string{"children", "outboundNodes"} {
					ids, _, _ := unstructured.NestedStringSlice(nodes, id, key)
					for _, other := range ids {
						if nodes[other] == nil {
							t.Errorf("%s of %s has %s, which is no node", key, id, other)
						}
					}
				}
			}
		})
	}
}
