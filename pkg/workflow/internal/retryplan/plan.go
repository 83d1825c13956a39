package retryplan

import (
	"context"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// Request says what to run again besides what failed.
type Request struct {
	// RestartSuccessful also runs the nodes again that Nodes and Selector select, and all that follows
	// them. It needs at least one of the two, and they need it.
	RestartSuccessful bool
	// Selector selects nodes; an empty one does not restrict.
	Selector status.NodeSelector
	// Nodes select nodes, each at least one. An empty list does not restrict.
	Nodes []nodeselection.Name
	// NewParameters says that the workflow runs on with other parameters, so loops that go on can have
	// other items.
	NewParameters bool
}

// Plan is what a retry does with the nodes of one state of a workflow. What it neither removes nor
// resets stays as it is. A Plan does not change, so it is safe for concurrent use.
type Plan struct {
	graph   *graph
	removed []*status.Node
}

// Make decides which nodes of the ended workflow s run again. It changes nothing.
//
// Its errors are [*NotCompletedError], the NodesErr of s, [*SelectionError], and the cause of ctx.
func Make(ctx context.Context, s *status.WorkflowStatus, request Request) (*Plan, error) {
	switch {
	case !s.Completed():
		return nil, &NotCompletedError{Phase: s.Phase}
	case s.NodesErr != nil:
		return nil, s.NodesErr
	}
	g := newGraph(ctx, s)
	err := g.selectNodes(ctx, s, request)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	g.decide(s, request.NewParameters)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := &Plan{graph: g}
	for i := range g.nodes {
		if n := &g.nodes[i]; n.removed {
			p.removed = append(p.removed, n.Node)
		}
	}
	return p, nil
}

// NotCompletedError is the error of a retry of a workflow that has not ended.
type NotCompletedError struct{ Phase status.Phase }

func (e *NotCompletedError) Error() string {
	return fmt.Sprintf("cannot retry a workflow in phase %q", string(e.Phase))
}

// Removed returns the nodes that are taken out of the workflow, in the order of the status. The
// controller creates them again when their turn comes.
func (p *Plan) Removed() []*status.Node { return p.removed }

// Pods returns the removed nodes that ran in pods. Their pods have to be deleted before the workflow
// is written: the controller takes a pod that is left for that of the new attempt.
func (p *Plan) Pods() []*status.Node {
	var pods []*status.Node
	for _, n := range p.removed {
		if n.Type == status.NodeTypePod {
			pods = append(pods, n)
		}
	}
	return pods
}

// Keeps reports whether id belongs to a node that stays.
func (p *Plan) Keeps(id string) bool {
	n := p.graph.byID[id]
	return n != nil && !n.removed
}

// Resets reports whether id belongs to a group that stays and is Running again.
func (p *Plan) Resets(id string) bool {
	n := p.graph.byID[id]
	return n != nil && n.reset && !n.removed
}

// Phase returns the phase that the workflow gets: Running, so that every version of the controller
// goes on with it at once and with the template as it was, or none where nothing had run, so that
// the controller treats it as a new workflow and checks its template.
func (p *Plan) Phase() status.Phase {
	if p.graph.root == nil {
		return status.PhaseUnknown
	}
	return status.PhaseRunning
}
