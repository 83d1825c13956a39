package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Gate is a node of the workflow that waits for a decision. A node that only waits for a time to
// pass (see [status.Node.Delayed]) is not a gate: the methods of this package neither return it nor
// end it early.
type Gate struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"` // the node's display name
	Since time.Time `json:"since"`
	// Until is when it passes by itself, with the defaults of its outputs; zero means never.
	Until time.Time `json:"until,omitzero"`
	// Message is the template's message.
	Message string `json:"message,omitempty"`
	// Outputs are the values that an approval may supply, and must supply if they have no default.
	Outputs []GateOutput `json:"outputs,omitempty"`
}

// GateOutput is a value that a gate waits for.
type GateOutput struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Default is the value if none is supplied; nil means that one has to be supplied.
	Default *string `json:"default,omitempty"`
	// Enum lists the allowed values; empty allows any.
	Enum []string `json:"enum,omitempty"`
}

func gateOf(n *status.Node) Gate {
	gate := Gate{ID: n.ID, Name: n.DisplayName, Since: n.StartTime, Until: n.Until(), Message: n.Message}
	for _, p := range n.AwaitedOutputs() {
		output := GateOutput{Name: p.Name, Description: p.Description, Enum: p.Enum}
		if p.HasDefault {
			output.Default = &p.Default
		}
		gate.Outputs = append(gate.Outputs, output)
	}
	return gate
}

func gatesOf(nodes []*status.Node) []Gate {
	gates := make([]Gate, 0, len(nodes))
	for _, n := range nodes {
		gates = append(gates, gateOf(n))
	}
	return gates
}

// Matches reports whether a name, ID or pattern of an [Approval] selects the gate, unless it is the
// ID of another gate. A malformed pattern selects none.
func (g Gate) Matches(pattern string) bool {
	if pattern == g.ID || pattern == g.Name {
		return true
	}
	p, err := parsePattern(pattern)
	return err == nil && p.matches(g.Name)
}

// waitingGates returns the gates for which a decision still matters. After a stop these are the
// ones in exit handlers, which run to their end; all others are about to fail.
func waitingGates(s *status.WorkflowStatus) []*status.Node {
	waiting := s.SuspendedNodes()
	switch {
	case s.Completed() || len(waiting) == 0:
		return nil
	case s.Shutdown == status.ShutdownNone:
		return waiting
	case s.Shutdown != status.ShutdownStop:
		return nil
	}
	inHandler := exitHandlers(s)
	return slices.DeleteFunc(waiting, func(n *status.Node) bool { return !inHandler(n) })
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

func (b *argoBackfill) Gates(ctx context.Context) ([]Gate, error) {
	s, err := b.latestRun(ctx)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return []Gate{}, nil
	case s.NodesErr != nil:
		return nil, b.wrap(s.NodesErr)
	}
	return gatesOf(waitingGates(s)), nil
}

func (b *deploymentBackfill) Gates(context.Context) ([]Gate, error) { return []Gate{}, nil }

func (b *deploymentBackfill) Approve(context.Context, Approval) ([]Gate, error) {
	return nil, b.wrap(errNoGates)
}

func (b *deploymentBackfill) Reject(context.Context, Rejection) ([]Gate, error) {
	return nil, b.wrap(errNoGates)
}

var errNoGates = fmt.Errorf("%w: %w", workflow.ErrUnsupported, errors.New("a backfill without a workflow has no gates"))
