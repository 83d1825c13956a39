package retryplan

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// SelectionError says what is wrong with a [Request], for the workflow that it is about.
type SelectionError struct {
	// Problems has at least one entry. The paths are those of the fields of Request, with a small
	// first letter.
	Problems field.ErrorList
	// Candidates are the display names that can be selected. nil means that they are no help with the
	// problem; a workflow without any has an empty list.
	Candidates []string
}

func (e *SelectionError) Error() string { return e.Problems.ToAggregate().Error() }

// selectNodes marks the nodes that run again even though they succeeded.
func (g *graph) selectNodes(ctx context.Context, s *status.WorkflowStatus, request Request) error {
	restart, selector, names := field.NewPath("restartSuccessful"), field.NewPath("selector"), field.NewPath("nodes")
	const needsRestart = "it selects successful nodes, so it needs RestartSuccessful; what failed runs again in any case"
	byName, bySelector := len(request.Nodes) > 0, !request.Selector.Empty()
	invalid := func(problem *field.Error, candidates []string) error {
		return &SelectionError{Problems: field.ErrorList{problem}, Candidates: candidates}
	}
	switch {
	case !request.RestartSuccessful && s.Outcome() == status.OutcomeSucceeded:
		return invalid(field.Required(restart, fmt.Sprintf(
			"Cannot retry a workflow in phase %s: set RestartSuccessful, and select the nodes to run again with Nodes or Selector", s.Phase)), g.displayNames())
	case !request.RestartSuccessful && bySelector:
		return invalid(field.Forbidden(selector, needsRestart), nil)
	case !request.RestartSuccessful && byName:
		return invalid(field.Forbidden(names, needsRestart), nil)
	case !request.RestartSuccessful:
		return nil
	case byName:
		return g.selectNamed(ctx, s, names, request)
	case !bySelector:
		return invalid(field.Required(names, "or selector: RestartSuccessful needs one of them to say what is to run again"), g.displayNames())
	}
	found := false
	for i := range g.nodes {
		n := &g.nodes[i]
		if ctx.Err() == nil && request.Selector.Matches(n.Node) {
			n.selected, found = true, true
		}
	}
	if found {
		return nil
	}
	return invalid(field.Invalid(selector, request.Selector.String(), "matches no node"), g.displayNames())
}

// selectNamed marks the nodes that the names of a request select, each of which has to select one.
func (g *graph) selectNamed(ctx context.Context, s *status.WorkflowStatus, path *field.Path, request Request) error {
	// Everything runs again with the root, so only its ID selects it.
	index := nodeselection.NewIndex(s, func(n *status.Node) (string, bool) { return n.DisplayName, !g.isRoot(n) })
	problems := field.ErrorList{}
	candidates := false
	for i, name := range request.Nodes {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		exact, matched := index.Find(name)
		found := false
		for _, nodes := range [][]*status.Node{exact, matched} {
			for _, n := range nodes {
				if request.Selector.Matches(n) {
					g.byID[n.ID].selected, found = true, true
				}
			}
		}
		switch {
		case found:
		case len(exact)+len(matched) > 0:
			problems = append(problems, field.Invalid(path.Index(i), name.String(), "the selector matches none of the nodes that it selects"))
		default:
			candidates = true
			problems = append(problems, field.Invalid(path.Index(i), name.String(), "no node of the workflow has this name or ID"))
		}
	}
	switch {
	case len(problems) == 0:
		return nil
	case !candidates:
		return &SelectionError{Problems: problems}
	}
	return &SelectionError{Problems: problems, Candidates: g.displayNames()}
}

// isRoot reports whether a node is the workflow as a whole. Its display name is that of the workflow,
// so it often begins like those of the steps.
func (g *graph) isRoot(n *status.Node) bool { return g.root != nil && n.ID == g.root.ID }
