package status

import "strings"

// OutputParameter returns the value of an output parameter, and whether there is one: the value of
// the first node, in order of start, that succeeded, that which selects and that has a value for
// the parameter. If the nodes are not known, there is none; see NodesErr.
//
// which may be [NodeNamed], [NodeNameContains], [NodeSelector.Matches] or any other function. nil
// selects every node.
func (s *WorkflowStatus) OutputParameter(which func(*Node) bool, parameter string) (value string, ok bool) {
	for _, n := range s.Nodes {
		if n.Phase != NodeSucceeded || which != nil && !which(n) {
			continue
		}
		if value, ok := n.Outputs().Parameter(parameter); ok {
			return value, true
		}
	}
	return "", false
}

// NodeNamed returns a function that selects the nodes with that id, name or display name.
func NodeNamed(name string) func(*Node) bool {
	return func(n *Node) bool { return n.ID == name || n.Name == name || n.DisplayName == name }
}

// NodeNameContains returns a function that selects the nodes whose name or display name contains
// part. A name is a whole path, so the name of a group also selects what is within it.
func NodeNameContains(part string) func(*Node) bool {
	return func(n *Node) bool { return strings.Contains(n.Name, part) || strings.Contains(n.DisplayName, part) }
}
