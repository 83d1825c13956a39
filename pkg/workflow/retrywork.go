package workflow

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// retryWork is what a retry does with the nodes: those that are gone are dropped, and those that are to
// go on again do. What is neither stays as it is.
type retryWork struct{ graph *nodeGraph }

// newRetryWork decides about each node; overridden tells that there are new parameters.
func newRetryWork(graph *nodeGraph, s *status.WorkflowStatus, overridden bool) *retryWork {
	w := &retryWork{graph: graph}
	if graph.root == nil {
		for i := range graph.nodes {
			w.drop(&graph.nodes[i])
		}
		return w
	}
	graph.findContinued()
	// From the root downwards: what is inside of or follows a dropped node is dropped with it
	// and says nothing about the groups any more.
	for _, n := range graph.reached {
		if !n.gone && !graph.ended() && (n.selected || graph.failedForGood(n)) {
			w.runAgain(n)
		}
	}
	w.evaluateAgain(s)
	if overridden {
		w.expandAgain()
	}
	w.wholeRetries()
	for i := range graph.nodes {
		switch n := &graph.nodes[i]; {
		case graph.ended():
			return w
		case graph.inExitHandler(n):
			n.gone = true
		case n.gone:
			w.goOn(n) // also around what was dropped only since it follows
		}
	}
	return w
}

// phase is that of the workflow as it is to be: none where nothing had run.
func (w *retryWork) phase() status.Phase {
	if w.graph.root == nil {
		return status.PhaseUnknown
	}
	return status.PhaseRunning
}

// removed are the nodes that are dropped.
func (w *retryWork) removed() []*status.Node {
	var removed []*status.Node
	for i := range w.graph.nodes {
		if n := &w.graph.nodes[i]; n.gone {
			removed = append(removed, n.Node)
		}
	}
	return removed
}

// runAgain drops n with all that is in or follows it, and has the groups around it go on.
func (w *retryWork) runAgain(n *graphNode) {
	if n.Type == status.NodeTypeContainer {
		// The containers of a set share a pod, and run again together.
		for outer := range w.graph.around(n) {
			if outer.Type == status.NodeTypePod {
				n = outer
				break
			}
		}
	}
	w.drop(n)
	w.goOn(n)
}

func (w *retryWork) drop(n *graphNode) {
	reach(n, func(n *graphNode) bool {
		was := n.gone || w.graph.ended()
		n.gone = true
		return !was
	}, func(*graphNode) {})
}

// goOn sets n, if it is a group, and the groups around it running.
func (w *retryWork) goOn(n *graphNode) {
	for ; n != nil && !n.outwards; n = w.graph.holder(n) {
		n.outwards = true // and all around it
		n.again = n.again || n.Type.Group()
	}
}

// evaluateAgain has the groups go on that failed by themselves, e.g. over their outputs, with
// all that is in them.
func (w *retryWork) evaluateAgain(s *status.WorkflowStatus) {
	if w.graph.ended() {
		return
	}
	for _, failed := range s.FailedNodes() {
		if n := w.graph.byID[failed.ID]; n.Type.Group() && w.graph.failedUpward(n) {
			w.goOn(n)
		}
	}
	if w.graph.root.again || w.graph.root.gone {
		return
	}
	// No failed node explains the end, e.g. since the workflow has gone on after each of them.
	for i := range w.graph.nodes {
		n := &w.graph.nodes[i]
		if n.Type.Group() && n.Phase.Unsuccessful() && w.graph.failedUpward(n) && !w.graph.superseded(n) {
			w.goOn(n)
		}
	}
}

// expandAgain drops the items of loops that go on: with other parameters they can be other
// items. Argo does that since 4.1, with all steps that run side by side (argo-workflows 15802).
func (w *retryWork) expandAgain() {
	for i := range w.graph.nodes {
		group := &w.graph.nodes[i]
		if !group.again || group.gone {
			continue
		}
		loop := group.Type == status.NodeTypeTaskGroup
		if group.Type == status.NodeTypeStepGroup {
			loop = slices.ContainsFunc(group.children, isItem)
		}
		if loop {
			for _, child := range group.children {
				w.drop(child)
			}
		}
	}
}

// isItem reports whether n is an item of a loop, "step(0:value)".
func isItem(n *graphNode) bool {
	open := strings.LastIndexByte(n.DisplayName, '(')
	return open >= 0 && strings.ContainsRune(n.DisplayName[open:], ':')
}

// wholeRetries drops all attempts of a Retry node where one is dropped: the controller
// numbers the next attempt by how many there are.
func (w *retryWork) wholeRetries() {
	for i := range w.graph.nodes {
		attempts := w.graph.nodes[i].attempts
		if !slices.ContainsFunc(attempts, func(n *graphNode) bool { return n.gone }) {
			continue
		}
		for _, attempt := range attempts {
			w.drop(attempt)
		}
	}
}

// findContinued finds the nodes that something succeeded after, or in: the workflow has gone on
// in spite of their failure, or it was inside of an attempt that was made again. What is
// selected to run again counts for nothing, nor do hooks, which run after every node.
func (g *nodeGraph) findContinued() {
	var queue []*graphNode
	up := func(n *graphNode) {
		if isHook(n.Node) {
			return
		}
		for _, parent := range n.parents {
			if !parent.continued && !g.ended() {
				parent.continued = true
				queue = append(queue, parent)
			}
		}
	}
	for i := range g.nodes {
		if n := &g.nodes[i]; n.Phase == status.NodeSucceeded && !n.selected {
			up(n)
		}
	}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		up(next)
	}
}

// failedForGood reports whether n does work and has failed at it, and neither another attempt
// nor a step after it has succeeded.
func (g *nodeGraph) failedForGood(n *graphNode) bool {
	if n.Type.Group() || !n.Phase.Unsuccessful() || n.continued || g.superseded(n) {
		return false
	}
	return n.retry == nil || !n.retry.continued
}

// superseded reports whether n is part of an attempt that another one has taken the place
// of. Where the attempts are pods, and none succeeded, all of them count as failed.
func (g *nodeGraph) superseded(n *graphNode) bool {
	return g.inAny(n, func(n *graphNode) *verdict { return &n.history }, func(n *graphNode) bool {
		if n.retry == nil {
			return false
		}
		last := n.retry.attempts[len(n.retry.attempts)-1] == n
		return !last && (n.retry.Phase == status.NodeSucceeded || n.Type.Group())
	})
}

// failedUpward reports whether all that is around the failed group n has failed as well, so
// that its failure may be why the workflow failed.
func (g *nodeGraph) failedUpward(n *graphNode) bool {
	return !g.inAny(n, func(n *graphNode) *verdict { return &n.passing },
		func(n *graphNode) bool { return !n.Phase.Unsuccessful() })
}
