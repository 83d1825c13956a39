package status_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
)

// Nodes that made the workflow fail are named before those whose failure it tolerated, whichever
// failed first.
func TestErrNamesCausesFirst(t *testing.T) {
	for name, tc := range map[string]struct{ nodes, want string }{
		"steps that continue": {`
    w: {id: w, name: w, type: Steps, phase: Failed, children: [g0]}
    g0: {id: g0, name: "w[0]", displayName: "[0]", type: StepGroup, phase: Succeeded, boundaryID: w, children: [a]}
    a: {id: a, name: "w[0].a", displayName: a, type: Pod, phase: Failed, boundaryID: w, startedAt: "2026-01-01T00:00:01Z", children: [g1]}
    g1: {id: g1, name: "w[1]", displayName: "[1]", type: StepGroup, phase: Failed, boundaryID: w, children: [b]}
    b: {id: b, name: "w[1].b", displayName: b, type: Pod, phase: Failed, boundaryID: w, startedAt: "2026-01-01T00:00:02Z"}
`, "b Failed; tolerated: a Failed"},
		"the last step continues": {`
    w: {id: w, name: w, type: Steps, phase: Failed, children: [g0]}
    g0: {id: g0, name: "w[0]", displayName: "[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [a, b]}
    a: {id: a, name: "w[0].a", displayName: a, type: Steps, phase: Failed, boundaryID: w, children: [h0], startedAt: "2026-01-01T00:00:01Z"}
    h0: {id: h0, name: "w[0].a[0]", displayName: "[0]", type: StepGroup, phase: Succeeded, boundaryID: a, children: [x]}
    x: {id: x, name: "w[0].a[0].x", displayName: x, type: Pod, phase: Failed, boundaryID: a, startedAt: "2026-01-01T00:00:01Z"}
    b: {id: b, name: "w[0].b", displayName: b, type: Pod, phase: Error, boundaryID: w, startedAt: "2026-01-01T00:00:02Z"}
`, "b Error; tolerated: x Failed"},
		"a task of a DAG that another depends on": {`
    w: {id: w, name: w, type: DAG, phase: Failed, children: [a, c]}
    a: {id: a, name: w.a, displayName: a, type: DAG, phase: Failed, boundaryID: w, children: [i]}
    i: {id: i, name: w.a.i, displayName: i, type: Pod, phase: Failed, boundaryID: a, startedAt: "2026-01-01T00:00:01Z", children: [b]}
    b: {id: b, name: w.b, displayName: b, type: Pod, phase: Succeeded, boundaryID: w}
    c: {id: c, name: w.c, displayName: c, type: Pod, phase: Failed, boundaryID: w, startedAt: "2026-01-01T00:00:02Z", children: [d]}
    d: {id: d, name: w.d, displayName: d, type: Skipped, phase: Omitted, boundaryID: w}
`, "c Failed; tolerated: i Failed"},
		"items of a loop, and their attempts": {`
    w: {id: w, name: w, type: DAG, phase: Failed, children: [l]}
    l: {id: l, name: w.l, displayName: l, type: TaskGroup, phase: Failed, boundaryID: w, children: [l0, l1]}
    l0: {id: l0, name: "w.l(0:x)", displayName: "l(0:x)", type: Retry, phase: Failed, boundaryID: w, children: [t0, t1]}
    t0: {id: t0, name: "w.l(0:x)(0)", displayName: "l(0:x)(0)", type: Pod, phase: Failed, boundaryID: w, nodeFlag: {retried: true}}
    t1: {id: t1, name: "w.l(0:x)(1)", displayName: "l(0:x)(1)", type: Pod, phase: Failed, boundaryID: w, nodeFlag: {retried: true}}
    l1: {id: l1, name: "w.l(1:y)", displayName: "l(1:y)", type: Pod, phase: Succeeded, boundaryID: w}
`, "l(0:x)(1) Failed"},
		"hooks and exit handlers": {`
    w: {id: w, name: w, type: DAG, phase: Succeeded, children: [a]}
    a: {id: a, name: w.a, displayName: a, type: Pod, phase: Succeeded, boundaryID: w, children: [h]}
    h: {id: h, name: w.a.onExit, displayName: a.onExit, type: Pod, phase: Failed, boundaryID: w, startedAt: "2026-01-01T00:00:01Z"}
    e: {id: e, name: w.onExit, displayName: w.onExit, type: Steps, phase: Error, nodeFlag: {hooked: true}, children: [g]}
    g: {id: g, name: "w.onExit[0]", displayName: "[0]", type: StepGroup, phase: Error, boundaryID: e, children: [m]}
    m: {id: m, name: "w.onExit[0].m", displayName: m, type: Pod, phase: Error, boundaryID: e, startedAt: "2026-01-01T00:00:02Z"}
`, "m Error; tolerated: a.onExit Failed"},
		"circles": {`
    a: {id: a, name: w.a, displayName: a, type: Pod, phase: Failed, boundaryID: b, children: [b]}
    b: {id: b, name: w.b, displayName: b, type: Pod, phase: Failed, boundaryID: a, children: [a, b]}
`, "tolerated: a Failed; b Failed"},
	} {
		s := readStatus(t, "metadata: {name: w, namespace: ma}\nstatus:\n  phase: Failed\n  nodes:"+tc.nodes)
		if got, want := s.Err().Error(), "workflow ma/w ended Failed; "+tc.want; got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// Steps of a template that runs for each item have the same name.
func TestErrNamesItems(t *testing.T) {
	s := readStatus(t, `
metadata: {name: w, namespace: ma}
status:
  phase: Failed
  nodes:
    w: {id: w, name: w, type: Steps, phase: Failed}
    o: {id: o, name: "w[0].shard(1:logs.a)", displayName: "shard(1:logs.a)", type: Steps, phase: Failed, boundaryID: w}
    t: {id: t, name: "w[0].shard(1:logs.a)[0].copy", displayName: copy, type: Steps, phase: Failed, boundaryID: o}
    r: {id: r, name: "w[0].shard(1:logs.a)[0].copy[0].load", displayName: load, type: Retry, phase: Failed, boundaryID: t, children: [p]}
    p: {id: p, name: "w[0].shard(1:logs.a)[0].copy[0].load(1)", displayName: load(1), type: Pod, phase: Failed, boundaryID: t, nodeFlag: {retried: true}, message: "main: Error (exit code 1)"}
    c: {id: c, name: "w[0].own(2:z)(0)", displayName: Given, type: Pod, phase: Error, boundaryID: w}
`)
	const want = "workflow ma/w ended Failed; Given(2:z)(0) Error; load(1) of shard(1:logs.a) Failed: main: Error (exit code 1)"
	if got := s.Err().Error(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Authors of workflows choose names and messages, so the error is bounded.
func TestErrIsBounded(t *testing.T) {
	long := strings.Repeat("é\x1b[31m\n", 2_000)
	nodes := map[string]any{}
	for i := range 100 {
		nodes[fmt.Sprint(i)] = map[string]any{"displayName": long, "message": long, "type": "Pod", "phase": "Failed"}
	}
	s := decode(t, withStatus(map[string]any{
		"phase": "Failed", "message": long, "nodes": nodes,
		"synchronization": map[string]any{"semaphore": map[string]any{"waiting": []any{map[string]any{"semaphore": long, "holders": []any{long}}}}},
	}))
	text := s.Err().Error() + s.Synchronization.Waiting[0].String()
	if len(text) > 15_000 || !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\n") || !strings.Contains(text, "and 92 more") {
		t.Errorf("%d bytes: %.100q", len(text), text)
	}
}

// The time must be linear even if nodes are nested deeply.
func TestFailedNodesOfManyNested(t *testing.T) {
	growth.Linear(t, "find failed nodes that are nested", func(n int) func() {
		nodes := map[string]any{}
		for i := range n {
			nodes[fmt.Sprintf("n%d", i)] = map[string]any{
				"type": "Steps", "phase": "Failed", "boundaryID": fmt.Sprintf("n%d", i-1), "children": []any{fmt.Sprintf("n%d", (i+1)%n), fmt.Sprintf("n%d", i/2)},
			}
		}
		nodes["leaf"] = map[string]any{"type": "Pod", "phase": "Failed", "boundaryID": fmt.Sprintf("n%d", n-1)}
		s := decode(t, withStatus(map[string]any{"phase": "Failed", "nodes": nodes}))
		return func() {
			if len(s.FailedNodes()) == 0 || s.Err() == nil {
				t.Error("none")
			}
		}
	})
}
