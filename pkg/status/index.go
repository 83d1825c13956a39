package status

// NodesByID returns the nodes by their ids. It takes linear time, as one call of
// [WorkflowStatus.Node] does: build it once where many nodes are looked up.
func (s *WorkflowStatus) NodesByID() map[string]*Node { return nodesByID(s.Nodes) }
