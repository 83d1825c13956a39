package workflow

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Whatever the nodes and their phases are, what is left is sound.
func TestRetryLeavesSoundNodes(t *testing.T) {
	for seed := range uint64(2000) {
		g := &generator{r: rand.New(rand.NewPCG(seed, 1)), nodes: map[string]any{}}
		g.template("w", "", 3)
		if seed%2 == 0 {
			g.spoil()
		}
		obj := &unstructured.Unstructured{Object: map[string]any{
			"kind": "Workflow", "metadata": map[string]any{"name": "w"},
			"status": map[string]any{"phase": "Failed", "nodes": g.nodes},
		}}
		plan, err := planOfRetry(t, obj, RetryOptions{})
		if err != nil {
			t.Fatal(seed, err)
		}
		s, err := status.FromUnstructured(obj)
		if err != nil {
			t.Fatal(err)
		}
		checkSound(t, seed, s, obj, plan)
		if t.Failed() {
			t.Log(asYAML(t, g.nodes))
			return
		}
	}
}

func checkSound(t *testing.T, seed uint64, s *status.WorkflowStatus, obj *unstructured.Unstructured, plan *retryPlan) {
	t.Helper()
	before, _, _ := unstructured.NestedMap(obj.Object, "status", "nodes")
	after, _, _ := unstructured.NestedMap(plan.object.Object, "status", "nodes")
	graph := newNodeGraph(t.Context(), s)
	gone := map[string]bool{}
	for _, n := range plan.removed {
		gone[n.ID] = true
	}
	for id, item := range after {
		node := item.(map[string]any)
		for _, key := range []string{"children", "outboundNodes"} {
			ids, _, _ := unstructured.NestedStringSlice(node, key)
			for _, other := range ids {
				if after[other] == nil {
					t.Errorf("seed %d: %s of %s has %s, which is no node", seed, key, id, other)
				}
			}
		}
		if !graph.byID[id].Type.Group() && node["phase"] != before[id].(map[string]any)["phase"] {
			t.Errorf("seed %d: %s was changed", seed, id)
		}
	}
	for i := range graph.nodes {
		n := &graph.nodes[i]
		switch {
		case !gone[n.ID]:
			if after[n.ID] == nil {
				t.Errorf("seed %d: %s is lost", seed, n.ID)
			}
			continue
		case after[n.ID] != nil:
			t.Errorf("seed %d: %s is still there", seed, n.ID)
		}
		for _, child := range n.children {
			if !gone[child.ID] && !graph.inExitHandler(n) {
				t.Errorf("seed %d: %s stays, which follows %s", seed, child.ID, n.ID)
			}
		}
		for outer := range graph.around(n) {
			if outer.Type.Group() && !gone[outer.ID] && after[outer.ID].(map[string]any)["phase"] != "Running" {
				t.Errorf("seed %d: %s does not go on, though %s in it runs again", seed, outer.ID, n.ID)
			}
		}
	}
	// What failed is either run again, or something went on after it, or it is history.
	if root := after["w"]; root != nil && root.(map[string]any)["phase"] == "Failed" {
		t.Errorf("seed %d: the workflow would fail again at once", seed)
	}
	for i := range graph.nodes {
		retry := &graph.nodes[i]
		kept := slices.DeleteFunc(slices.Clone(retry.attempts), func(n *graphNode) bool { return gone[n.ID] })
		if len(kept) != 0 && len(kept) != len(retry.attempts) {
			t.Errorf("seed %d: %s keeps %d of %d attempts", seed, retry.ID, len(kept), len(retry.attempts))
		}
	}
}

// generator makes nodes as Argo's controller does, with phases as they come.
type generator struct {
	r     *rand.Rand
	nodes map[string]any
}

// add adds a node and returns its id.
func (g *generator) add(name string, kind status.NodeType, boundary string) string {
	id := name
	if name != "w" {
		id = fmt.Sprintf("w-%d", len(g.nodes))
	}
	phases := []string{"Succeeded", "Succeeded", "Failed", "Error"}
	if kind == status.NodeTypeSuspend {
		phases = append(phases, "Running")
	}
	g.nodes[id] = map[string]any{
		"id": id, "name": name, "displayName": name[strings.LastIndexByte(name, '.')+1:], "type": string(kind), "boundaryID": boundary,
		"phase": phases[g.r.IntN(len(phases))], "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z",
	}
	return id
}

func (g *generator) link(from []string, to string) {
	for _, id := range from {
		node := g.nodes[id].(map[string]any)
		children, _ := node["children"].([]any)
		node["children"] = append(children, to)
	}
}

