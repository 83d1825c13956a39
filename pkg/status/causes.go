package status

import "strings"

// maxNested is how far templates are nested in each other; Argo's own limit is 100.
const maxNested = 128

// Failures that the workflow, or what it consists of, failed by are told here from those that it went
// on after, or around.

// findPassed finds the groups that nodes are in, and the nodes after which something ran.
func (g *graph) findPassed() {
	for i := range g.members {
		m := &g.members[i]
		for _, id := range m.Children {
			if child := g.byID[id]; child != nil && child != m {
				m.link(child)
			}
		}
	}
}

// link looks at an edge, which leads from a group to what is in it, and from a node to what
// follows it.
func (m *member) link(to *member) {
	switch {
	case m.Type == NodeTypeTaskGroup && strings.HasPrefix(to.Name, m.Name+"("),
		m.Type == NodeTypeStepGroup && strings.HasPrefix(to.Name, m.Name+"."):
		to.group = m
		return
	case to.retry == m, to.hook(), to.Phase == NodeOmitted, to.Type == NodeTypeContainer:
		return
	}
	// What follows hangs on the last nodes inside of what it follows.
	for range maxNested {
		switch {
		case m == nil:
			return
		case m.BoundaryID == to.BoundaryID:
			m.passed = true
			return
		}
		m = m.boundary
	}
}

// hook reports whether n runs beside what it hangs on, rather than after it.
func (n *Node) hook() bool { return n.Hooked || strings.HasSuffix(n.Name, ".onExit") }

// isCause reports whether the failed node m is a cause: nothing ran after it or after what it is
// inside of, all of that failed as well, and none of it is the hook of a step, which fails for
// itself. exit is the name of the workflow's exit handler.
func (m *member) isCause(exit string) bool {
	return m.throughout(
		func(m *member) *answer { return &m.causes },
		(*member).holder,
		func(m *member) bool { return m.Phase.Unsuccessful() && !m.passed && (!m.hook() || m.Name == exit) })
}

// holder returns what m is directly inside of; nil: nothing.
func (m *member) holder() *member {
	switch {
	case m.retry != nil:
		return m.retry
	case m.group != nil:
		return m.group
	}
	return m.boundary
}
