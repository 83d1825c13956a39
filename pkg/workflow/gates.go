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

// gates says which of the gates that wait are meant. The zero value means all.
type gates struct {
	selector status.NodeSelector
	ids      []string
	none     bool // none of them: the workflow as a whole
}

func (g gates) all() bool { return g.selector.Empty() && len(g.ids) == 0 }

// toDecide are the gates meant, of a workflow that has not ended. That there is none is an error
// unless all are meant.
func (g gates) toDecide(ctx context.Context, s *status.WorkflowStatus) ([]*status.Node, error) {
	waiting, _, err := g.find(ctx, s, false)
	return waiting, err
}

// toResume are the gates meant, and the delays that are cut short: all of them with the
// workflow as a whole, as in Argo, or those that are named by id. A selector means gates only.
func (g gates) toResume(ctx context.Context, s *status.WorkflowStatus) (waiting, delays []*status.Node, err error) {
	return g.find(ctx, s, true)
}

func (g gates) find(
	ctx context.Context, s *status.WorkflowStatus, withDelays bool,
) (waiting, delays []*status.Node, err error) {
	switch {
	case s.Completed():
		return nil, nil, g.explained(completed(s), s)
	case g.none:
		return nil, nil, nil
	case s.NodesErr != nil:
		return nil, nil, s.NodesErr
	}
	ids := sets.New(g.ids...)
	for _, n := range s.Nodes {
		switch {
		case len(ids) > 0 && !ids.Has(n.ID):
		case n.Active() && ctx.Err() == nil && g.selector.Matches(n):
			waiting = append(waiting, alone(n))
		case withDelays && n.Delayed() && (g.all() || ids.Has(n.ID)) && g.selector.Matches(n):
			delays = append(delays, alone(n))
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

// alone is a copy of a node, which keeps no others in memory as long as it is in use.
func alone(n *status.Node) *status.Node {
	its := *n
	return &its
}

// decidedBefore is for a decision that no gate waits for, with err as its answer. Where a gate that
// is meant was decided before, and nothing shows that the controller has acted on that, it is made
// to look at the workflow first: it may have overlooked that decision, of which this one may be the
// repetition.
func (g gates) decidedBefore(ctx context.Context, s *status.WorkflowStatus, err error) (*change, error) {
	if s.Completed() || s.NodesErr != nil {
		return nil, err
	}
	ids := sets.New(g.ids...)
	acted := actedOn(s)
	overlooked := func(n *status.Node) bool {
		if n.Type != status.NodeTypeSuspend || !n.Phase.Fulfilled() || len(ids) > 0 && !ids.Has(n.ID) || ctx.Err() != nil || acted(n) {
			return false
		}
		asItWaited := *n // the selector may be about the phase
		asItWaited.Phase = status.NodeRunning
		return g.selector.Matches(n) || g.selector.Matches(&asItWaited)
	}
	if !slices.ContainsFunc(s.Nodes, overlooked) {
		return nil, err
	}
	again := askAgain()
	again.answer = err
	return again, nil
}

func (g gates) notSuspended(s *status.WorkflowStatus) error {
	var asked []string
	if !g.selector.Empty() {
		asked = append(asked, shown.Quoted(g.selector.String()))
	}
	if len(g.ids) > 0 {
		asked = append(asked, "ids "+shown.List(shown.Names(g.ids)))
	}
	there := "none is"
	if others := s.SuspendedNodes(); len(others) > 0 {
		there = "suspended are: " + nodeNames(others)
	}
	return g.explained(fmt.Errorf("%w: %s; %s", ErrNotSuspended, strings.Join(asked, " and "), there), s)
}

// explained is err with what has become of the nodes that were meant, or why they are not meant.
func (g gates) explained(err error, s *status.WorkflowStatus) error {
	var fates []string
	switch {
	case s.NodesErr != nil:
	case len(g.ids) > 0:
		fates = fatesByID(s, g.ids)
	case !g.selector.Empty():
		for _, n := range s.Nodes {
			if n.Type == status.NodeTypeSuspend && !n.Active() && g.selector.Matches(n) {
				if len(fates) < shown.MaxListed {
					fates = append(fates, fate(n))
				} else {
					fates = append(fates, "") // the text has the first ones only
				}
			}
		}
	}
	if len(fates) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, shown.List(fates))
}

func fatesByID(s *status.WorkflowStatus, ids []string) []string {
	byID := make(map[string]*status.Node, len(s.Nodes))
	named := map[string][]string{} // display name or name → ids
	for _, n := range s.Nodes {
		byID[n.ID] = n
		named[n.DisplayName] = append(named[n.DisplayName], n.ID)
		if n.Name != n.DisplayName {
			named[n.Name] = append(named[n.Name], n.ID)
		}
	}
	fates := make([]string, len(ids)) // the text has the first ones only
	for i, id := range ids[:min(len(ids), shown.MaxListed)] {
		switch n := byID[id]; {
		case n != nil:
			fates[i] = fate(n)
		case len(named[id]) > 0:
			fates[i] = fmt.Sprintf("%s is the name of a node; ids are wanted, and its id is %s", shown.Quoted(id), shown.List(shown.Names(named[id])))
		default:
			fates[i] = "there is no node " + shown.Quoted(id)
		}
	}
	return fates
}

// fate says how it stands with a node that is not among the gates to decide.
func fate(n *status.Node) string {
	name := shown.Quoted(n.DisplayName)
	switch {
	case n.Type != status.NodeTypeSuspend:
		return fmt.Sprintf("%s is not a gate, its type is %s", name, shown.Name(string(n.Type)))
	case n.Delayed() && n.Until().IsZero():
		return "delay " + name + " passes by itself"
	case n.Delayed():
		return "delay " + name + " passes by itself at " + n.Until().UTC().Format(time.RFC3339)
	case n.Active():
		return "gate " + name + " waits, and the selector does not match it"
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

// allAre reports whether all of the gates that waited are what a write was to make of them.
// It fails where the nodes cannot be seen.
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
