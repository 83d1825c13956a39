package status

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/nesting"

// FailedNodes returns the nodes in which a failure began, in order of their start: pods, gates and
// calls whose phase is Failed or Error, and groups that failed although nothing within them did. It
// includes only one attempt of a retried step, and none if the step succeeded in the end.
//
// First come the nodes that made the workflow fail, then those that it tolerated: something ran
// after them, a group that contains them did not fail, or they are hooks of steps. If a DAG failed,
// a task with continueOn that nothing depends on counts as the former, since the nodes do not show
// that.
func (s *WorkflowStatus) FailedNodes() []*Node {
	failed, tolerated := s.failedNodes()
	return append(failed, tolerated...)
}

// failedNodes returns the nodes that made the workflow fail and those that it tolerated.
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

// findFailures finds the nodes that failed for good, and the groups whose failure is explained by a
// failed node within or behind them.
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

// isCounted reports whether neither m nor a template invocation that contains it is an attempt that
// was superseded by another one.
func (m *member) isCounted() bool {
	return !nesting.Any(m,
		func(m *member) *member { return m.boundary },
		func(m *member) *nesting.Answer { return &m.superseded },
		func(m *member) bool { return m.retry != nil && (m.retry.best != m || !m.retry.Phase.Unsuccessful()) })
}
