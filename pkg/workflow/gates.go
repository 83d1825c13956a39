package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// gates says which of the gates that wait are meant. The zero value means all.
type gates struct {
	selector status.NodeSelector
	ids      []string
	none     bool // none of them: the workflow as a whole
}

func (g gates) all() bool { return g.selector.Empty() && len(g.ids) == 0 }

// waiting are the gates meant, of a workflow that has not ended. That there is none is an
// error unless all are meant.
func (g gates) waiting(s *status.WorkflowStatus) ([]*status.Node, error) {
	switch {
	case s.Completed():
		return nil, completed(s)
	case g.none:
		return nil, nil
	case s.NodesErr != nil:
		return nil, s.NodesErr
	}
	var waiting []*status.Node
	for _, n := range s.SuspendedNodes() {
		if g.selector.Matches(n) && (len(g.ids) == 0 || slices.Contains(g.ids, n.ID)) {
			waiting = append(waiting, n)
		}
	}
	if len(waiting) == 0 && !g.all() {
		return nil, g.notSuspended(s)
	}
	return waiting, nil
}

func (g gates) notSuspended(s *status.WorkflowStatus) error {
	var asked []string
	if !g.selector.Empty() {
		asked = append(asked, fmt.Sprintf("%q", g.selector.String()))
	}
	if len(g.ids) > 0 {
		asked = append(asked, "ids "+strings.Join(g.ids, ", "))
	}
	there := "none is"
	if others := s.SuspendedNodes(); len(others) > 0 {
		there = "suspended are: " + nodeNames(others)
	}
	return fmt.Errorf("%w: %s; %s", ErrNotSuspended, strings.Join(asked, " and "), there)
}

// allAre reports whether all of the gates that waited are what a write was to make of them.
// It fails where the nodes cannot be seen.
func allAre(now *status.WorkflowStatus, waited []*status.Node, is func(before, gate *status.Node) bool) (bool, error) {
	if now.NodesErr != nil {
		return false, now.NodesErr
	}
	return !slices.ContainsFunc(waited, func(n *status.Node) bool {
		gate := now.Node(n.ID)
		return gate == nil || !is(n, gate)
	}), nil
}

// nodeIDProblems refuses a filter that has left nothing, which would mean all.
func nodeIDProblems(ids []string) field.ErrorList {
	if ids != nil && len(ids) == 0 {
		return field.ErrorList{field.Required(field.NewPath("nodeIDs"), "at least one; leave it nil for all")}
	}
	return nil
}

// nodeSelector reads a selector of nodes that stands in a field of a request.
func nodeSelector(path *field.Path, text string) (status.NodeSelector, field.ErrorList) {
	selector, err := status.ParseNodeSelector(text)
	var malformed *status.NodeSelectorError
	if errors.As(err, &malformed) {
		return selector, field.ErrorList{field.Invalid(path, malformed.Selector, malformed.Reason)}
	}
	return selector, nil
}
