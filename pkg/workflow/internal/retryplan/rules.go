package retryplan

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/nesting"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// decide marks the nodes that are removed and those that are reset. newParameters says whether the
// workflow runs on with other parameters.
func (g *graph) decide(s *status.WorkflowStatus, newParameters bool) {
	if g.root == nil {
		for i := range g.nodes {
			g.remove(&g.nodes[i])
		}
		return
	}
	g.findTolerated()
	// From the root downwards: what is inside or after a removed node is removed with it, and no longer
	// says anything about the groups around it.
	for _, n := range g.reachable {
		if !n.removed && !g.ended() && (n.selected || g.failedForGood(n)) {
			g.runAgain(n)
		}
	}
	g.resetFailedGroups(s)
	if newParameters {
		g.removeLoopItems()
	}
	g.removeAllAttempts()
	for i := range g.nodes {
		switch n := &g.nodes[i]; {
		case g.ended():
			return
		case g.inExitHandler(n):
			n.removed = true
		case n.removed:
			g.resetOutwards(n) // also for nodes that were removed because they follow another one
		}
	}
}

// runAgain removes n with everything in or after it, and resets the groups around it.
func (g *graph) runAgain(n *node) {
	if n.Type == status.NodeTypeContainer {
		n = g.podOf(n) // the containers of a set share a pod, so they run again together
	}
	g.remove(n)
	g.resetOutwards(n)
}

// remove removes n with everything in or after it.
func (g *graph) remove(n *node) {
	walk(n, func(n *node) bool {
		visited := n.removed || g.ended()
		n.removed = true
		return !visited
	}, func(*node) {})
}

// resetOutwards resets n, if it is a group, and the groups around it.
func (g *graph) resetOutwards(n *node) {
	for ; n != nil && !n.outwardsReset; n = g.outer(n) {
		n.outwardsReset = true
		n.reset = n.reset || n.Type.Group()
	}
}

// resetFailedGroups resets the groups that failed by themselves, e.g. because of their outputs, so
// that the controller evaluates them again with all that is in them.
func (g *graph) resetFailedGroups(s *status.WorkflowStatus) {
	if g.ended() {
		return
	}
	for _, failed := range s.FailedNodes() {
		if n := g.byID[failed.ID]; n.Type.Group() && g.failedOutwards(n) {
			g.resetOutwards(n)
		}
	}
	if g.root.reset || g.root.removed {
		return
	}
	// No failed node explains the end, e.g. because the workflow has gone on after each of them.
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.Type.Group() && n.Phase.Unsuccessful() && g.failedOutwards(n) && !g.inSupersededAttempt(n) {
			g.resetOutwards(n)
		}
	}
}

// removeLoopItems removes the items of the loops that are reset: other parameters can make other
// items. Argo does so since 3.7.14 and 4.0.5, with all steps that run side by side (argo-workflows 15802).
func (g *graph) removeLoopItems() {
	for i := range g.nodes {
		group := &g.nodes[i]
		if !group.reset || group.removed {
			continue
		}
		loop := group.Type == status.NodeTypeTaskGroup
		if group.Type == status.NodeTypeStepGroup {
			loop = slices.ContainsFunc(group.children, isLoopItem)
		}
		if loop {
			for _, child := range group.children {
				g.remove(child)
			}
		}
	}
}

// isLoopItem reports whether n is an item of a loop, "step(0:value)".
func isLoopItem(n *node) bool {
	open := strings.LastIndexByte(n.DisplayName, '(')
	return open >= 0 && strings.ContainsRune(n.DisplayName[open:], ':')
}

// removeAllAttempts removes all attempts of a Retry node of which one is removed: the controller
// numbers the next attempt by how many there are.
func (g *graph) removeAllAttempts() {
	for i := range g.nodes {
		attempts := g.nodes[i].attempts
		if !slices.ContainsFunc(attempts, func(n *node) bool { return n.removed }) {
			continue
		}
		for _, attempt := range attempts {
			g.remove(attempt)
		}
	}
}

// findTolerated finds the nodes that something succeeded after or inside of: the workflow went on in
// spite of their failure, or they belong to an attempt that was repeated. Selected nodes don't count,
// and neither do hooks, which run after every node.
func (g *graph) findTolerated() {
	var queue []*node
	up := func(n *node) {
		if isHook(n.Node) {
			return
		}
		for _, parent := range n.parents {
			if !parent.tolerated && !g.ended() {
				parent.tolerated = true
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

// failedForGood reports whether n does work and failed, and neither another attempt nor a step after
// it succeeded.
func (g *graph) failedForGood(n *node) bool {
	if n.Type.Group() || !n.Phase.Unsuccessful() || n.tolerated || g.inSupersededAttempt(n) {
		return false
	}
	return n.retry == nil || !n.retry.tolerated
}

// inSupersededAttempt reports whether n is part of an attempt that a later one replaced. Where the
// attempts are pods and none succeeded, all of them count as failed, so none is superseded.
func (g *graph) inSupersededAttempt(n *node) bool {
	return nesting.Any(n, g.outer, func(n *node) *nesting.Answer { return &n.superseded }, func(n *node) bool {
		if n.retry == nil {
			return false
		}
		last := n.retry.attempts[len(n.retry.attempts)-1] == n
		return !last && (n.retry.Phase == status.NodeSucceeded || n.Type.Group())
	})
}

// failedOutwards reports whether n and everything around it failed, so that the failure of n can be
// why the workflow failed.
func (g *graph) failedOutwards(n *node) bool {
	return !nesting.Any(n, g.outer, func(n *node) *nesting.Answer { return &n.unfailed },
		func(n *node) bool { return !n.Phase.Unsuccessful() })
}
