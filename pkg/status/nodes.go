package status

import "slices"

// Node returns the node with that id, or nil. It takes linear time; see [WorkflowStatus.NodesByID].
func (s *WorkflowStatus) Node(id string) *Node {
	for _, n := range s.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// NodesByID returns the nodes by their ids. It takes linear time, as one call of
// [WorkflowStatus.Node] does, so call it once to look up many nodes.
func (s *WorkflowStatus) NodesByID() map[string]*Node {
	byID := make(map[string]*Node, len(s.Nodes))
	for _, n := range s.Nodes {
		byID[n.ID] = n
	}
	return byID
}

// HasSuspendedNodes reports whether a gate waits for a decision; see [Node.Waiting]. It is false
// once the workflow has ended, and if the nodes are not known; see NodesErr.
func (s *WorkflowStatus) HasSuspendedNodes() bool {
	return slices.ContainsFunc(s.Nodes, (*Node).Waiting)
}

// SuspendedNodes returns the gates that wait for a decision, in order of their start. There are
// none once the workflow has ended.
func (s *WorkflowStatus) SuspendedNodes() []*Node { return s.nodesThat((*Node).Waiting) }

// DelayedNodes returns the active Suspend nodes that only pass time, in order of their start; see
// [Node.Delayed].
func (s *WorkflowStatus) DelayedNodes() []*Node { return s.nodesThat((*Node).Delayed) }

func (s *WorkflowStatus) nodesThat(match func(*Node) bool) []*Node {
	var nodes []*Node
	for _, n := range s.Nodes {
		if match(n) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// UnfinishedNodes returns the pods, calls, delays and other work that has begun, or begins as soon
// as limits allow, and has not ended, in order of start. It includes Retry nodes that wait for
// their next attempt and groups that wait for a lock. It does not include gates; see
// [WorkflowStatus.SuspendedNodes].
func (s *WorkflowStatus) UnfinishedNodes() []*Node {
	waiting := waitingRetries(s.Nodes)
	return s.nodesThat(func(n *Node) bool {
		if n.Phase.Fulfilled() || n.Type == NodeTypeSuspend && !n.Delayed() || n.Waiting() || n.PartOfGate() {
			return false
		}
		return !n.Type.Group() || n.WaitingForLock != "" || waiting[n]
	})
}

// waitingRetries returns the Retry nodes that have not ended although all of their attempts have,
// so they wait for the next attempt.
func waitingRetries(nodes []*Node) map[*Node]bool {
	open := func(n *Node) bool { return n.Type == NodeTypeRetry && !n.Phase.Fulfilled() }
	if !slices.ContainsFunc(nodes, open) {
		return nil
	}
	g := graphOf(nodes)
	waiting := map[*Node]bool{}
	for i := range g.members {
		retry := &g.members[i]
		runs := func(attempt *member) bool { return !attempt.Phase.Fulfilled() }
		if open(retry.Node) && !slices.ContainsFunc(retry.attempts, runs) {
			waiting[retry.Node] = true
		}
	}
	return waiting
}
