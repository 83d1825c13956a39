package status

import "strings"

// OutputParameter returns the value of an output parameter, and whether there is one: that
// of the first node, in order of start, that has succeeded, that which selects and that has
// a value for it. Where the nodes are not known there is none; see NodesErr.
//
// For which there are [NodeNamed], [NodeNameContains] and [NodeSelector.Matches], or any
// other function; nil selects every node.
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

// NodeNamed selects the nodes that have that id, name or display name.
func NodeNamed(name string) func(*Node) bool {
	return func(n *Node) bool { return n.ID == name || n.Name == name || n.DisplayName == name }
}

// NodeNameContains selects the nodes in whose name or display name part occurs. The name is
// the whole path, so a group selects what is inside it too.
func NodeNameContains(part string) func(*Node) bool {
	return func(n *Node) bool { return strings.Contains(n.Name, part) || strings.Contains(n.DisplayName, part) }
}
