package status

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/nesting"
)

// maxNested is how deep templates may be nested; Argo's own limit is 100.
const maxNested = 128

// findPassed finds the groups that contain nodes, and the nodes after which something ran. It
// serves to tell the failures that made the workflow fail from those that it tolerated.
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

// link evaluates an edge, which leads from a group to its members, or from a node to its
// successors.
func (m *member) link(to *member) {
	switch {
	case m.Type == NodeTypeTaskGroup && strings.HasPrefix(to.Name, m.Name+"("),
		m.Type == NodeTypeStepGroup && strings.HasPrefix(to.Name, m.Name+"."):
		to.group = m
		return
	case to.retry == m, to.hook(), to.Phase == NodeOmitted, to.Type == NodeTypeContainer:
		return
	}
	// A successor of a template invocation is a child of the last nodes within the invocation.
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

// hook reports whether n runs beside its parent rather than after it.
func (n *Node) hook() bool { return n.Hooked || strings.HasSuffix(n.Name, ".onExit") }

// isCause reports whether the failed node m made the workflow fail: everything that contains m
// failed, nothing ran after m or after what contains it, and none of these is the hook of a step,
// whose failure has no consequence. exit is the name of the workflow's exit handler.
func (m *member) isCause(exit string) bool {
	return !nesting.Any(m,
		(*member).holder,
		func(m *member) *nesting.Answer { return &m.innocent },
		func(m *member) bool { return !m.Phase.Unsuccessful() || m.passed || m.hook() && m.Name != exit })
}

// holder returns what directly contains m, or nil.
func (m *member) holder() *member {
	switch {
	case m.retry != nil:
		return m.retry
	case m.group != nil:
		return m.group
	}
	return m.boundary
}
