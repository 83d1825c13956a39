package workflow

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// logNodes are the nodes of one state of a workflow, found by what a pod knows of its own.
// Each pod is looked up in each state, so that must not take a walk through all nodes.
type logNodes struct {
	known   bool // false: they could not be read
	byID    map[string]*status.Node
	retries map[string][]*status.Node // by the ids of their attempts
}

func newLogNodes(s *status.WorkflowStatus) *logNodes {
	nodes := &logNodes{known: s.NodesErr == nil, byID: make(map[string]*status.Node, len(s.Nodes)), retries: map[string][]*status.Node{}}
	for _, n := range s.Nodes {
		nodes.byID[n.ID] = n
		if n.Type != status.NodeTypeRetry {
			continue
		}
		for _, attempt := range n.Children {
			nodes.retries[attempt] = append(nodes.retries[attempt], n)
		}
	}
	return nodes
}

// logNode is the node that a pod runs for, as its lines name it.
type logNode struct{ id, name string }

// node returns the node of a pod, and whether the pod's logs are to be read. The controller
// creates a pod before it writes the pod's node, so that is put off until a later state of
// the workflow unless this is the last one.
func (f *logFilter) node(pod *logPod, nodes *logNodes, last bool) (logNode, bool) {
	if pod.nodeID == "" {
		return logNode{}, f.selector.Empty()
	}
	n := nodes.byID[pod.nodeID]
	if n == nil {
		return logNode{id: pod.nodeID, name: pod.nodeName}, (last || !nodes.known) && f.selector.Empty()
	}
	return logNode{id: n.ID, name: n.DisplayName}, f.selects(n, nodes)
}

// selects reports whether a pod's node, or the Retry node that it is an attempt of, matches.
func (f *logFilter) selects(n *status.Node, nodes *logNodes) bool {
	return f.selector.Matches(n) || slices.ContainsFunc(nodes.retries[n.ID], f.selector.Matches)
}
