package backfill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// gateChoice selects gates, and says which phase they are to have.
type gateChoice struct {
	patterns []string
	all      bool
	become   status.NodePhase
}

func (c gateChoice) check() error {
	var problems field.ErrorList
	switch {
	case c.all && len(c.patterns) > 0:
		problems = append(problems, field.Forbidden(field.NewPath("all"), "cannot be combined with gates"))
	case !c.all && len(c.patterns) == 0:
		problems = append(problems, field.Required(field.NewPath("gates"), "names, IDs or patterns of gates; or set all"))
	}
	for i, pattern := range c.patterns {
		at := field.NewPath("gates").Index(i)
		if pattern == "" {
			problems = append(problems, field.Required(at, "a name, an ID or a pattern such as shard-*"))
		} else if _, err := parsePattern(pattern); err != nil {
			problems = append(problems, field.Invalid(at, pattern, "must be a name, an ID or a pattern such as shard-*: "+err.Error()))
		}
	}
	if len(problems) > 0 {
		return &workflow.InvalidError{Problems: problems}
	}
	return nil
}

// waiting returns the gates to decide. Each pattern has to match a waiting gate, or one that
// already has the wanted phase.
func (c gateChoice) waiting(ctx context.Context, s *status.WorkflowStatus) ([]*status.Node, error) {
	if s.NodesErr != nil {
		return nil, s.NodesErr
	}
	waiting := waitingGates(s)
	if c.all {
		return waiting, nil
	}
	index := newGateIndex(s, waiting)
	var chosen []*status.Node
	seen := map[*status.Node]bool{}
	for _, pattern := range c.patterns {
		if ctx.Err() != nil { // there can be many patterns, and many gates for each
			return nil, context.Cause(ctx)
		}
		found, decided := false, status.NodePhase("")
		for _, n := range index.selected(pattern) {
			if !index.waiting[n] {
				if decided != c.become {
					decided = n.Phase
				}
				continue
			}
			found = true
			if !seen[n] {
				seen[n] = true
				chosen = append(chosen, n)
			}
		}
		switch {
		case found || decided == c.become:
		case decided != "":
			return nil, fmt.Errorf("%w: gate %q is already %s", workflow.ErrConflict, pattern, decided)
		default:
			return nil, notWaiting(pattern, waiting, s.DelayedNodes())
		}
	}
	return chosen, nil
}

// notWaiting returns the error for a pattern that does not select a gate. It quotes and shortens
// names, which other users have chosen.
func notWaiting(pattern string, waiting, delays []*status.Node) error {
	if slices.ContainsFunc(delays, func(n *status.Node) bool { return Gate{ID: n.ID, Name: n.DisplayName}.Matches(pattern) }) {
		return fmt.Errorf("%w: %q is a delay, which passes by itself", workflow.ErrNotSuspended, pattern)
	}
	const most = 8
	hint := "no gate is waiting"
	if len(waiting) > 0 {
		var names []string
		for _, n := range waiting[:min(len(waiting), most)] {
			names = append(names, fmt.Sprintf("%.128q", n.DisplayName))
		}
		hint = "waiting gates: " + strings.Join(names, ", ")
		if more := len(waiting) - most; more > 0 {
			hint += fmt.Sprintf(" and %d more", more)
		}
	}
	return fmt.Errorf("%w: %q; %s", workflow.ErrNotSuspended, pattern, hint)
}

// gateIndex finds gates by name, ID or pattern.
type gateIndex struct {
	gates   []*status.Node            // all that wait or were decided, in order of their start
	byID    map[string]*status.Node   // each of them
	byName  map[string][]*status.Node // each of them
	waiting map[*status.Node]bool
}

func newGateIndex(s *status.WorkflowStatus, waiting []*status.Node) *gateIndex {
	x := &gateIndex{byID: map[string]*status.Node{}, byName: map[string][]*status.Node{}, waiting: make(map[*status.Node]bool, len(waiting))}
	for _, n := range waiting {
		x.waiting[n] = true
	}
	for _, n := range s.Nodes {
		if !x.waiting[n] && (n.Type != status.NodeTypeSuspend || !n.Phase.Fulfilled()) {
			continue
		}
		x.gates = append(x.gates, n)
		x.byID[n.ID] = n
		x.byName[n.DisplayName] = append(x.byName[n.DisplayName], n)
	}
	return x
}

// selected returns the gates that a name, ID or pattern selects. An ID takes precedence: a caller
// that decides by ID has looked at that gate, while names are chosen by others. Only a pattern is
// compared with every gate.
func (x *gateIndex) selected(pattern string) []*status.Node {
	if n := x.byID[pattern]; n != nil {
		return []*status.Node{n}
	}
	named := x.byName[pattern]
	p, err := parsePattern(pattern)
	if err != nil || !strings.ContainsAny(pattern, `*?[\`) {
		return named
	}
	exact := make(map[*status.Node]bool, len(named))
	for _, n := range named {
		exact[n] = true
	}
	var selected []*status.Node
	for _, n := range x.gates {
		if exact[n] || p.matches(n.DisplayName) {
			selected = append(selected, n)
		}
	}
	return selected
}
