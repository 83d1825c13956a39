package status

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
// nodes that do not exist.
func (s *WorkflowStatus) Tree(opts TreeOptions) []*TreeNode {
	b := treeBuilder{
		opts: opts, byID: nodesByID(s.Nodes), inside: map[string][]*Node{}, seen: map[string]bool{},
	}
	b.tries = attemptsOf(s.Nodes, b.byID)
	_, b.explained = failures(s.Nodes, b.byID, b.tries)
	var roots []*Node
	for _, n := range s.Nodes {
		if b.tries.retryOf[n.ID] != nil {
			continue // reached through its Retry node
		}
		if n.BoundaryID == n.ID || b.byID[n.BoundaryID] == nil {
			roots = append(roots, n)
		} else {
			b.inside[n.BoundaryID] = append(b.inside[n.BoundaryID], n)
		}
	}

	var tree []*TreeNode
	for _, n := range roots {
		tree = append(tree, b.place(n, s.Name)...)
	}
	for _, n := range s.Nodes { // what hangs in a circle, apart from every root
		tree = append(tree, b.place(n, s.Name)...)
	}
	return tree
}

type treeBuilder struct {
	opts   TreeOptions
	byID   map[string]*Node
	tries  attempts
	inside map[string][]*Node // boundary's id → what belongs to it
	// explained are the groups whose failure another node explains.
	explained map[string]bool
	seen      map[string]bool
}

// place gives what is to be shown in n's place: itself with what is inside it, or only
// the latter.
func (b *treeBuilder) place(n *Node, workflow string) []*TreeNode {
	if b.seen[n.ID] {
		return nil
	}
	b.seen[n.ID] = true
	shown := &TreeNode{Node: n, Title: n.DisplayName}
	if n.Type == NodeTypeRetry {
		shown.Attempts = len(b.tries.all[n.ID])
		best := b.tries.best[n.ID]
		if best != nil && best.Phase.Fulfilled() && !n.Phase.Fulfilled() {
			best = nil // between two attempts: what the last one came to is no news of the step
		}
		for _, attempt := range b.tries.all[n.ID] {
			if attempt != best {
				b.hide(attempt)
			}
		}
		if best != nil && !b.seen[best.ID] {
			b.seen[best.ID] = true
			shown.Node = best
		}
	}
	for _, inner := range b.inside[shown.ID] {
		shown.Children = append(shown.Children, b.place(inner, workflow)...)
	}
	if b.shows(shown, workflow) {
		return []*TreeNode{shown}
	}
	return shown.Children
}

// hide marks a superseded attempt, with all inside it, as dealt with.
func (b *treeBuilder) hide(n *Node) {
	if b.seen[n.ID] {
		return
	}
	b.seen[n.ID] = true
	for _, inner := range b.inside[n.ID] {
		b.hide(inner)
	}
	for _, attempt := range b.tries.all[n.ID] {
		b.hide(attempt)
	}
}

func (b *treeBuilder) shows(n *TreeNode, workflow string) bool {
	switch {
	case !n.Type.Group():
		return true
	case n.ID == workflow: // its line is the workflow's
		return false
	case len(n.Children) == 0 && n.Phase.Unsuccessful() && !b.explained[n.ID]:
		return true
	case n.Type == NodeTypeRetry: // no attempt yet, or none at the moment
		return len(n.Children) == 0
	}
	return b.opts.Groups && (n.Type == NodeTypeSteps || n.Type == NodeTypeDAG)
}
