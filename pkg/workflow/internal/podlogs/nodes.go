package podlogs

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// nodeIndex finds the nodes of one state of a workflow by what a pod says about its own. Every pod
// is looked up in every state, so a look-up must not walk through all nodes.
type nodeIndex struct {
	known   bool // false: the nodes could not be read
	byID    map[string]*status.Node
	retries map[string][]*status.Node // Retry nodes by the IDs of their attempts
}

func newNodeIndex(s *status.WorkflowStatus) *nodeIndex {
	index := &nodeIndex{known: s.NodesErr == nil, byID: make(map[string]*status.Node, len(s.Nodes)), retries: map[string][]*status.Node{}}
	for _, n := range s.Nodes {
		index.byID[n.ID] = n
		if n.Type != status.NodeTypeRetry {
			continue
		}
		for _, attempt := range n.Children {
			index.retries[attempt] = append(index.retries[attempt], n)
		}
	}
	return index
}

// podNode is the node that a pod runs for, as its lines name it.
type podNode struct{ id, name string }

// node returns the node of a pod, and whether the pod is selected. The controller creates a pod
// before it writes the pod's node, so a pod whose node is missing is selected only if this is the
// last state of the workflow.
func (s *Selection) node(p *pod, nodes *nodeIndex, last bool) (podNode, bool) {
	if p.nodeID == "" {
		return podNode{}, s.Nodes.Empty()
	}
	n := nodes.byID[p.nodeID]
	if n == nil {
		return podNode{id: p.nodeID, name: p.nodeName}, (last || !nodes.known) && s.Nodes.Empty()
	}
	selected := s.Nodes.Matches(n) || slices.ContainsFunc(nodes.retries[n.ID], s.Nodes.Matches)
	return podNode{id: n.ID, name: n.DisplayName}, selected
}

// readable returns an error if the selection needs the workflow's nodes and they could not be read.
func (s *Selection) readable(workflow *status.WorkflowStatus) error {
	if s.Nodes.Empty() {
		return nil
	}
	return workflow.NodesErr
}

// hasContainer reports whether containers of that name are selected.
func (s *Selection) hasContainer(name string) bool {
	return len(s.Containers) == 0 || slices.Contains(s.Containers, name)
}
