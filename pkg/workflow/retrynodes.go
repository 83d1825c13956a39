package workflow

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// editNodes does the work in wf, where the nodes are kept, inline or compressed.
func editNodes(wf *unstructured.Unstructured, work *retryWork, now time.Time) error {
	state := objectAt(wf.Object, "status")
	nodes, _ := state["nodes"].(map[string]any)
	packed, _ := state["compressedNodes"].(string)
	compressed := len(nodes) == 0 && packed != ""
	if compressed {
		var err error
		if nodes, err = status.DecompressNodes(packed); err != nil {
			return err
		}
	}
	for id := range nodes {
		node, ok := nodes[id].(map[string]any)
		switch {
		case work.gone[id] || !ok:
			delete(nodes, id)
			continue
		case work.again[id]:
			goOnRunning(node, now)
		}
		for _, key := range []string{"children", "outboundNodes"} {
			if ids, ok := node[key].([]any); ok {
				node[key] = keptIDs(ids, work)
			}
		}
	}

	delete(state, "nodes")
	delete(state, "compressedNodes")
	switch {
	case len(nodes) == 0:
	case compressed:
		text, err := status.CompressNodes(nodes)
		if err != nil {
			return err
		}
		state["compressedNodes"] = text
	default:
		state["nodes"] = nodes
	}
	return nil
}

// goOnRunning sets a group running as if it had just begun.
func goOnRunning(node map[string]any, now time.Time) {
	node["phase"] = string(status.NodeRunning)
	node["startedAt"] = timeText(now)
	delete(node, "message")
	delete(node, "finishedAt")
}

// keptIDs are those of nodes that there still are. The controller of some versions ends with
// a panic where an id leads nowhere.
func keptIDs(ids []any, work *retryWork) []any {
	kept := make([]any, 0, len(ids))
	for _, item := range ids {
		if id, ok := item.(string); ok && work.graph.byID[id] != nil && !work.gone[id] {
			kept = append(kept, id)
		}
	}
	return kept
}
