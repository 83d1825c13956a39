package argocheck

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// repair makes of a sample a workflow that has ended and that both can read.
func repair(obj *unstructured.Unstructured) {
	obj.SetNamespace("default")
	obj.SetUID("uid")
	obj.SetResourceVersion("1")
	if obj.GetLabels() == nil { // or one has a value that is not a string
		obj.SetLabels(map[string]string{})
	}
	state := obj.Object["status"].(map[string]any)
	if phase := state["phase"]; phase != "Failed" && phase != "Error" {
		state["phase"] = "Failed"
	}
	state["finishedAt"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	nodes, _ := state["nodes"].(map[string]any)
	for id, item := range nodes {
		if node, _ := item.(map[string]any); obj.GetName() == "" && node["name"] == id {
			obj.SetName(id)
		}
	}
	// Argo's function ends with an error where an id leads nowhere, or no node leads to one.
	led := map[string]bool{obj.GetName(): true}
	for id, item := range nodes {
		node, _ := item.(map[string]any)
		node["id"] = id
		children, _ := node["children"].([]any)
		var kept []any
		for _, child := range children {
			inner, ok := nodes[child.(string)].(map[string]any)
			if !ok {
				continue
			}
			kept = append(kept, child)
			led[child.(string)] = true
			if name, _ := inner["name"].(string); node["type"] == "Retry" && inner["nodeFlag"] == nil && !strings.HasSuffix(name, ".onExit") {
				inner["nodeFlag"] = map[string]any{"retried": true} // which old versions don't set
			}
		}
		node["children"] = kept
	}
	root, ok := nodes[obj.GetName()].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		if name, _ := nodes[id].(map[string]any)["name"].(string); ok && !led[id] && !strings.HasPrefix(name, obj.GetName()+".onExit") {
			children, _ := root["children"].([]any)
			root["children"] = append(children, id)
		}
	}
}

// fail has some of the pods fail, and what is around them.
func fail(t *testing.T, obj *unstructured.Unstructured, r *rand.Rand) {
	t.Helper()
	nodes := typed(t, obj).Status.Nodes
	set := func(id string, phase wfv1.NodePhase) {
		node := nodes[id]
		node.Phase = phase
		nodes[id] = node
		if err := unstructured.SetNestedField(obj.Object, string(phase), "status", "nodes", id, "phase"); err != nil {
			t.Fatal(err)
		}
	}
	var pods []string
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		if nodes[id].Type == wfv1.NodeTypePod {
			pods = append(pods, id)
		}
	}
	if len(pods) == 0 {
		return
	}
	for id, n := range nodes {
		if n.FailedOrError() {
			set(id, wfv1.NodeSucceeded)
		}
	}
	for range 1 + r.IntN(1+len(pods)/3) {
		id := pods[r.IntN(len(pods))]
		set(id, []wfv1.NodePhase{wfv1.NodeFailed, wfv1.NodeError}[r.IntN(2)])
		for range len(nodes) {
			for outer, n := range nodes { // its loop, step group or Retry
				group := n.Type == wfv1.NodeTypeStepGroup || n.Type == wfv1.NodeTypeTaskGroup || n.Type == wfv1.NodeTypeRetry
				if !group || !slices.Contains(n.Children, id) {
					continue
				}
				set(outer, wfv1.NodeFailed)
				for _, attempt := range n.Children {
					if n.Type == wfv1.NodeTypeRetry && nodes[attempt].Type == wfv1.NodeTypePod {
						set(attempt, wfv1.NodeFailed)
					}
				}
			}
			boundary := nodes[id].BoundaryID
			if _, ok := nodes[boundary]; !ok {
				break
			}
			set(boundary, wfv1.NodeFailed)
			id = boundary
		}
	}
}
