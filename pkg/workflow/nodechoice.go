package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// gates selects waiting gates. The zero value selects all.
type gates struct {
	selector status.NodeSelector
	ids      []string
	none     bool // does not select gates: only the workflow as a whole is meant
}

func (g gates) all() bool { return g.selector.Empty() && len(g.ids) == 0 }

// toReject returns the selected gates of a workflow that has not ended. It returns an error if
// there are none, unless g selects all.
func (g gates) toReject(ctx context.Context, s *status.WorkflowStatus) ([]*status.Node, error) {
	waiting, _, err := g.find(ctx, s, false)
	return waiting, err
}

// toResume returns the selected gates, and the delays to end: all delays if g selects all, as in
// Argo, or those with a selected ID. A selector without IDs selects gates only.
func (g gates) toResume(ctx context.Context, s *status.WorkflowStatus) (waiting, delays []*status.Node, err error) {
	return g.find(ctx, s, true)
}

func (g gates) find(
	ctx context.Context, s *status.WorkflowStatus, withDelays bool,
) (waiting, delays []*status.Node, err error) {
	switch {
	case s.Completed():
		return nil, nil, g.withStates(completed(s), s)
	case g.none:
		return nil, nil, nil
	case s.NodesErr != nil:
		return nil, nil, s.NodesErr
	}
	ids := sets.New(g.ids...)
	for _, n := range s.Nodes {
		switch {
		case len(ids) > 0 && !ids.Has(n.ID):
		case n.Waiting() && ctx.Err() == nil && g.selector.Matches(n):
			waiting = append(waiting, detached(n))
		case withDelays && n.Delayed() && (g.all() || ids.Has(n.ID)) && g.selector.Matches(n):
			delays = append(delays, detached(n))
		}
	}
	if ctx.Err() != nil {
		return nil, nil, pace.Interruption(ctx, nil)
	}
	if len(waiting)+len(delays) == 0 && !g.all() {
		return nil, nil, g.notSuspended(s)
	}
	return waiting, delays, nil
}

// detached returns a copy of a node. A caller that keeps it doesn't keep all other nodes in memory.
func detached(n *status.Node) *status.Node {
	node := *n
	return &node
}

// decidedBefore returns what to do for a decision that no gate waits for, which is refused with
// err. This call may repeat a decision that the controller missed. So if a selected gate was
// decided before, and nothing shows that the controller acted on that, a write makes the controller
// look at the workflow first.
func (g gates) decidedBefore(ctx context.Context, s *status.WorkflowStatus, err error) (*change, error) {
	if s.Completed() || s.NodesErr != nil {
		return nil, err
	}
	ids := sets.New(g.ids...)
	acted := actedOn(s)
	missed := func(n *status.Node) bool {
		if n.Type != status.NodeTypeSuspend || !n.Phase.Fulfilled() || len(ids) > 0 && !ids.Has(n.ID) || ctx.Err() != nil || acted(n) {
			return false
		}
		waiting := *n // the selector may select by the phase
		waiting.Phase = status.NodeRunning
		return g.selector.Matches(n) || g.selector.Matches(&waiting)
	}
	if !slices.ContainsFunc(s.Nodes, missed) {
		return nil, err
	}
	touch := askAgain()
	touch.result = err
	return touch, nil
}

func (g gates) notSuspended(s *status.WorkflowStatus) error {
	var selected []string
	if !g.selector.Empty() {
		selected = append(selected, shown.Quoted(g.selector.String()))
	}
	if len(g.ids) > 0 {
		selected = append(selected, "ids "+shown.List(shown.Names(g.ids)))
	}
	waiting := "none is"
	if others := s.SuspendedNodes(); len(others) > 0 {
		waiting = "suspended are: " + nodeNames(others)
	}
	return g.withStates(fmt.Errorf("%w: %s; %s", ErrNotSuspended, strings.Join(selected, " and "), waiting), s)
}

