package status

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/nesting"

// graph has the nodes of a workflow and their relations. A workflow can have hundreds of thousands
// of nodes, so what is found out about a node is kept in its member rather than in maps.
type graph struct {
	members []member // in the order of the nodes
	byID    map[string]*member
}

// member is a node of a graph. Its links are nil if there is no such node.
type member struct {
	*Node

	boundary *member   // the template invocation that it is part of
	retry    *member   // the Retry node of which it is an attempt
	attempts []*member // of a Retry node
	best     *member   // the attempt that stands for the Retry node
	group    *member   // the loop or step group that contains it; see findPassed
	inside   *member   // the first member that has this one as its boundary; see Tree
	beside   *member   // the next member that has the same boundary; see Tree

	failed     bool           // for good
	explained  bool           // a node within or behind it explains its failure
	passed     bool           // something ran after it
	placed     bool           // in the tree, or left out of it
	superseded nesting.Answer // whether m, or a template invocation that contains it, is; see isCounted
	innocent   nesting.Answer // whether m, or a node that contains it, is not a cause; see isCause
}

// graphOf returns the graph of nodes.
func graphOf(nodes []*Node) *graph {
	g := &graph{members: make([]member, len(nodes)), byID: make(map[string]*member, len(nodes))}
	for i, n := range nodes {
		g.members[i].Node = n
		g.byID[n.ID] = &g.members[i]
	}
	for i := range g.members {
		m := &g.members[i]
		m.boundary = g.byID[m.BoundaryID]
	}
	g.findAttempts()
	return g
}
