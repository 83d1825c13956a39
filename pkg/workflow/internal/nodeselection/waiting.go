package nodeselection

import (
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Waiting returns the gates for which a decision still matters; see [Open].
func Waiting(s *status.WorkflowStatus) []*status.Node {
	waiting := s.SuspendedNodes()
	if len(waiting) == 0 {
		return nil
	}
	open := Open(s)
	return slices.DeleteFunc(waiting, func(n *status.Node) bool { return !open(n) })
}

// Open returns a function that reports whether a decision about an active Suspend node still
// matters. After a stop that holds for nodes in exit handlers, which run to their end. All others
// are about to fail.
func Open(s *status.WorkflowStatus) func(*status.Node) bool {
	switch {
	case s.Completed():
		return func(*status.Node) bool { return false }
	case s.Shutdown == status.ShutdownNone:
		return func(*status.Node) bool { return true }
	case s.Shutdown != status.ShutdownStop:
		return func(*status.Node) bool { return false }
	}
	return exitHandlers(s)
}

// exitHandlers returns a function that reports whether a node is part of an exit handler. The rule
// is the controller's, which decides by it what continues after a stop.
func exitHandlers(s *status.WorkflowStatus) func(*status.Node) bool {
	byID := s.NodesByID()
	known := make(map[*status.Node]bool) // so that no node is visited twice
	return func(n *status.Node) bool {
		var path []*status.Node
		answer := false
		for ; n != nil; n = byID[n.BoundaryID] {
			before, visited := known[n]
			if visited { // also if the boundaries form a cycle
				answer = before
				break
			}
			path = append(path, n)
			if known[n] = strings.HasSuffix(n.DisplayName, ".onExit"); known[n] {
				answer = true
				break
			}
		}
		for _, inner := range path {
			known[inner] = answer
		}
		return answer
	}
}
