package workflow

import (
	"context"
	"errors"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// nodesOf returns the nodes of a workflow without copying them, or its compressed nodes. Readers take
// status.nodes first, so compressed nodes count only if that is empty.
func nodesOf(obj *unstructured.Unstructured) (nodes map[string]any, packed string) {
	state, _ := obj.Object["status"].(map[string]any)
	if nodes, _ = state["nodes"].(map[string]any); len(nodes) > 0 {
		return nodes, ""
	}
	packed, _ = state["compressedNodes"].(string)
	return nil, packed
}

// patchNodes returns the merge patch for status that applies edits, which are by node ID. Compressed
// nodes are one string, so the patch has all of it. Offloaded nodes are returned, to be stored.
func (c *WorkflowClient) patchNodes(
	ctx context.Context, obj *unstructured.Unstructured, edits map[string]status.NodeEdit,
) (patch map[string]any, stored []byte, err error) {
	if version := c.offloadedIn(obj); version != "" {
		stored, err = c.editOffloaded(ctx, obj, version, edits)
		return map[string]any{}, stored, err
	}
	nodes, packed := nodesOf(obj)
	if packed != "" {
		text, err := c.editPacked(ctx, packed, func(id string) status.NodeEdit { return edits[id] })
		return map[string]any{"compressedNodes": text}, nil, err
	}
	ofNodes := make(map[string]any, len(edits))
	for id, edit := range edits {
		node, _ := nodes[id].(map[string]any)
		ofNodes[id] = mergePatch(node, edit)
	}
	return map[string]any{"nodes": ofNodes}, nil, nil
}

// editPacked returns compressed nodes with an edit applied to each.
func (c *WorkflowClient) editPacked(
	ctx context.Context, packed string, edit func(id string) status.NodeEdit,
) (string, error) {
	text, err := c.decoders.EditNodes(ctx, packed, edit)
	return text, interrupted(ctx, err)
}

// mergePatch returns the merge patch of a node that is not compressed. It replaces a list as a whole.
func mergePatch(node map[string]any, edit status.NodeEdit) map[string]any {
	patch := maps.Clone(edit.Set)
	if parameters := suppliedOutputs(node, edit.Supply); parameters != nil {
		patch["outputs"] = map[string]any{"parameters": parameters}
	}
	return patch
}

// suppliedOutputs returns a copy of the node's output parameters with values set where the template
// wants them supplied, or nil if there is nothing to set.
func suppliedOutputs(node map[string]any, values map[string]string) []any {
	if len(values) == 0 {
		return nil
	}
	all, _, _ := unstructured.NestedSlice(node, "outputs", "parameters") // a copy
	changed := false
	for _, item := range all {
		parameter, _ := item.(map[string]any)
		from, _ := parameter["valueFrom"].(map[string]any)
		name, _ := parameter["name"].(string)
		value, given := values[name]
		if _, supplied := from["supplied"]; !supplied || !given || parameter["value"] != nil {
			continue
		}
		delete(parameter, "valueFrom")
		parameter["value"] = value
		changed = true
	}
	if !changed {
		return nil
	}
	return all
}

// readStatus decodes an object. It stops when ctx ends, since compressed nodes can take a second.
func (c *WorkflowClient) readStatus(ctx context.Context, obj *unstructured.Unstructured) (*status.WorkflowStatus, error) {
	s, err := c.decoders.FromUnstructuredContext(ctx, obj)
	return s, interrupted(ctx, err)
}

// interrupted returns err, or an interruption if err is the cause of the context's end.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return pace.Interruption(ctx, nil)
	}
	return err
}

// timestamp returns t as Kubernetes and Argo write times.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// detached returns copies of nodes. A caller that keeps them doesn't keep all other nodes in memory.
func detached(nodes []*status.Node) []*status.Node {
	copies := make([]*status.Node, len(nodes))
	for i, n := range nodes {
		node := *n
		copies[i] = &node
	}
	return copies
}
