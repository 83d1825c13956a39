package workflow

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// choice is what a decision selects in one state of a workflow.
type choice struct {
	nodes   []*status.Node // those to decide, as copies that do not keep the other nodes in memory
	decided []*status.Node // those that were decided before, either way
}

// chooser makes a choice.
type chooser struct {
	*decision
	choice

	objects polledObjects
	open    func(*status.Node) bool // see nodeselection.Open
	seen    map[*status.Node]bool
	refused []GateState // gates that wait, but whose objects were decided otherwise
}

// choose finds the nodes that a decision is about. Each entry has to select one that waits, or one
// that was decided in the same way before, with the same outputs as far as d has any. objects are those
// of the gates that are decided in objects; a gate without one counts as undecided. The choice is not nil
// even with an error, and then has what was found so far.
func (d *decision) choose(ctx context.Context, s *status.WorkflowStatus, objects polledObjects) (*choice, error) {
	c := &chooser{decision: d, objects: objects, open: nodeselection.Open(s), seen: map[*status.Node]bool{}}
	switch {
	case s.NodesErr != nil && s.Completed():
		return &c.choice, completed(s)
	case s.NodesErr != nil:
		return &c.choice, s.NodesErr
	case len(d.names) == 0:
		others, found := c.take(nil, gateNodes(s))
		if len(c.refused) > 0 { // it waits, and so it is meant
			return &c.choice, undecidable(s, cmp.Or(d.selector.String(), "all"), c.refused)
		}
		if !found && (s.Completed() || !d.all) {
			return &c.choice, undecidable(s, d.selector.String(), others)
		}
		return &c.choice, nil
	}
	index := nodeselection.NewIndex(s, gateName)
	for _, name := range d.names {
		if ctx.Err() != nil { // there can be many names, and many gates for each
			return &c.choice, pace.Interruption(ctx, nil)
		}
		others, found := c.take(index.Find(name))
		if len(c.refused) > 0 {
			return &c.choice, undecidable(s, name.String(), c.refused)
		}
		if !found {
			return &c.choice, undecidable(s, name.String(), others)
		}
	}
	return &c.choice, nil
}

// take adds the nodes that an entry selects to the choice. It reports whether one of them waits or was
// decided in the same way, and returns the states of the others.
func (c *chooser) take(exact, matched []*status.Node) (others []GateState, found bool) {
	for i, n := range slices.Concat(exact, matched) {
		decided := isGate(n) && n.Phase.Fulfilled()
		selects := c.selector.Matches(n)
		if decided && !selects {
			waiting := *n // the selector may select by the phase
			waiting.Phase = status.NodeRunning
			selects = c.selector.Matches(&waiting)
		}
		why := ""
		var differing []string
		switch {
		case !selects && len(c.names) == 0:
			continue
		case !selects:
			why = "is not matched by the selector"
		case c.open(n) && (n.Waiting() || n.Delayed() && i < len(exact)):
			object := c.objects.of(n)
			if why = object.otherwise(n); why != "" {
				c.refuse(n, why)
				break
			}
			found = true
			if !c.seen[n] {
				c.seen[n] = true
				c.add(n, object)
			}
			continue
		case decided:
			if !c.seen[n] && isSuspend(n) { // the controller itself has written the phases of others
				c.seen[n] = true
				c.decided = append(c.decided, n)
			}
			if n.Phase != c.verb.become {
				break
			}
			if !isSuspend(n) {
				found = true
				continue
			}
			if differing = c.outputs.differing(n, nil); len(differing) == 0 {
				found = true
				continue
			}
		default:
			why = whyNotDecided(n)
		}
		if len(others) < mostGateStates {
			others = append(others, stateOf(n, why).withOutputs(differing))
		}
	}
	return others, found
}

// add adds a gate that waits to the choice, unless its object was decided before.
func (c *chooser) add(n *status.Node, object *polledObject) {
	switch {
	case object == nil || object.verdict == undecided:
		c.nodes = append(c.nodes, detached([]*status.Node{n})...)
	case object.verdict == decidedHere: // the call went on after a conflict
		c.addInObject(n)
	}
}

func (c *chooser) refuse(n *status.Node, why string) {
	if len(c.refused) < mostGateStates {
		c.refused = append(c.refused, stateOf(n, why))
	}
}

// planRepetition returns what to do for a decision that has nothing to decide: err is its result. This
// call may repeat a decision that the controller missed. So if a selected gate was decided before, and
// nothing shows that the controller acted on that, a write makes the controller look at the workflow
// first.
func (c *choice) planRepetition(s *status.WorkflowStatus, err error) (*change, error) {
	if s.Completed() || s.NodesErr != nil || contextEnded(err) {
		return nil, err
	}
	acted := actedOn(s)
	if !slices.ContainsFunc(c.decided, func(n *status.Node) bool { return !acted(n) }) {
		return nil, err
	}
	touch := askAgain()
	touch.result = err
	return touch, nil
}

// undecidable returns the error of a decision whose entry selects only the others.
func undecidable(s *status.WorkflowStatus, selected string, others []GateState) error {
	if s.Completed() {
		e := completed(s)
		e.Gates = others
		return e
	}
	return notSuspended(selected, others, nodeselection.Waiting(s))
}

func isSuspend(n *status.Node) bool { return n.Type == status.NodeTypeSuspend }

// isGate reports whether a node is a gate or a delay, in whatever phase.
func isGate(n *status.Node) bool { return isSuspend(n) || n.GateObject() != nil }

// gateName returns the name by which a gate or delay is selected, and whether n is one.
func gateName(n *status.Node) (string, bool) { return n.GateName(), isGate(n) }

func gateNodes(s *status.WorkflowStatus) []*status.Node {
	return slices.DeleteFunc(slices.Clone(s.Nodes), func(n *status.Node) bool { return !isGate(n) })
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
