package workflow

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// retryWork is what a retry does with the nodes. What is in neither set stays as it is.
type retryWork struct {
	graph *nodeGraph
	// gone are the ids of the nodes that are dropped; the controller makes them anew.
	gone map[string]bool
	// again are the ids of the groups that go on running.
	again map[string]bool

	outwards map[string]bool // what goOn has dealt with
}

// newRetryWork decides about each node. selected are those to run again even though they
// succeeded; overridden tells that there are new parameters.
func newRetryWork(graph *nodeGraph, s *status.WorkflowStatus, selected map[string]bool, overridden bool) *retryWork {
	w := &retryWork{graph: graph, gone: map[string]bool{}, again: map[string]bool{}, outwards: map[string]bool{}}
	if graph.root == nil {
		for _, n := range graph.nodes {
			w.drop(n)
		}
		return w
	}
	continued := graph.continued(selected)
	// From the root downwards: what is inside of or follows a dropped node is dropped with it
	// and says nothing about the groups any more.
	graph.reach(graph.root, map[string]bool{}, func(n *status.Node) {
		if !w.gone[n.ID] && (selected[n.ID] || graph.failedForGood(n, continued)) {
			w.runAgain(n)
		}
	})
	w.evaluateAgain(s)
	if overridden {
		w.expandAgain()
	}
	w.wholeRetries()
	for _, n := range graph.nodes {
		if graph.inExitHandler(n) {
			w.gone[n.ID] = true
		} else if w.gone[n.ID] {
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

// removed are the nodes that are dropped, in the order of their ids.
func (w *retryWork) removed() []*status.Node {
	var removed []*status.Node
	for _, n := range w.graph.nodes {
		if w.gone[n.ID] {
			removed = append(removed, n)
		}
	}
	return removed
}

// runAgain drops n with all that is in or follows it, and has the groups around it go on.
func (w *retryWork) runAgain(n *status.Node) {
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

func (w *retryWork) drop(n *status.Node) {
	w.graph.reach(n, w.gone, func(*status.Node) {})
}

// goOn sets n, if it is a group, and the groups around it running.
func (w *retryWork) goOn(n *status.Node) {
	for ; n != nil && !w.outwards[n.ID]; n = w.graph.holder(n) {
		w.outwards[n.ID] = true // and all around it
		if n.Type.Group() {
			w.again[n.ID] = true
		}
	}
}

// evaluateAgain has the groups go on that failed by themselves, e.g. over their outputs, with
// all that is in them.
func (w *retryWork) evaluateAgain(s *status.WorkflowStatus) {
	for _, n := range s.FailedNodes() {
		if n.Type.Group() && w.graph.failedUpward(n) {
			w.goOn(n)
		}
	}
	if w.again[w.graph.root.ID] || w.gone[w.graph.root.ID] {
		return
	}
	// No failed node explains the end, e.g. since the workflow has gone on after each of them.
	for _, n := range w.graph.nodes {
		if n.Type.Group() && n.Phase.Unsuccessful() && w.graph.failedUpward(n) && !w.graph.superseded(n) {
			w.goOn(n)
		}
	}
}

// expandAgain drops the items of loops that go on: with other parameters they can be other
// items. Argo does that since 4.1, with all steps that run side by side (argo-workflows 15802).
func (w *retryWork) expandAgain() {
	for _, group := range w.graph.nodes {
		if !w.again[group.ID] || w.gone[group.ID] {
			continue
		}
		loop := group.Type == status.NodeTypeTaskGroup
		if group.Type == status.NodeTypeStepGroup {
			loop = slices.ContainsFunc(w.graph.children[group.ID], isItem)
		}
		if loop {
			for _, child := range w.graph.children[group.ID] {
				w.drop(child)
			}
		}
	}
}

// isItem reports whether n is an item of a loop, "step(0:value)".
func isItem(n *status.Node) bool {
	open := strings.LastIndexByte(n.DisplayName, '(')
	return open >= 0 && strings.ContainsRune(n.DisplayName[open:], ':')
}

// wholeRetries drops all attempts of a Retry node where one is dropped: the controller
// numbers the next attempt by how many there are.
func (w *retryWork) wholeRetries() {
	for _, retry := range w.graph.nodes {
		attempts := w.graph.attempts[retry.ID]
		if !slices.ContainsFunc(attempts, func(n *status.Node) bool { return w.gone[n.ID] }) {
			continue
		}
		for _, attempt := range attempts {
			w.drop(attempt)
		}
	}
}

// continued finds the nodes that something succeeded after, or in: the workflow has gone on
// in spite of their failure, or it was inside of an attempt that was made again. What is
// selected to run again counts for nothing, nor do hooks, which run after every node.
func (g *nodeGraph) continued(selected map[string]bool) map[string]bool {
	found := map[string]bool{}
	var up func(n *status.Node)
	var queue []*status.Node
	up = func(n *status.Node) {
		if isHook(n) {
			return
		}
		for _, parent := range g.parents[n.ID] {
			if !found[parent.ID] {
				found[parent.ID] = true
				queue = append(queue, parent)
			}
		}
	}
	for _, n := range g.nodes {
		if n.Phase == status.NodeSucceeded && !selected[n.ID] {
			up(n)
		}
	}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		up(next)
	}
	return found
}

// failedForGood reports whether n does work and has failed at it, and neither another attempt
// nor a step after it has succeeded.
func (g *nodeGraph) failedForGood(n *status.Node, continued map[string]bool) bool {
	if n.Type.Group() || !n.Phase.Unsuccessful() || continued[n.ID] || g.superseded(n) {
		return false
	}
	retry := g.retryOf[n.ID]
	return retry == nil || !continued[retry.ID]
}

// superseded reports whether n is part of an attempt that another one has taken the place
// of. Where the attempts are pods, and none succeeded, all of them count as failed.
func (g *nodeGraph) superseded(n *status.Node) bool {
	return g.inAny(n, g.history, func(n *status.Node) bool {
		retry := g.retryOf[n.ID]
		if retry == nil {
			return false
		}
		attempts := g.attempts[retry.ID]
		last := attempts[len(attempts)-1] == n
		return !last && (retry.Phase == status.NodeSucceeded || n.Type.Group())
	})
}

// failedUpward reports whether all that is around the failed group n has failed as well, so
// that its failure may be why the workflow failed.
func (g *nodeGraph) failedUpward(n *status.Node) bool {
	return !g.inAny(n, g.passing, func(n *status.Node) bool { return !n.Phase.Unsuccessful() })
}
