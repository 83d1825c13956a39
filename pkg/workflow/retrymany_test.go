package workflow

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// twoLoops is a workflow with two loops of that many items, the second of which failed.
func twoLoops(items int) *unstructured.Unstructured {
	nodes := map[string]any{}
	var first, second []any
	for i := range items {
		a, b := fmt.Sprint("w-a", i), fmt.Sprint("w-b", i)
		first, second = append(first, a), append(second, b)
		nodes[a] = map[string]any{
			"name": fmt.Sprintf("w[0].a(%d:x)", i), "displayName": fmt.Sprintf("a(%d:x)", i), "type": "Pod", "phase": "Succeeded",
			"boundaryID": "w", "children": []any{"w-g1"},
		}
		nodes[b] = map[string]any{
			"name": fmt.Sprintf("w[1].b(%d:x)", i), "displayName": fmt.Sprintf("b(%d:x)", i), "type": "Pod", "phase": "Failed", "boundaryID": "w",
		}
	}
	nodes["w-g0"] = map[string]any{"name": "w[0]", "type": "StepGroup", "phase": "Succeeded", "boundaryID": "w", "children": first}
	nodes["w-g1"] = map[string]any{"name": "w[1]", "type": "StepGroup", "phase": "Failed", "boundaryID": "w", "children": second}
	nodes["w"] = map[string]any{"name": "w", "type": "Steps", "phase": "Failed", "children": []any{"w-g0"}}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "w"}, "status": map[string]any{"phase": "Failed", "nodes": nodes},
	}}
}

func history(n *graphNode) *verdict { return &n.history }

// A node can have as many parents as there are nodes, and be asked for as often.
func TestRetryLooksAtEachNodeOnce(t *testing.T) {
	s, err := status.FromUnstructured(twoLoops(100))
	if err != nil {
		t.Fatal(err)
	}
	g := newNodeGraph(t.Context(), s)
	group, root := g.byID["w-g1"], g.byID["w"]
	if g.holder(group) != root {
		t.Fatal("the second group is not inside of the root")
	}
	group.parents = nil
	clear(g.byID)
	if g.holder(group) != root {
		t.Error("it was looked for again")
	}

	asked := 0
	for i := range g.nodes {
		n := &g.nodes[i]
		if g.inAny(n, history, func(*graphNode) bool { asked++; return false }) {
			t.Error("found in", n.ID)
		}
	}
	if asked != len(g.nodes) {
		t.Errorf("%d nodes asked about %d times", len(g.nodes), asked)
	}
}

func TestRetryAsksAboutNodesInCircles(t *testing.T) {
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
status: {nodes: {a: {name: a, boundaryID: b}, b: {name: b, boundaryID: c}, c: {name: c, boundaryID: b}, d: {name: d, boundaryID: d}, e: {name: e, boundaryID: a}}}
`)
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	for match, want := range map[string]string{"": "", "a": "a e", "b": "a b c e", "c": "a b c e", "d": "d", "e": "e"} {
		g := newNodeGraph(t.Context(), s)
		var found []string
		for i := range g.nodes {
			if n := &g.nodes[i]; g.inAny(n, history, func(n *graphNode) bool { return n.ID == match }) {
				found = append(found, n.ID)
			}
		}
		if got := fmt.Sprint(found); got != "["+want+"]" {
			t.Errorf("in %s: %s, want %s", match, got, want)
		}
	}
}

// Containers can be written as nested in each other, as deep as there are nodes.
func TestRetryLooksNoDeeperThanTemplatesAreNested(t *testing.T) {
	const count = 1_000
	nodes := map[string]any{"w": map[string]any{"name": "w", "type": "DAG", "phase": "Failed"}}
	for i := range count {
		nodes[fmt.Sprint("w-", i)] = map[string]any{
			"name": fmt.Sprint("w.", i), "type": "Container", "phase": "Failed", "boundaryID": fmt.Sprint("w-", i+1),
		}
	}
	s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "w"}, "status": map[string]any{"phase": "Failed", "nodes": nodes},
	}})
	if err != nil {
		t.Fatal(err)
	}
	g := newNodeGraph(t.Context(), s)
	looked := 0
	for i := range g.nodes {
		for range g.around(&g.nodes[i]) {
			looked++
		}
	}
	if most := 200 * count; looked > most {
		t.Errorf("%d nodes are looked at %d times", count, looked)
	}
	inner := g.byID["w-0"]
	for outer := range g.around(inner) {
		if outer != g.byID["w-1"] {
			t.Errorf("around %s is %s", inner.ID, outer.ID)
		}
		break
	}
}

// The time grows with the nodes, not with their square.
func BenchmarkRetryPlan(b *testing.B) {
	for _, items := range []int{1_000, 10_000} {
		s, err := status.FromUnstructured(twoLoops(items))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			for b.Loop() {
				g := newNodeGraph(b.Context(), s)
				newRetryWork(g, s, false)
				g.candidates()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(items), "ns/item")
		})
	}
}

// The plan of a retry takes no more than the nodes that it is about, and ends with its context wherever it
// is at work.
func TestRetryOfManyNodes(t *testing.T) {
	const items = 60_000
	s, err := status.FromUnstructured(twoLoops(items))
	if err != nil {
		t.Fatal(err)
	}
	asks := &askedContext{Context: t.Context(), after: 1 << 30}
	var graph *nodeGraph
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	graph = newNodeGraph(asks, s)
	removed := newRetryWork(graph, s, false).removed()
	runtime.ReadMemStats(&after)
	if took, each := int(after.TotalAlloc-before.TotalAlloc), int(unsafe.Sizeof(status.Node{})); len(removed) != items || took > 2*items*2*each {
		t.Errorf("%d nodes are removed, and the plan takes %d MiB", len(removed), took>>20)
	}
	if asks.asked < 100 {
		t.Errorf("it is asked %d times", asks.asked)
	}
	for i := range 8 {
		stop := asks.asked * i / 8
		ctx := &askedContext{Context: t.Context(), after: stop, err: errors.New("enough")}
		newRetryWork(newNodeGraph(ctx, s), s, false)
		if ctx.asked > stop+1 {
			t.Errorf("ended at the %dth question, asked %d times", stop, ctx.asked)
		}
	}
}
