package status

import "strings"

// maxNested is how far templates are nested in each other; Argo's own limit is 100.
const maxNested = 128

// causes tells failures that the workflow, or what it consists of, failed by from those that it
// went on after, or around.
type causes struct {
	byID   map[string]*Node
	tries  attempts
	exit   string           // the name of the workflow's exit handler
	group  map[string]*Node // node's id → the loop or step group that it is in
	passed map[string]bool  // ids of nodes after which something ran
	known  map[string]bool  // ids of nodes → what among says
}

func causesOf(s *WorkflowStatus, byID map[string]*Node, tries attempts) *causes {
	c := &causes{
		byID: byID, tries: tries, exit: s.Name + ".onExit",
		group: map[string]*Node{}, passed: map[string]bool{}, known: map[string]bool{},
	}
	for _, n := range s.Nodes {
		for _, id := range n.Children {
			if child := byID[id]; child != nil && child != n {
				c.link(n, child)
			}
		}
	}
	return c
}

// link looks at an edge, which leads from a group to what is in it, and from a node to what
// follows it.
func (c *causes) link(from, to *Node) {
	switch {
	case from.Type == NodeTypeTaskGroup && strings.HasPrefix(to.Name, from.Name+"("),
		from.Type == NodeTypeStepGroup && strings.HasPrefix(to.Name, from.Name+"."):
		c.group[to.ID] = from
		return
	case c.tries.retryOf[to.ID] == from, to.hook(), to.Phase == NodeOmitted, to.Type == NodeTypeContainer:
		return
	}
	// What follows hangs on the last nodes inside of what it follows.
	for range maxNested {
		switch {
		case from == nil:
			return
		case from.BoundaryID == to.BoundaryID:
			c.passed[from.ID] = true
			return
		}
		from = c.byID[from.BoundaryID]
	}
}

// hook reports whether n runs beside what it hangs on, rather than after it.
func (n *Node) hook() bool { return n.Hooked || strings.HasSuffix(n.Name, ".onExit") }

// among reports whether the failed node n is a cause: nothing ran after it or after what it is
// inside of, all of that failed as well, and none of it is the hook of a step, which fails for
// itself.
func (c *causes) among(n *Node) bool {
	var path []*Node
	answer := true
	for ; n != nil; n = c.holder(n) {
		before, was := c.known[n.ID]
		if was { // also where it goes round: nothing was found on the way
			answer = before
			break
		}
		path = append(path, n)
		c.known[n.ID] = n.Phase.Unsuccessful() && !c.passed[n.ID] && (!n.hook() || n.Name == c.exit)
		if !c.known[n.ID] {
			answer = false
			break
		}
	}
	for _, inner := range path {
		c.known[inner.ID] = answer
	}
	return answer
}

// holder returns what n is directly inside of; nil: nothing.
func (c *causes) holder(n *Node) *Node {
	if retry := c.tries.retryOf[n.ID]; retry != nil {
		return retry
	}
	if group := c.group[n.ID]; group != nil {
		return group
	}
	return c.byID[n.BoundaryID]
}
