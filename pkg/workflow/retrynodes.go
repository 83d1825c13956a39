package workflow

import (
	"context"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// editNodes does the work in the nodes of obj, and returns what status is to have of them, inline
// or compressed as they are. obj is not changed.
func (c *WorkflowClient) editNodes(
	ctx context.Context, obj *unstructured.Unstructured, work *retryWork, now time.Time,
) (map[string]any, error) {
	nodes, packed := nodesOf(obj)
	edit := work.edit(now)
	if packed != "" {
		left := 0
		text, err := c.editPacked(ctx, packed, func(id string) status.NodeEdit {
			e := edit(id)
			if !e.Remove {
				left++
			}
			return e
		})
		if err != nil || left == 0 {
			return nil, err
		}
		return map[string]any{"compressedNodes": text}, nil
	}
	edited := make(map[string]any, len(nodes))
	for id := range nodes {
		node, isObject := nodes[id].(map[string]any)
		if e := edit(id); isObject && !e.Remove {
			edited[id] = editedNode(node, e)
		}
	}
	if len(edited) == 0 {
		return nil, nil
	}
	return map[string]any{"nodes": edited}, nil
}

// edit returns what becomes of each node.
func (w *retryWork) edit(now time.Time) func(id string) status.NodeEdit {
	runsAgain := map[string]any{ // as if it had just begun
		"phase": string(status.NodeRunning), "startedAt": timeText(now), "message": nil, "finishedAt": nil,
	}
	return func(id string) status.NodeEdit {
		switch {
		case !w.stays(id):
			return status.NodeEdit{Remove: true}
		case w.goesOn(id):
			return status.NodeEdit{Set: runsAgain, KeepID: w.stays}
		}
		return status.NodeEdit{KeepID: w.stays}
	}
}

// stays reports whether the id is that of a node that there still is. The controller of some
// versions ends with a panic where an id leads nowhere.
func (w *retryWork) stays(id string) bool {
	n := w.graph.byID[id]
	return n != nil && !n.gone
}

// goesOn reports whether the id is that of a group that goes on running.
func (w *retryWork) goesOn(id string) bool {
	n := w.graph.byID[id]
	return n != nil && n.again
}

// editedNode is a copy of a node that is not packed, with an edit that supplies nothing.
func editedNode(node map[string]any, edit status.NodeEdit) map[string]any {
	node = maps.Clone(node)
	for name, value := range edit.Set {
		if value == nil {
			delete(node, name)
		} else {
			node[name] = value
		}
	}
	for _, key := range []string{"children", "outboundNodes"} {
		if ids, ok := node[key].([]any); ok {
			node[key] = keptIDs(ids, edit.KeepID)
		}
	}
	return node
}

func keptIDs(ids []any, stays func(id string) bool) []any {
	kept := make([]any, 0, len(ids))
	for _, item := range ids {
		if id, ok := item.(string); ok && stays(id) {
			kept = append(kept, id)
		}
	}
	return kept
}
