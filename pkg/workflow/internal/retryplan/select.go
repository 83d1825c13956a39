package retryplan

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// SelectionError says what is wrong with a [Request], for the workflow that it is about.
type SelectionError struct {
	// Problems has at least one entry. The paths are those of the fields of Request, with a small
	// first letter.
	Problems field.ErrorList
	// Candidates are the display names that a selector can match. nil means that they are no help
	// with the problem; a workflow without any has an empty list.
	Candidates []string
}

func (e *SelectionError) Error() string { return e.Problems.ToAggregate().Error() }

// selectNodes marks the nodes that run again even though they succeeded.
func (g *graph) selectNodes(ctx context.Context, s *status.WorkflowStatus, request Request) error {
	restart, selector, ids := field.NewPath("restartSuccessful"), field.NewPath("selector"), field.NewPath("nodeIDs")
	const needsRestart = "it selects successful nodes, so it needs RestartSuccessful; what failed runs again in any case"
	byID, bySelector := len(request.NodeIDs) > 0, !request.Selector.Empty()
	invalid := func(problem *field.Error, candidates []string) error {
		return &SelectionError{Problems: field.ErrorList{problem}, Candidates: candidates}
	}
	switch {
	case !request.RestartSuccessful && s.Outcome() == status.OutcomeSucceeded:
		return invalid(field.Required(restart, fmt.Sprintf(
			"Cannot retry a workflow in phase %s: set RestartSuccessful, and select the nodes to run again with Selector", s.Phase)), g.displayNames())
	case !request.RestartSuccessful && bySelector:
		return invalid(field.Forbidden(selector, needsRestart), nil)
	case !request.RestartSuccessful && byID:
		return invalid(field.Forbidden(ids, needsRestart), nil)
	case !request.RestartSuccessful:
		return nil
	case !bySelector && !byID:
		return invalid(field.Required(selector, "or nodeIDs: RestartSuccessful needs one of them to say what is to run again"), g.displayNames())
	}
	named, err := g.nodesNamed(ids, request.NodeIDs)
	if err != nil {
		return err
	}
	found := false
	for i := range g.nodes {
		n := &g.nodes[i]
		if (!byID || named[n.ID]) && ctx.Err() == nil && request.Selector.Matches(n.Node) {
			n.selected, found = true, true
		}
	}
	if found {
		return nil
	}
	detail := "matches no node"
	if byID {
		detail = "matches none of the nodes in nodeIDs"
	}
	return invalid(field.Invalid(selector, request.Selector.String(), detail), g.displayNames())
}

// nodesNamed returns the set of ids, each of which has to be that of a node.
func (g *graph) nodesNamed(path *field.Path, ids []string) (map[string]bool, error) {
	var problems field.ErrorList
	named := make(map[string]bool, len(ids))
	for i, id := range ids {
		named[id] = true
		if g.byID[id] == nil {
			problems = append(problems, field.Invalid(path.Index(i), id, "no node of the workflow has this ID"))
		}
	}
	if len(problems) > 0 {
		return nil, &SelectionError{Problems: problems}
	}
	return named, nil
}
