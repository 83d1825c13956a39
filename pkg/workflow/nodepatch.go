package workflow

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// gzipNodes has the compressed nodes of a workflow that is to be edited compressed by gzip: that
// is what is written, since every version of the controller reads it. Nodes that cannot be read
// stay as they are.
func (c *WorkflowClient) gzipNodes(obj *unstructured.Unstructured) {
	state, _ := obj.Object["status"].(map[string]any)
	packed, _ := state["compressedNodes"].(string)
	if packed == "" {
		return
	}
	if packed, err := c.decoders.Gzip(packed); err == nil {
		state["compressedNodes"] = packed
	}
}

// nodesOf returns a copy of the nodes of a workflow, and whether they are packed. Readers
// take status.nodes first, so the packed ones count only where that is empty.
func nodesOf(obj *unstructured.Unstructured) (nodes map[string]any, packed bool, err error) {
	nodes, _, err = unstructured.NestedMap(obj.Object, "status", "nodes")
	if err == nil && len(nodes) > 0 {
		return nodes, false, nil
	}
	text, _, _ := unstructured.NestedString(obj.Object, "status", "compressedNodes")
	if text == "" {
		return map[string]any{}, false, nil
	}
	nodes, err = status.DecompressNodes(text)
	return nodes, true, err
}

// patchNodes makes the merge patch under status that changes nodes: id → merge patch without
// nulls. Packed nodes are one text, so there the changes are applied and all of it is packed
// again.
func patchNodes(obj *unstructured.Unstructured, edits map[string]map[string]any) (map[string]any, error) {
	nodes, packed, err := nodesOf(obj)
	if err != nil {
		return nil, err
	}
	if !packed {
		patch := make(map[string]any, len(edits))
		for id, edit := range edits {
			patch[id] = edit
		}
		return map[string]any{"nodes": patch}, nil
	}
	for id, edit := range edits {
		node, _ := nodes[id].(map[string]any)
		node = maps.Clone(node)
		if node == nil {
			node = map[string]any{}
		}
		mergeInto(node, edit)
		nodes[id] = node
	}
	text, err := status.CompressNodes(nodes)
	if err != nil {
		return nil, err
	}
	return map[string]any{"compressedNodes": text}, nil
}
