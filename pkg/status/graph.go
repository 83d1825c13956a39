package status

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

	failed    bool // for good
	explained bool // a node within or behind it explains its failure
	passed    bool // something ran after it
	placed    bool // in the tree, or left out of it
	counts    answer
	causes    answer
}

// answer is the remembered result of a question about a node, which all nodes within it ask again.
type answer uint8

const (
	unknown answer = iota
	no
	yes
)

func answerOf(is bool) answer {
	if is {
		return yes
	}
	return no
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

// throughout reports whether something holds for m and for everything that contains it. known
// returns where the answer for a node is remembered, so that the time stays linear.
func (m *member) throughout(known func(*member) *answer, outer func(*member) *member, holds func(*member) bool) bool {
	var path []*member
	all := true
	for ; m != nil; m = outer(m) {
		if before := *known(m); before != unknown { // also if it is a cycle, in which case all was true so far
			all = before == yes
			break
		}
		path = append(path, m)
		all = holds(m)
		if *known(m) = answerOf(all); !all {
			break
		}
	}
	for _, inner := range path {
		*known(inner) = answerOf(all)
	}
	return all
}
