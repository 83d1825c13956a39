package status

// graph is the nodes of a workflow with what they say of each other. A workflow can have hundreds of
// thousands of them, so what is found out of a node is noted in its member rather than in maps.
type graph struct {
	members []member // in the order of the nodes
	byID    map[string]*member
}

// member is a node among the others. nil is one that there is not.
type member struct {
	*Node

	boundary *member   // the template invocation that it is part of
	retry    *member   // the Retry node of which it is an attempt
	attempts []*member // of a Retry node
	best     *member   // of these the one that counts
	group    *member   // the loop or step group that it is in; see findPassed
	inside   *member   // the first one of which it is the boundary, and
	beside   *member   // the next one that has the same; see Tree

	failed    bool // for good
	explained bool // its failure is that of a node in or behind it
	passed    bool // something ran after it
	placed    bool // in the tree, or left out of it
	counts    answer
	causes    answer
}

// answer is that of a question about a node, which is asked again for each node inside of it.
type answer uint8

const (
	unasked answer = iota
	no
	yes
)

func answerOf(is bool) answer {
	if is {
		return yes
	}
	return no
}

// graphOf links the nodes.
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

// throughout reports whether something holds for m and for all that it is inside of. known is where the
// answer for a node is noted: without it, each node would look at all that is around it again.
func (m *member) throughout(known func(*member) *answer, outer func(*member) *member, holds func(*member) bool) bool {
	var path []*member
	all := true
	for ; m != nil; m = outer(m) {
		if before := *known(m); before != unasked { // also where it goes round: all was well on the way
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
