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

// nodesOf returns the nodes of a workflow, not a copy, or else the compressed ones. Readers take
// status.nodes first, so the latter count only where that is empty.
func nodesOf(obj *unstructured.Unstructured) (nodes map[string]any, packed string) {
	state, _ := obj.Object["status"].(map[string]any)
	if nodes, _ = state["nodes"].(map[string]any); len(nodes) > 0 {
		return nodes, ""
	}
	packed, _ = state["compressedNodes"].(string)
	return nil, packed
}

// patchNodes makes the merge patch under status that changes nodes, by their ids. Packed nodes are
// one text, so there it is the whole of it.
func (c *WorkflowClient) patchNodes(
	ctx context.Context, obj *unstructured.Unstructured, edits map[string]status.NodeEdit,
) (map[string]any, error) {
	nodes, packed := nodesOf(obj)
	if packed != "" {
		text, err := c.editPacked(ctx, packed, func(id string) status.NodeEdit { return edits[id] })
		return map[string]any{"compressedNodes": text}, err
	}
	patch := make(map[string]any, len(edits))
	for id, edit := range edits {
		node, _ := nodes[id].(map[string]any)
		patch[id] = mergePatch(node, edit)
	}
	return map[string]any{"nodes": patch}, nil
}

// editPacked changes compressed nodes.
func (c *WorkflowClient) editPacked(
	ctx context.Context, packed string, edit func(id string) status.NodeEdit,
) (string, error) {
	text, err := c.decoders.EditNodes(ctx, packed, edit)
	return text, interrupted(ctx, err)
}

// mergePatch makes the merge patch of a node that is not packed. A list is replaced whole by it.
func mergePatch(node map[string]any, edit status.NodeEdit) map[string]any {
	patch := maps.Clone(edit.Set)
	if parameters := suppliedOutputs(node, edit.Supply); parameters != nil {
		patch["outputs"] = map[string]any{"parameters": parameters}
	}
	return patch
}

// suppliedOutputs returns the node's output parameters with values put in where they are to be
// supplied; nil if none is.
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

// read reads an object, until ctx ends: compressed nodes can take a second.
func (c *WorkflowClient) read(ctx context.Context, obj *unstructured.Unstructured) (*status.WorkflowStatus, error) {
	s, err := c.decoders.FromUnstructuredContext(ctx, obj)
	return s, interrupted(ctx, err)
}

// interrupted is err, or that the call was interrupted if err is the cause of that.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return pace.Interruption(ctx, nil)
	}
	return err
}

// timestamp returns t as Kubernetes and Argo write times.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
