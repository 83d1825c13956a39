package workflow

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// nodeGraph is the nodes of a workflow as a retry looks at them. An edge leads from a group
// to what is in it and from a node to what follows it. Ids of no node are left out; cycles,
// which there should not be, do no harm.
type nodeGraph struct {
	workflow string         // the workflow's name
	nodes    []*status.Node // in the order of their ids, so that every result is the same each time
	byID     map[string]*status.Node
	root     *status.Node // nil: none has begun
	children map[string][]*status.Node
	parents  map[string][]*status.Node
	retryOf  map[string]*status.Node   // an attempt's id → its Retry node
	attempts map[string][]*status.Node // a Retry node's id → its attempts in order

	reached map[string]bool         // what can be reached from the root
	holders map[string]*status.Node // what holder found
	history map[string]bool         // what superseded found
	passing map[string]bool         // what failedUpward found that has not failed
}

func newNodeGraph(s *status.WorkflowStatus) *nodeGraph {
	g := &nodeGraph{
		workflow: s.Name,
		nodes:    slices.Clone(s.Nodes),
		byID:     make(map[string]*status.Node, len(s.Nodes)),
		children: make(map[string][]*status.Node, len(s.Nodes)),
		parents:  make(map[string][]*status.Node, len(s.Nodes)),
		retryOf:  map[string]*status.Node{},
		attempts: map[string][]*status.Node{},
		reached:  map[string]bool{},
		holders:  make(map[string]*status.Node, len(s.Nodes)),
		history:  make(map[string]bool, len(s.Nodes)),
		passing:  map[string]bool{},
	}
	slices.SortFunc(g.nodes, func(a, b *status.Node) int { return cmp.Compare(a.ID, b.ID) })
	for _, n := range g.nodes {
		g.byID[n.ID] = n
		if n.Name == s.Name {
			g.root = n
		}
	}
	for _, n := range g.nodes {
		for _, id := range n.Children {
			child := g.byID[id]
			if child == nil || child == n {
				continue
			}
			g.children[n.ID] = append(g.children[n.ID], child)
			g.parents[id] = append(g.parents[id], n)
			if n.Type == status.NodeTypeRetry && child != g.root && (child.Retried || !isHook(child)) {
				g.retryOf[id] = n
				g.attempts[n.ID] = append(g.attempts[n.ID], child)
			}
		}
	}
	if g.root != nil {
		g.reach(g.root, g.reached, func(*status.Node) {})
	}
	return g
}

// isHook reports whether n runs beside what it hangs on, rather than after it.
func isHook(n *status.Node) bool {
	return n.Hooked || strings.HasSuffix(n.Name, ".onExit")
}

// inExitHandler reports whether n belongs to the exit handler of the workflow as a whole,
// which nothing leads to. A task can be named so that its node is called alike.
func (g *nodeGraph) inExitHandler(n *status.Node) bool {
	rest, ok := strings.CutPrefix(n.Name, g.workflow+".onExit")
	return ok && (rest == "" || strings.ContainsRune(".[(", rune(rest[0]))) && !g.reached[n.ID]
}

// reach collects into found the nodes that can be reached from n, n among them, breadth
// first, and calls each for those that were not in it before.
func (g *nodeGraph) reach(n *status.Node, found map[string]bool, each func(*status.Node)) {
	if found[n.ID] {
		return
	}
	found[n.ID] = true
	queue := []*status.Node{n}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		each(next)
		for _, child := range g.children[next.ID] {
			if !found[child.ID] {
				found[child.ID] = true
				queue = append(queue, child)
			}
		}
	}
}

// around are the nodes that n is inside of, from within outwards. The controller nests templates no
// deeper than 100; what is nested deeper is not looked at, so that the time stays linear.
func (g *nodeGraph) around(n *status.Node) iter.Seq[*status.Node] {
	const most = 128
	return func(yield func(*status.Node) bool) {
		next := n
		for range most {
			if next = g.holder(next); next == nil || !yield(next) {
				return
			}
		}
	}
}

// inAny reports whether is holds for n or for what it is inside of. known has the answers
// so far: without them, each node would look at all that is around it again.
func (g *nodeGraph) inAny(n *status.Node, known map[string]bool, is func(*status.Node) bool) bool {
	var path []*status.Node
	answer := false
	for ; n != nil; n = g.holder(n) {
		before, was := known[n.ID]
		if was { // also where it goes round: nothing was found on the way
			answer = before
			break
		}
		path = append(path, n)
		if known[n.ID] = is(n); known[n.ID] {
			answer = true
			break
		}
	}
	for _, inner := range path {
		known[inner.ID] = answer
	}
	return answer
}

// holder returns what n is directly inside of: its Retry node, its loop or step group, the
// template invocation it is part of; nil: nothing.
func (g *nodeGraph) holder(n *status.Node) *status.Node {
	holder, known := g.holders[n.ID]
	if !known { // n can have as many parents as there are nodes
		holder = g.findHolder(n)
		g.holders[n.ID] = holder
	}
	return holder
}

func (g *nodeGraph) findHolder(n *status.Node) *status.Node {
	if n == g.root {
		return nil
	}
	if retry := g.retryOf[n.ID]; retry != nil {
		return retry
	}
	for _, parent := range g.parents[n.ID] {
		// An edge from a group can also lead to what follows it. The names tell.
		if parent.Type == status.NodeTypeTaskGroup && strings.HasPrefix(n.Name, parent.Name+"(") ||
			parent.Type == status.NodeTypeStepGroup && strings.HasPrefix(n.Name, parent.Name+".") {
			return parent
		}
	}
	if boundary := g.byID[n.BoundaryID]; boundary != nil {
		return boundary
	}
	if g.root != nil && len(g.parents[n.ID]) > 0 && !g.inExitHandler(n) {
		return g.root // e.g. a hook of the workflow as a whole
	}
	return nil
}

// candidates is a hint that lists what a selector could select.
func (g *nodeGraph) candidates() string {
	names := map[string]bool{}
	for _, n := range g.nodes {
		if !n.Type.Group() && !g.inExitHandler(n) {
			names[n.DisplayName] = true
		}
	}
	return choices("", slices.Collect(maps.Keys(names)))
}
