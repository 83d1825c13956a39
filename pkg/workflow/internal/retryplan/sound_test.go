package retryplan

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// For any nodes and phases, the plan leaves a sound workflow.
func TestPlanLeavesSoundNodes(t *testing.T) {
	for seed := range uint64(2000) {
		g := &generator{r: rand.New(rand.NewPCG(seed, 1)), nodes: map[string]any{}}
		g.template("w", "", 3)
		if seed%2 == 0 {
			g.spoil()
		}
		obj := failedWorkflow(g.nodes)
		p, after := retry(t, obj, Request{})
		checkSound(t, obj, p, after)
		if t.Failed() {
			t.Logf("seed %d:\n%s", seed, asYAML(t, g.nodes))
			return
		}
	}
}

func failedWorkflow(nodes map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": map[string]any{"name": "w"},
		"status": map[string]any{"phase": "Failed", "nodes": nodes},
	}}
}

func checkSound(t *testing.T, obj *unstructured.Unstructured, p *Plan, edited *unstructured.Unstructured) {
	t.Helper()
	before, _, _ := unstructured.NestedMap(obj.Object, "status", "nodes")
	after, _, _ := unstructured.NestedMap(edited.Object, "status", "nodes")
	graph := newGraph(t.Context(), readStatus(t, obj))
	removed := map[string]bool{}
	for _, n := range p.Removed() {
		removed[n.ID] = true
	}
	checkIDs(t, after)
	for id, item := range after {
		if !graph.byID[id].Type.Group() && item.(map[string]any)["phase"] != before[id].(map[string]any)["phase"] {
			t.Errorf("%s was changed", id)
		}
	}
	for i := range graph.nodes {
		n := &graph.nodes[i]
		switch {
		case !removed[n.ID]:
			if after[n.ID] == nil {
				t.Errorf("%s is lost", n.ID)
			}
			continue
		case after[n.ID] != nil:
			t.Errorf("%s is still there", n.ID)
		}
		for _, child := range n.children {
			if !removed[child.ID] && !graph.inExitHandler(n) {
				t.Errorf("%s stays, which follows %s", child.ID, n.ID)
			}
		}
		for _, outer := range around(graph, n) {
			if outer.Type.Group() && !removed[outer.ID] && after[outer.ID].(map[string]any)["phase"] != "Running" {
				t.Errorf("%s is not reset, though %s in it runs again", outer.ID, n.ID)
			}
		}
	}
	// A failed node runs again, is tolerated, or is part of a superseded attempt. If nothing is left to
	// do, the group is evaluated again.
	if root := after["w"]; root != nil && root.(map[string]any)["phase"] == "Failed" {
		t.Error("the workflow would fail again at once")
	}
	for i := range graph.nodes {
		retry := &graph.nodes[i]
		kept := slices.DeleteFunc(slices.Clone(retry.attempts), func(n *node) bool { return removed[n.ID] })
		if len(kept) != 0 && len(kept) != len(retry.attempts) {
			t.Errorf("%s keeps %d of %d attempts", retry.ID, len(kept), len(retry.attempts))
		}
	}
}

// around returns the nodes around n, innermost first. In a cycle it repeats some of them.
func around(g *graph, n *node) (outer []*node) {
	for range outermost {
		if n = g.outer(n); n == nil {
			break
		}
		outer = append(outer, n)
	}
	return outer
}

// generator makes nodes as Argo's controller does, with random phases.
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

// template makes an invocation of a random template and returns its id and its last nodes.
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

// spoil adds edges that the controller doesn't make.
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
		node["outboundNodes"] = append(outbound, "nowhere")
	}
}

func toAny(ids []string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}

func TestPlanIsDeterministic(t *testing.T) {
	g := &generator{r: rand.New(rand.NewPCG(7, 1)), nodes: map[string]any{}}
	g.template("w", "", 5)
	obj := failedWorkflow(g.nodes)
	_, first := retry(t, obj, Request{})
	for range 20 {
		if _, again := retry(t, obj, Request{}); !reflect.DeepEqual(again, first) {
			t.Fatal("another result")
		}
	}
}
