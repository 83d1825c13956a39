package status

import "slices"

// TreeNode is a node arranged for display; see [WorkflowStatus.Tree].
type TreeNode struct {
	*Node
	// Title is the node's display name. For a retried step it is the name of the step, without the
	// number of the attempt.
	Title string
	// Attempts is the number of attempts of a retried step, else 0.
	Attempts int
	Children []*TreeNode
}

// TreeOptions are the options of [WorkflowStatus.Tree] and [WorkflowStatus.WriteTree].
type TreeOptions struct {
	// Groups keeps the Steps and DAG nodes within the workflow as branches. By default only nodes
	// that do work are shown.
	Groups bool
	// ASCII makes WriteTree write ASCII signs instead of Unicode ones.
	ASCII bool
}

// Tree arranges the nodes for display. It shows pods, gates, calls and skipped nodes. Nodes within
// a hidden group take the place of the group. A retried step is shown once: as the attempt that
// counts, or between two attempts, and while it is a gate that waits, as the Retry node. A group is shown if it failed and no node
// within it explains why. Siblings are in order of their start, with the nodes of a hidden group
// next to each other.
//
// A node is placed below its boundary, which is the template invocation that it is part of, and an
// attempt below its Retry node. Every node has exactly one place, even if the nodes form cycles or
// refer to nodes that do not exist. A node that is nested 1,000 deep, which Argo does not create,
// becomes a root.
func (s *WorkflowStatus) Tree(opts TreeOptions) []*TreeNode {
	b := treeBuilder{graph: graphOf(s.Nodes), opts: opts, workflow: s.Name}
	b.findFailures()
	var roots []*member
	for i := len(b.members) - 1; i >= 0; i-- { // backwards, so that each list of members begins with the first
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
	for i := range b.members { // those in cycles without a root, and those nested too deep
		tree = b.place(tree, &b.members[i], 0)
	}
	return tree
}

type treeBuilder struct {
	*graph

	opts     TreeOptions
	workflow string
}

// maxNesting is the depth of the tree. Argo nests templates up to 100 deep by default.
const maxNesting = 1000

// place appends to siblings what is shown for m: itself with what is within it, or only the latter.
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
			best = nil // between two attempts, the result of the last one says nothing about the step
		}
		if m.Waiting() {
			best = nil // the attempts of a gate only look whether it was decided
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

// placeInside appends to siblings what is within m.
func (b *treeBuilder) placeInside(siblings []*TreeNode, m *member, depth int) []*TreeNode {
	for inner := m.inside; inner != nil; inner = inner.beside {
		siblings = b.place(siblings, inner, depth+1)
	}
	return siblings
}

// isBranch reports whether m itself is shown, with what is within it.
func (b *treeBuilder) isBranch(m *member) bool {
	return !m.Type.Group() || m.ID != b.workflow && b.opts.Groups && (m.Type == NodeTypeSteps || m.Type == NodeTypeDAG)
}

// showsEmpty reports whether m, a group without anything to show within it, is shown itself:
// because it failed and no other node explains why, or because it is a Retry node without a current
// attempt.
func (b *treeBuilder) showsEmpty(m *member) bool {
	isRoot := m.ID == b.workflow // which the line of the workflow stands for
	return !isRoot && (m.Type == NodeTypeRetry || m.Phase.Unsuccessful() && !m.explained)
}

// hide leaves a superseded attempt and everything within it out of the tree.
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
