package status

// FailedNodes are the nodes in which a failure began, in order of their start: pods,
// gates and calls that are Failed or Error, and groups that failed with nothing failed
// inside them. Of the attempts of a retried step only the one that counts is among them,
// and none if the step succeeded in the end.
func (s *WorkflowStatus) FailedNodes() []*Node {
	byID := make(map[string]*Node, len(s.Nodes))
	for _, n := range s.Nodes {
		byID[n.ID] = n
	}
	tries := attemptsOf(s.Nodes, byID)

	failed, explained := failures(s.Nodes, byID, tries)
	var origins []*Node
	for _, n := range s.Nodes {
		if failed[n.ID] && (!n.Type.Group() || !explained[n.ID]) {
			origins = append(origins, n)
		}
	}
	return origins
}

// failures finds the nodes that failed for good, and of the groups those whose failure is
// explained by a failed node in or behind them.
func failures(nodes []*Node, byID map[string]*Node, tries attempts) (failed, explained map[string]bool) {
	failed, explained = make(map[string]bool), make(map[string]bool)
	for _, n := range nodes {
		failed[n.ID] = n.Phase.Unsuccessful() && counts(n, byID, tries)
	}
	for _, n := range nodes {
		if failed[n.ID] {
			if n.BoundaryID != n.ID {
				explained[n.BoundaryID] = true
			}
			if retry := tries.retryOf[n.ID]; retry != nil {
				explained[retry.ID] = true
			}
		}
		for _, child := range n.Children {
			if failed[child] && child != n.ID {
				explained[n.ID] = true
			}
		}
	}
	return failed, explained
}

// maxNesting is how deep templates are followed into each other. Argo stops at 100, unless
// it was told not to.
const maxNesting = 1000

// counts reports whether neither n nor a template invocation around it is an attempt
// that another one has superseded.
func counts(n *Node, byID map[string]*Node, tries attempts) bool {
	for range maxNesting { // a longer chain is a circle, or made up
		if n == nil {
			return true
		}
		if retry := tries.retryOf[n.ID]; retry != nil && (tries.best[retry.ID] != n || !retry.Phase.Unsuccessful()) {
			return false
		}
		n = byID[n.BoundaryID]
	}
	return true
}
