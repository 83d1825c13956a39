package argocheck

import (
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
)

// exceptions are the reasons why we do otherwise than Argo, where there is one.
func exceptions(wf *wfv1.Workflow) (reasons []string) {
	nodes := wf.Status.Nodes
	anyFailed := false
	for _, n := range nodes {
		execution := n.Type == wfv1.NodeTypePod || n.Type == wfv1.NodeTypeContainer || n.Type == wfv1.NodeTypeHTTP || n.Type == wfv1.NodeTypePlugin
		group := n.Type == wfv1.NodeTypeSteps || n.Type == wfv1.NodeTypeStepGroup || n.Type == wfv1.NodeTypeDAG ||
			n.Type == wfv1.NodeTypeTaskGroup || n.Type == wfv1.NodeTypeRetry
		anyFailed = anyFailed || n.FailedOrError() && execution
		if n.FailedOrError() && !execution && !group {
			reasons = append(reasons, "a gate, or a node that could not be made, runs again too")
		}
		if n.FailedOrError() && group && !explained(nodes, n) {
			reasons = append(reasons, "a group that failed by itself is evaluated again")
		}
		for _, id := range n.Children {
			child, ok := nodes[id]
			hook := ok && (child.NodeFlag != nil && child.NodeFlag.Hooked || strings.HasSuffix(child.Name, ".onExit"))
			if n.Type == wfv1.NodeTypeContainer && ok && child.BoundaryID != n.BoundaryID {
				reasons = append(reasons, "a set of containers that merely came before is not run again")
			}
			if hook && n.FailedOrError() {
				reasons = append(reasons, "a hook that succeeded doesn't keep a node from running again")
			}
			if n.Type == wfv1.NodeTypeRetry && ok && !child.Phase.Fulfilled(nil) {
				reasons = append(reasons, "attempts are dropped all or none")
			}
			if n.Type == wfv1.NodeTypeRetry && ok && len(n.Children) > 1 {
				inside := child.Type != wfv1.NodeTypePod || len(child.Children) > 0
				if inside || n.Phase == wfv1.NodeSucceeded {
					reasons = append(reasons, "attempts that were superseded are history")
				}
			}
		}
	}
	if !anyFailed {
		reasons = append(reasons, "without a failed node, the groups that failed are evaluated again")
	}
	return reasons
}

func explained(nodes wfv1.Nodes, group wfv1.NodeStatus) bool {
	for _, n := range nodes {
		if n.FailedOrError() && n.ID != group.ID && (n.BoundaryID == group.ID || slices.Contains(group.Children, n.ID)) {
			return true
		}
	}
	return false
}
