package retryplan

import (
	"context"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/nesting"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// graph links the nodes of a workflow. An edge leads from a group to what is in it, and from a node
// to what follows it. IDs that belong to no node are ignored, and cycles, which a malformed workflow
// can have, are harmless. A workflow can have hundreds of thousands of nodes, so what is found out
// about a node is stored in it rather than in maps.
type graph struct {
	workflow  string // its name
	nodes     []node // in the order of the status, so that every result is deterministic
	byID      map[string]*node
	root      *node   // nil if nothing has started
	reachable []*node // from the root, breadth first

	ended func() bool // reports whether the context has ended, after which results mean nothing
}

// node is a node of a workflow, with what a retry finds out about it and does to it.
type node struct {
	*status.Node

	children []*node
	parents  []*node
	retry    *node   // the Retry node of which it is an attempt
	attempts []*node // of a Retry node, in order

	outer      *node // the result of graph.outer
	outerKnown bool
	superseded nesting.Answer // whether it is part of a superseded attempt
	unfailed   nesting.Answer // whether it, or a node around it, has not failed
	isReached  bool           // from the root

	selected      bool // it runs again even though it succeeded
	tolerated     bool // something after or inside it succeeded, see graph.findTolerated
	removed       bool // the controller creates it again
	reset         bool // it is a group that is Running again
	outwardsReset bool // it and all groups around it are reset
}

// newGraph links the nodes of s. It stops early once ctx has ended.
func newGraph(ctx context.Context, s *status.WorkflowStatus) *graph {
	g := &graph{
		workflow: s.Name,
		nodes:    make([]node, len(s.Nodes)),
		byID:     make(map[string]*node, len(s.Nodes)),
		ended:    sampled(func() bool { return ctx.Err() != nil }),
	}
	for i, n := range s.Nodes {
		g.nodes[i].Node = n
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
		walk(g.root, func(n *node) bool {
			visited := n.isReached || g.ended()
			n.isReached = true
			return !visited
		}, func(n *node) { g.reachable = append(g.reachable, n) })
	}
	return g
}

// sampled returns a function that calls ask once in many calls, and no more once it returned true.
func sampled(ask func() bool) func() bool {
	const every = 1 << 10
	calls, is := 0, false
	return func() bool {
		if calls++; calls%every == 0 {
			is = is || ask()
		}
		return is
	}
}

// link finds children, parents and attempts.
func (g *graph) link() {
	edges := 0
	for i := range g.nodes {
		edges += len(g.nodes[i].Children)
	}
	children := make([]*node, 0, edges) // of all nodes
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

// isHook reports whether n runs beside its parent rather than after it.
func isHook(n *status.Node) bool {
	return n.Hooked || strings.HasSuffix(n.Name, ".onExit")
}

// inExitHandler reports whether n belongs to the workflow's own exit handler, which no edge leads
// to. Names alone don't tell: a task can be named so that its node has the same name.
func (g *graph) inExitHandler(n *node) bool {
	rest, ok := strings.CutPrefix(n.Name, g.workflow+".onExit")
	return ok && (rest == "" || strings.ContainsRune(".[(", rune(rest[0]))) && !n.isReached
}

// walk visits the nodes that can be reached from n, including n, breadth first. enter is called each
// time a node is met, and reports whether to visit it and to go on from there.
func walk(n *node, enter func(*node) bool, visit func(*node)) {
	if !enter(n) {
		return
	}
	queue := []*node{n}
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

// outermost limits how far outwards a search without stored answers goes, so that it takes constant
// time. The controller nests templates up to 100 deep.
const outermost = 128

// outer returns the node that n is directly inside of: its Retry node, its loop or step group, or
// the template invocation that it is part of. It returns nil if there is none.
func (g *graph) outer(n *node) *node {
	if !n.outerKnown { // a node can have as many parents as there are nodes
		n.outer, n.outerKnown = g.findOuter(n), true
	}
	return n.outer
}

func (g *graph) findOuter(n *node) *node {
	if n == g.root {
		return nil
	}
	if n.retry != nil {
		return n.retry
	}
	for _, parent := range n.parents {
		// An edge from a group can also lead to what follows the group. The names tell them apart.
		if parent.Type == status.NodeTypeTaskGroup && strings.HasPrefix(n.Name, parent.Name+"(") ||
			parent.Type == status.NodeTypeStepGroup && strings.HasPrefix(n.Name, parent.Name+".") {
			return parent
		}
	}
	if boundary := g.byID[n.BoundaryID]; boundary != nil {
		return boundary
	}
	if g.root != nil && len(n.parents) > 0 && !g.inExitHandler(n) {
		return g.root // e.g. a hook of the workflow
	}
	return nil
}

// podOf returns the pod that runs the container n, or n itself if there is none.
func (g *graph) podOf(n *node) *node {
	outer := n
	for range outermost {
		if outer = g.outer(outer); outer == nil {
			break
		}
		if outer.Type == status.NodeTypePod {
			return outer
		}
	}
	return n
}

// displayNames returns the display names that a selector can match, without duplicates. The result
// is not nil.
func (g *graph) displayNames() []string {
	seen := map[string]bool{}
	names := []string{}
	for i := range g.nodes {
		if n := &g.nodes[i]; !n.Type.Group() && !g.inExitHandler(n) && !seen[n.DisplayName] {
			seen[n.DisplayName] = true
			names = append(names, n.DisplayName)
		}
	}
	return names
}
