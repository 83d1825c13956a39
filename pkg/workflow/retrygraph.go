package workflow

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// nodeGraph is the nodes of a workflow as a retry looks at them. An edge leads from a group
// to what is in it and from a node to what follows it. Ids of no node are left out; cycles,
// which there should not be, do no harm. There can be hundreds of thousands of nodes, so what is
// found out of one is noted in it rather than in maps.
type nodeGraph struct {
	workflow string      // the workflow's name
	nodes    []graphNode // in the order of the status, so that every result is the same each time
	byID     map[string]*graphNode
	root     *graphNode   // nil: none has begun
	reached  []*graphNode // from the root, breadth first

	ended func() bool // the context has: nothing counts any more
}

// graphNode is a node with what a retry knows of it and does with it.
type graphNode struct {
	*status.Node

	children []*graphNode
	parents  []*graphNode
	retry    *graphNode   // the Retry node of which it is an attempt
	attempts []*graphNode // of a Retry node, in order

	within    *graphNode // what holder found
	held      bool       // that was looked for
	isReached bool       // from the root
	history   verdict    // that of superseded
	passing   verdict    // whether failedUpward found something around it that has not failed

	selected  bool // it is to run again even though it succeeded
	continued bool // see findContinued
	gone      bool // it is dropped; the controller makes it anew
	again     bool // it is a group that goes on running
	outwards  bool // goOn has dealt with it
}

// verdict is the answer to a question about a node, which is asked again for each node inside of it.
type verdict uint8

const (
	unasked verdict = iota
	no
	yes
)

// newNodeGraph links the nodes. Once ctx has ended it does no more, so that what is found in them means
// nothing.
func newNodeGraph(ctx context.Context, s *status.WorkflowStatus) *nodeGraph {
	g := &nodeGraph{
		workflow: s.Name,
		nodes:    make([]graphNode, len(s.Nodes)),
		byID:     make(map[string]*graphNode, len(s.Nodes)),
		ended:    sometimes(func() bool { return ctx.Err() != nil }),
	}
	for i, node := range s.Nodes {
		g.nodes[i].Node = node
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		g.byID[n.ID] = n
		if n.Name == s.Name {
			g.root = n
		}
		if g.ended() {
			return g
		}
	}
	g.link()
	if g.root != nil {
		reach(g.root, func(n *graphNode) bool {
			is := n.isReached || g.ended()
			n.isReached = true
			return !is
		}, func(n *graphNode) { g.reached = append(g.reached, n) })
	}
	return g
}

// sometimes asks once for many times that it is asked, and no more once the answer was yes.
func sometimes(ask func() bool) func() bool {
	const every = 1 << 10
	asked, is := 0, false
	return func() bool {
		if asked++; asked%every == 0 {
			is = is || ask()
		}
		return is
	}
}

// link finds children, parents and attempts.
func (g *nodeGraph) link() {
	edges := 0
	for i := range g.nodes {
		edges += len(g.nodes[i].Children)
	}
	children := make([]*graphNode, 0, edges) // of all nodes
	for i := range g.nodes {
		n := &g.nodes[i]
		first := len(children)
		for _, id := range n.Children {
			child := g.byID[id]
			if child == nil || child == n || g.ended() {
				continue
			}
			children = append(children, child)
			child.parents = append(child.parents, n)
			if n.Type == status.NodeTypeRetry && child != g.root && (child.Retried || !isHook(child.Node)) {
				child.retry = n
				n.attempts = append(n.attempts, child)
			}
		}
		n.children = children[first:len(children):len(children)]
	}
}

// isHook reports whether n runs beside what it hangs on, rather than after it.
func isHook(n *status.Node) bool {
	return n.Hooked || strings.HasSuffix(n.Name, ".onExit")
}

// inExitHandler reports whether n belongs to the exit handler of the workflow as a whole,
// which nothing leads to. A task can be named so that its node is called alike.
func (g *nodeGraph) inExitHandler(n *graphNode) bool {
	rest, ok := strings.CutPrefix(n.Name, g.workflow+".onExit")
	return ok && (rest == "" || strings.ContainsRune(".[(", rune(rest[0]))) && !n.isReached
}

// reach visits the nodes that can be reached from n, n among them, breadth first. enter reports
// whether a node is to be visited, and with it what is behind it; it is asked each time that one is
// met.
func reach(n *graphNode, enter func(*graphNode) bool, visit func(*graphNode)) {
	if !enter(n) {
		return
	}
	queue := []*graphNode{n}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		visit(next)
		for _, child := range next.children {
			if enter(child) {
				queue = append(queue, child)
			}
		}
	}
}

// around are the nodes that n is inside of, from within outwards. The controller nests templates no
// deeper than 100; what is nested deeper is not looked at, so that the time stays linear.
func (g *nodeGraph) around(n *graphNode) iter.Seq[*graphNode] {
	const most = 128
	return func(yield func(*graphNode) bool) {
		next := n
		for range most {
			if next = g.holder(next); next == nil || !yield(next) {
				return
			}
		}
	}
}

// inAny reports whether is holds for n or for what it is inside of. known is where the verdict for a node
// is noted: without it, each node would look at all that is around it again.
func (g *nodeGraph) inAny(n *graphNode, known func(*graphNode) *verdict, is func(*graphNode) bool) bool {
	var path []*graphNode
	found := no
	for ; n != nil; n = g.holder(n) {
		if before := *known(n); before != unasked { // also where it goes round: nothing was found on the way
			found = before
			break
		}
		path = append(path, n)
		*known(n) = no
		if is(n) {
			found = yes
			break
		}
	}
	for _, inner := range path {
		*known(inner) = found
	}
	return found == yes
}

// holder returns what n is directly inside of: its Retry node, its loop or step group, the
// template invocation it is part of; nil: nothing.
func (g *nodeGraph) holder(n *graphNode) *graphNode {
	if !n.held { // n can have as many parents as there are nodes
		n.within, n.held = g.findHolder(n), true
	}
	return n.within
}

func (g *nodeGraph) findHolder(n *graphNode) *graphNode {
	if n == g.root {
		return nil
	}
	if n.retry != nil {
		return n.retry
	}
	for _, parent := range n.parents {
		// An edge from a group can also lead to what follows it. The names tell.
		if parent.Type == status.NodeTypeTaskGroup && strings.HasPrefix(n.Name, parent.Name+"(") ||
			parent.Type == status.NodeTypeStepGroup && strings.HasPrefix(n.Name, parent.Name+".") {
			return parent
		}
	}
	if boundary := g.byID[n.BoundaryID]; boundary != nil {
		return boundary
	}
	if g.root != nil && len(n.parents) > 0 && !g.inExitHandler(n) {
		return g.root // e.g. a hook of the workflow as a whole
	}
	return nil
}

// candidates is a hint that lists what a selector could select.
func (g *nodeGraph) candidates() string {
	names := map[string]bool{}
	for i := range g.nodes {
		if n := &g.nodes[i]; !n.Type.Group() && !g.inExitHandler(n) {
			names[n.DisplayName] = true
		}
	}
	return spec.Choices("", slices.Collect(maps.Keys(names)))
}