func (g *generator) setPhase(id string) {
	node := g.nodes[id].(map[string]any)
	node["phase"] = "Succeeded"
	children, _ := node["children"].([]any)
	for _, child := range children {
		if phase := g.nodes[child.(string)].(map[string]any)["phase"]; phase != "Succeeded" {
			node["phase"] = "Failed"
		}
	}
}

// template makes an invocation of some template and returns its id and its last nodes.
func (g *generator) template(name, boundary string, depth int) (id string, last []string) {
	kind := g.r.IntN(8)
	if depth == 0 {
		kind = 4 + g.r.IntN(4)
	}
	switch kind {
	case 0, 1:
		id = g.add(name, status.NodeTypeSteps, boundary)
		last = []string{id}
		for i := range 1 + g.r.IntN(3) {
			group := g.add(fmt.Sprintf("%s[%d]", name, i), status.NodeTypeStepGroup, id)
			g.link(last, group)
			last = nil
			for j := range 1 + g.r.IntN(2) {
				step, ends := g.template(fmt.Sprintf("%s[%d].s%d", name, i, j), id, depth-1)
				g.link([]string{group}, step)
				last = append(last, ends...)
			}
			g.setPhase(group)
		}
		g.nodes[id].(map[string]any)["outboundNodes"] = toAny(last)
	case 2:
		id = g.add(name, status.NodeTypeDAG, boundary)
		ends := []string{id}
		for i := range 1 + g.r.IntN(3) {
			task, taskEnds := g.template(fmt.Sprintf("%s.t%d", name, i), id, depth-1)
			from := ends
			if g.r.IntN(2) == 0 {
				from = []string{id}
			}
			g.link(from, task)
			ends = taskEnds
			last = append(last, taskEnds...)
		}
		g.nodes[id].(map[string]any)["outboundNodes"] = toAny(last)
	case 3:
		id = g.add(name, status.NodeTypeRetry, boundary)
		for i := range 1 + g.r.IntN(3) {
			var attempt string
			attempt, last = g.template(fmt.Sprintf("%s(%d)", name, i), boundary, depth-1)
			g.link([]string{id}, attempt)
			g.nodes[attempt].(map[string]any)["nodeFlag"] = map[string]any{"retried": true}
		}
	case 4:
		id = g.add(name, status.NodeTypeSuspend, boundary)
		last = []string{id}
	default:
		id = g.add(name, status.NodeTypePod, boundary)
		last = []string{id}
		if g.r.IntN(5) == 0 {
			hook := g.add(name+".onExit", status.NodeTypePod, boundary)
			g.nodes[hook].(map[string]any)["nodeFlag"] = map[string]any{"hooked": true}
			g.link([]string{id}, hook)
		}
	}
	return id, last
}

// spoil makes edges that there should not be.
func (g *generator) spoil() {
	var ids []string
	for id := range g.nodes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for range 1 + g.r.IntN(3) {
		g.link([]string{ids[g.r.IntN(len(ids))]}, ids[g.r.IntN(len(ids))])
		node := g.nodes[ids[g.r.IntN(len(ids))]].(map[string]any)
		outbound, _ := node["outboundNodes"].([]any)
		node["outboundNodes"] = append(outbound, "nobody")
	}
}

func toAny(ids []string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}

// The plan is the same each time, though maps have no order.
func TestRetryPlansTheSameEachTime(t *testing.T) {
	g := &generator{r: rand.New(rand.NewPCG(7, 1)), nodes: map[string]any{}}
	g.template("w", "", 5)
	obj := &unstructured.Unstructured{Object: map[string]any{
		"kind": "Workflow", "metadata": map[string]any{"name": "w"}, "status": map[string]any{"phase": "Failed", "nodes": g.nodes},
	}}
	first, err := planOfRetry(t, obj, RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := planOfRetry(t, obj, RetryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again.object, first.object) {
			t.Fatal("another plan")
		}
	}
}

// As large as workflows get, and of a shape on which a search without memory takes for ever.
func TestRetryOfAManyBranchedGraph(t *testing.T) {
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
	done := make(chan int)
	go func() {
		plan, err := planOfRetry(t, &unstructured.Unstructured{Object: map[string]any{
			"kind": "Workflow", "metadata": map[string]any{"name": "w"}, "status": map[string]any{"phase": "Failed", "nodes": nodes},
		}}, RetryOptions{})
		if err != nil {
			t.Error(err)
			close(done)
			return
		}
		done <- len(plan.removed)
	}()
	select {
	case removed := <-done:
		if want := 1 + 2*(layers-1); removed != want {
			t.Errorf("%d nodes removed, want %d", removed, want)
		}
	case <-time.After(time.Minute):
		t.Fatal("it takes for ever")
	}
}
