package status

// FailedNodes are the nodes in which a failure began, in order of their start: pods,
// gates and calls that are Failed or Error, and groups that failed with nothing failed
// inside them. Of the attempts of a retried step only the one that counts is among them,
// and none if the step succeeded in the end.
//
// First come those by which the workflow failed, then those that were tolerated: something ran
// after them, what they are part of didn't fail, or they are hooks of steps. A task of a DAG that
// nothing depends on, with continueOn, counts as the former if the DAG failed: the nodes don't
// tell.
func (s *WorkflowStatus) FailedNodes() []*Node {
	failed, tolerated := s.failedNodes()
	return append(failed, tolerated...)
}

// failedNodes are those by which the workflow failed, and the tolerated ones.
func (s *WorkflowStatus) failedNodes() (causing, tolerated []*Node) {
	byID := nodesByID(s.Nodes)
	tries := attemptsOf(s.Nodes, byID)

	failed, explained := failures(s.Nodes, byID, tries)
	why := causesOf(s, byID, tries)
	for _, n := range s.Nodes {
		switch {
		case !failed[n.ID] || n.Type.Group() && explained[n.ID]:
		case why.among(n):
			causing = append(causing, n)
		default:
			tolerated = append(tolerated, n)
		}
	}
	return causing, tolerated
}

// failures finds the nodes that failed for good, and of the groups those whose failure is
// explained by a failed node in or behind them.
func failures(nodes []*Node, byID map[string]*Node, tries attempts) (failed, explained map[string]bool) {
	failed, explained = make(map[string]bool), make(map[string]bool)
	known := map[string]bool{}
	for _, n := range nodes {
		failed[n.ID] = n.Phase.Unsuccessful() && counts(n, byID, tries, known)
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

// counts reports whether neither n nor a template invocation around it is an attempt
// that another one has superseded. known has the answers so far: without them, each node
// would look at all that is around it again.
func counts(n *Node, byID map[string]*Node, tries attempts, known map[string]bool) bool {
	var path []*Node
	answer := true
	for ; n != nil; n = byID[n.BoundaryID] {
		before, was := known[n.ID]
		if was { // also where it goes round: nothing was found on the way
			answer = before
			break
		}
		path = append(path, n)
		retry := tries.retryOf[n.ID]
		known[n.ID] = retry == nil || tries.best[retry.ID] == n && retry.Phase.Unsuccessful()
		if !known[n.ID] {
			answer = false
			break
		}
	}
	for _, inner := range path {
		known[inner.ID] = answer
	}
	return answer
}
