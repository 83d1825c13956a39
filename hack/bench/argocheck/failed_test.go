package argocheck

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// repair makes of a sample a workflow that has ended and that both can read.
func repair(obj *unstructured.Unstructured) {
	obj.SetNamespace("default")
	obj.SetUID("uid")
	obj.SetResourceVersion("1")
	if obj.GetLabels() == nil {
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
func fail(obj *unstructured.Unstructured, r *rand.Rand) {
	nodes, _, _ := unstructured.NestedMap(obj.Object, "status", "nodes")
	var pods []string
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		node, _ := nodes[id].(map[string]any)
		if node["type"] == "Pod" {
			pods = append(pods, id)
		}
		if phase := node["phase"]; phase == "Failed" || phase == "Error" {
			node["phase"] = "Succeeded"
		}
	}
	if len(pods) == 0 {
		return
	}
	for range 1 + r.IntN(1+len(pods)/3) {
		node := nodes[pods[r.IntN(len(pods))]].(map[string]any)
		node["phase"] = []any{"Failed", "Error"}[r.IntN(2)]
		for range len(nodes) {
			for _, item := range nodes { // its loop, step group or Retry
				outer, _ := item.(map[string]any)
				kind := outer["type"]
				children, _ := outer["children"].([]any)
				if !slices.Contains(children, node["id"]) || kind != "StepGroup" && kind != "TaskGroup" && kind != "Retry" {
					continue
				}
				outer["phase"] = "Failed"
				for _, id := range children {
					if attempt, _ := nodes[fmt.Sprint(id)].(map[string]any); kind == "Retry" && attempt["type"] == "Pod" {
						attempt["phase"] = "Failed"
					}
				}
			}
			outer, ok := nodes[fmt.Sprint(node["boundaryID"])].(map[string]any)
			if !ok {
				break
			}
			outer["phase"] = "Failed"
			node = outer
		}
	}
	_ = unstructured.SetNestedMap(obj.Object, nodes, "status", "nodes")
}
