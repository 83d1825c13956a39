package retryplan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// twoLoops returns a workflow with two loops of the given number of items. The second loop failed.
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
	return failedWorkflow(nodes)
}

// A node can have as many parents as there are nodes, so they are searched once.
func TestOuterIsFoundOnce(t *testing.T) {
	g := newGraph(t.Context(), readStatus(t, twoLoops(100)))
	group, root := g.byID["w-g1"], g.byID["w"]
	if g.outer(group) != root {
		t.Fatal("the second group is not inside the root")
	}
	group.parents = nil
	clear(g.byID)
	if g.outer(group) != root {
		t.Error("it was searched again")
	}
}

// Containers can be nested in each other as deep as there are nodes.
func TestPodOfIsBounded(t *testing.T) {
	const count = 1_000
	nodes := map[string]any{"w": map[string]any{"name": "w", "type": "DAG", "phase": "Failed"}}
	for i := range count {
		nodes[fmt.Sprint("w-", i)] = map[string]any{
			"name": fmt.Sprint("w.", i), "type": "Container", "phase": "Failed", "boundaryID": fmt.Sprint("w-", i+1),
		}
	}
	g := newGraph(t.Context(), readStatus(t, failedWorkflow(nodes)))
	g.byID["w-500"].Type = status.NodeTypePod
	for id, want := range map[string]string{"w-0": "w-0", "w-371": "w-371", "w-372": "w-500", "w-499": "w-500", "w-501": "w-501"} {
		if got := g.podOf(g.byID[id]); got != g.byID[want] {
			t.Errorf("the pod of %s is %s", id, got.ID)
		}
	}
}

// The nodes are as many as a workflow can have, in a shape on which a search without memoization
// takes forever.
func TestMakeIsLinearInManyBranches(t *testing.T) {
	nodes := map[string]any{"w": map[string]any{"name": "w", "type": "DAG", "phase": "Failed", "children": []any{"0-a", "0-b"}}}
	const layers = 2000
	for i := range layers {
		for _, side := range []string{"a", "b"} {
			node := map[string]any{"name": fmt.Sprintf("w.%d-%s", i, side), "type": "Pod", "phase": "Skipped", "boundaryID": "w"}
			if i < layers-1 {
				node["children"] = []any{fmt.Sprintf("%d-a", i+1), fmt.Sprintf("%d-b", i+1)}
			}
			nodes[fmt.Sprintf("%d-%s", i, side)] = node
		}
	}
	nodes["0-a"].(map[string]any)["phase"] = "Failed"
	s := readStatus(t, failedWorkflow(nodes))
	done := make(chan *Plan)
	go func() {
		p, err := Make(t.Context(), s, Request{})
		if err != nil {
			t.Error(err)
		}
		done <- p
	}()
	select {
	case p := <-done:
		if want := 1 + 2*(layers-1); p == nil || len(p.Removed()) != want {
			t.Errorf("%v, want %d nodes removed", p, want)
		}
	case <-time.After(time.Minute):
		t.Fatal("it takes forever")
	}
}

// The time per item must not grow with the number of items.
func BenchmarkMake(b *testing.B) {
	for _, items := range []int{1_000, 10_000} {
		s := readStatus(b, twoLoops(items))
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			for b.Loop() {
				if _, err := Make(b.Context(), s, Request{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(items), "ns/item")
		})
	}
}

// countedContext is a context that ends after the given number of calls of Err.
type countedContext struct {
	context.Context

	calls, after int
	err          error
}

func (c *countedContext) Err() error {
	if c.calls++; c.calls > c.after {
		return c.err
	}
	return nil
}

// A plan takes no more memory than the nodes that it affects. The end of the context ends the work
// at any point.
func TestMakeOfManyNodes(t *testing.T) {
	const items = 60_000
	s := readStatus(t, twoLoops(items))
	whole := &countedContext{Context: t.Context(), after: 1 << 30}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := Make(whole, s, Request{})
	runtime.ReadMemStats(&after)
	if err != nil || len(p.Removed()) != items {
		t.Fatal(p, err)
	}
	if took, each := int(after.TotalAlloc-before.TotalAlloc), int(unsafe.Sizeof(status.Node{})); took > 2*items*2*each {
		t.Errorf("the plan takes %d MiB", took>>20)
	}
	if whole.calls < 100 {
		t.Errorf("the context was checked %d times", whole.calls)
	}
	enough := errors.New("enough")
	for i := range 8 {
		stop := whole.calls * i / 8
		ctx := &countedContext{Context: t.Context(), after: stop, err: enough}
		if _, err := Make(ctx, s, Request{}); !errors.Is(err, enough) || ctx.calls > stop+4 {
			t.Errorf("ended at check %d, %v after %d checks", stop, err, ctx.calls)
		}
	}
}
