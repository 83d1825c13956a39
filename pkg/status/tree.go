package status

import "slices"

// TreeNode is a node as people look at it: see [WorkflowStatus.Tree].
type TreeNode struct {
	*Node
	// Title is the node's display name; for a retried step that of the step, without the
	// number of the attempt.
	Title string
	// Attempts is how often a retried step was tried; 0: it is not one.
	Attempts int
	Children []*TreeNode
}

// TreeOptions say what [WorkflowStatus.Tree] and [WorkflowStatus.WriteTree] show.
type TreeOptions struct {
	// Groups keeps the Steps and DAG nodes inside the workflow as branches. By default
	// only what does work is shown, and its groups are left out.
	Groups bool
	// ASCII makes WriteTree use no other characters.
	ASCII bool
}

// Tree arranges the nodes for display. Pods, gates, calls and skipped nodes are shown;
// what was inside a hidden group moves up to where the group was; a retried step is
// shown once, as the attempt that counts, or between two attempts as itself; a group is shown if it
// failed and no other node tells why. Siblings are in order of their start, what was in one hidden group together.
//
// A node belongs to the template invocation it is part of (its boundary), an attempt to
// its Retry node. Every node has one place, also where the nodes point in circles or at
// nodes that do not exist. A node inside of 1,000 others, which Argo doesn't make, begins a branch of
// its own.
func (s *WorkflowStatus) Tree(opts TreeOptions) []*TreeNode {
	b := treeBuilder{graph: graphOf(s.Nodes), opts: opts, workflow: s.Name}
	b.findFailures()
	var roots []*member
	for i := len(b.members) - 1; i >= 0; i-- { // so that the first one inside of another is put there last
		switch m := &b.members[i]; {
		case m.retry != nil: // reached through its Retry node
		case m.boundary == nil || m.boundary == m:
			roots = append(roots, m)
		default:
			m.beside, m.boundary.inside = m.boundary.inside, m
		}
	}

	var tree []*TreeNode
	for _, m := range slices.Backward(roots) {
		tree = b.place(tree, m, 0)
	}
	for i := range b.members { // what hangs in a circle, apart from every root, or too deep
		tree = b.place(tree, &b.members[i], 0)
	}
	return tree
}

type treeBuilder struct {
	*graph

	opts     TreeOptions
	workflow string
}

// maxNesting is how deep the tree is. Argo nests templates up to 100 deep, unless it was told otherwise.
const maxNesting = 1000

// place puts what is to be shown in m's place behind siblings: itself with what is inside it, or only
// the latter.
func (b *treeBuilder) place(siblings []*TreeNode, m *member, depth int) []*TreeNode {
	if m.placed || depth == maxNesting {
		return siblings
	}
	m.placed = true
	shown, at := &TreeNode{Node: m.Node, Title: m.DisplayName}, m
	if m.Type == NodeTypeRetry {
		shown.Attempts = len(m.attempts)
		best := m.best
		if best != nil && best.Phase.Fulfilled() && !m.Phase.Fulfilled() {
			best = nil // between two attempts: what the last one came to is no news of the step
		}
		for _, attempt := range m.attempts {
			if attempt != best {
				attempt.hide()
			}
		}
		if best != nil && !best.placed {
			best.placed = true
			shown.Node, at = best.Node, best
		}
	}
	if b.isBranch(at) {
		shown.Children = b.placeInside(nil, at, depth)
		return append(siblings, shown)
	}
	count := len(siblings)
	if siblings = b.placeInside(siblings, at, depth); len(siblings) == count && b.showsEmpty(at) {
		siblings = append(siblings, shown)
	}
	return siblings
}

// placeInside puts what is inside of m behind siblings.
func (b *treeBuilder) placeInside(siblings []*TreeNode, m *member, depth int) []*TreeNode {
	for inner := m.inside; inner != nil; inner = inner.beside {
		siblings = b.place(siblings, inner, depth+1)
	}
	return siblings
}

// isBranch reports whether m is shown with what is inside it. Of a group of another kind only the latter
// is.
func (b *treeBuilder) isBranch(m *member) bool {
	return !m.Type.Group() || m.ID != b.workflow && b.opts.Groups && (m.Type == NodeTypeSteps || m.Type == NodeTypeDAG)
}

// showsEmpty reports whether m, a group that has nothing inside to be shown, is shown itself: it failed and
// no other node tells why, or it has no attempt yet, or none at the moment.
func (b *treeBuilder) showsEmpty(m *member) bool {
	isRoot := m.ID == b.workflow // its line is the workflow's
	return !isRoot && (m.Type == NodeTypeRetry || m.Phase.Unsuccessful() && !m.explained)
}

// hide marks a superseded attempt, with all inside it, as dealt with.
func (m *member) hide() {
	for hidden := []*member{m}; len(hidden) > 0; {
		last := len(hidden) - 1
		next := hidden[last]
		if hidden = hidden[:last]; next.placed {
			continue
		}
		next.placed = true
		for inner := next.inside; inner != nil; inner = inner.beside {
			hidden = append(hidden, inner)
		}
		hidden = append(hidden, next.attempts...)
	}
}