// withStates returns err with the states of the selected nodes, which explain why they are not
// among the waiting gates.
func (g gates) withStates(err error, s *status.WorkflowStatus) error {
	var states []string
	switch {
	case s.NodesErr != nil:
	case len(g.ids) > 0:
		states = statesByID(s, g.ids)
	case !g.selector.Empty():
		for _, n := range s.Nodes {
			if n.Type == status.NodeTypeSuspend && !n.Waiting() && g.selector.Matches(n) {
				if len(states) < shown.MaxListed {
					states = append(states, gateState(n))
				} else {
					states = append(states, "") // the error shows only the first ones
				}
			}
		}
	}
	if len(states) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, shown.List(states))
}

// statesByID returns the state of the node of each ID.
func statesByID(s *status.WorkflowStatus, ids []string) []string {
	byID := make(map[string]*status.Node, len(s.Nodes))
	named := map[string][]string{} // display name or name → ids
	for _, n := range s.Nodes {
		byID[n.ID] = n
		named[n.DisplayName] = append(named[n.DisplayName], n.ID)
		if n.Name != n.DisplayName {
			named[n.Name] = append(named[n.Name], n.ID)
		}
	}
	states := make([]string, len(ids)) // the error shows only the first ones
	for i, id := range ids[:min(len(ids), shown.MaxListed)] {
		switch n := byID[id]; {
		case n != nil:
			states[i] = gateState(n)
		case len(named[id]) > 0:
			states[i] = fmt.Sprintf("%s is the name of a node, use its id %s", shown.Quoted(id), shown.List(shown.Names(named[id])))
		default:
			states[i] = "there is no node " + shown.Quoted(id)
		}
	}
	return states
}

// gateState describes a node that is not a selected waiting gate.
func gateState(n *status.Node) string {
	name := shown.Quoted(n.DisplayName)
	switch {
	case n.Type != status.NodeTypeSuspend:
		return fmt.Sprintf("%s is not a gate, its type is %s", name, shown.Name(string(n.Type)))
	case n.Delayed() && n.Until().IsZero():
		return "delay " + name + " passes by itself"
	case n.Delayed():
		return "delay " + name + " passes by itself at " + n.Until().UTC().Format(time.RFC3339)
	case n.Waiting():
		return "gate " + name + " waits, but the selector does not match it"
	}
	text := "gate " + name + " is " + shown.Name(string(n.Phase))
	if !n.EndTime.IsZero() {
		text += " since " + n.EndTime.UTC().Format(time.RFC3339)
	}
	if n.Message != "" {
		text += ": " + shown.Quoted(n.Message)
	}
	return text
}

// allAre reports whether is holds for each gate that waited before a write and its state now. It
// returns an error if now has no nodes to compare.
func allAre(now *status.WorkflowStatus, waited []*status.Node, is func(before, gate *status.Node) bool) (bool, error) {
	if now.NodesErr != nil {
		return false, now.NodesErr
	}
	byID := now.NodesByID()
	return !slices.ContainsFunc(waited, func(n *status.Node) bool {
		gate := byID[n.ID]
		return gate == nil || !is(n, gate)
	}), nil
}

// nodeIDProblems refuses an empty list that is not nil: a caller whose filter matched no ID doesn't
// mean all nodes.
func nodeIDProblems(ids []string) field.ErrorList {
	if ids != nil && len(ids) == 0 {
		return field.ErrorList{field.Required(field.NewPath("nodeIDs"), "at least one; leave it nil for all")}
	}
	return nil
}

// nodeSelector parses a node selector. path is its field in the request.
func nodeSelector(path *field.Path, text string) (status.NodeSelector, field.ErrorList) {
	selector, err := status.ParseNodeSelector(text)
	var malformed *status.NodeSelectorError
	if errors.As(err, &malformed) {
		return selector, field.ErrorList{field.Invalid(path, malformed.Selector, malformed.Reason)}
	}
	return selector, nil
}
