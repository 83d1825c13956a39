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
	g := graphOf(s.Nodes)
	g.findFailures()
	g.findPassed()
	exit := s.Name + ".onExit"
	for i := range g.members {
		switch m := &g.members[i]; {
		case !m.failed || m.Type.Group() && m.explained:
		case m.isCause(exit):
			causing = append(causing, m.Node)
		default:
			tolerated = append(tolerated, m.Node)
		}
	}
	return causing, tolerated
}

// findFailures finds the nodes that failed for good, and of the groups those whose failure is
// explained by a failed node in or behind them.
func (g *graph) findFailures() {
	for i := range g.members {
		m := &g.members[i]
		m.failed = m.Phase.Unsuccessful() && m.isCounted()
	}
	for i := range g.members {
		m := &g.members[i]
		if m.failed {
			if m.boundary != nil && m.boundary != m {
				m.boundary.explained = true
			}
			if m.retry != nil {
				m.retry.explained = true
			}
		}
		for _, id := range m.Children {
			if child := g.byID[id]; child != nil && child.failed && child != m {
				m.explained = true
			}
		}
	}
}

// isCounted reports whether neither m nor a template invocation around it is an attempt
// that another one has superseded.
func (m *member) isCounted() bool {
	return m.throughout(
		func(m *member) *answer { return &m.counts },
		func(m *member) *member { return m.boundary },
		func(m *member) bool { return m.retry == nil || m.retry.best == m && m.retry.Phase.Unsuccessful() })
}
