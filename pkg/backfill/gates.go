package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Gate is where a workflow waits for a decision. Where it only waits for a time to pass (see
// [status.Node.Delayed]), it is at no gate: nothing here shows that or cuts it short.
type Gate struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"` // the node's display name
	Since time.Time `json:"since"`
	// Until is when it passes by itself, with its outputs' defaults; zero: never.
	Until time.Time `json:"until,omitzero"`
	// Message is what the template says of it.
	Message string `json:"message,omitempty"`
	// Outputs are the values that an approval may supply, and has to where they have no default.
	Outputs []GateOutput `json:"outputs,omitempty"`
}

// GateOutput is a value that a gate waits for.
type GateOutput struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Default is what it becomes if nothing is supplied; nil: something has to be.
	Default *string `json:"default,omitempty"`
	// Enum are the values allowed; empty: any.
	Enum []string `json:"enum,omitempty"`
}

// Approval says which gates to pass.
type Approval struct {
	// Gates are names or ids, or shell patterns of names such as "shard-*": * stands for any number
	// of characters, ? for one, [a-z] for one of these and [^a-z] or [!a-z] for any other, and a
	// backslash takes the meaning from the character behind it. A slash is a character like any other.
	// An id means its gate alone, also where another gate has it as its name.
	Gates []string
	// All passes all that wait, in place of Gates.
	All bool
	// Outputs are values for the gates' output parameters, in the forms that
	// [workflow.StartRequest.Parameters] allows. A gate without such a parameter ignores it.
	Outputs map[string]any
}

// Rejection says which gates to fail.
type Rejection struct {
	// Gates and All are as in [Approval].
	Gates []string
	All   bool
	// Message is put on the gates; see [workflow.StopOptions].
	Message string
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

// openGates are those that wait, of a workflow for which a decision still matters. After a stop that
// is so within exit handlers, which run to their end; all other gates are about to fail.
func openGates(s *status.WorkflowStatus) []*status.Node {
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

// exitHandlers returns a function that reports whether a node is part of an exit handler, by the rule
// by which the controller decides what runs on after a stop.
func exitHandlers(s *status.WorkflowStatus) func(*status.Node) bool {
	byID := s.NodesByID()
	known := make(map[*status.Node]bool) // the answers so far, so that no node is passed twice
	return func(n *status.Node) bool {
		var path []*status.Node
		answer := false
		for ; n != nil; n = byID[n.BoundaryID] {
			before, was := known[n]
			if was { // also where the boundaries lead round in a circle
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
	s, err := b.current(ctx)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return []Gate{}, nil
	case s.NodesErr != nil:
		return nil, b.failed(s.NodesErr)
	}
	return gatesOf(openGates(s)), nil
}

func (b *argoBackfill) Approve(ctx context.Context, approval Approval) ([]Gate, error) {
	decide := func(name string, uid types.UID, waiting []*status.Node) ([]*status.Node, error) {
		result, err := b.deps.Workflows.Resume(ctx, name, workflow.ResumeOptions{NodeIDs: idsOf(waiting), Outputs: approval.Outputs, UID: uid})
		if err != nil {
			return nil, err
		}
		return result.Nodes, nil
	}
	return b.decide(ctx, gateChoice{approval.Gates, approval.All, status.NodeSucceeded}, decide)
}

func (b *argoBackfill) Reject(ctx context.Context, rejection Rejection) ([]Gate, error) {
	decide := func(name string, uid types.UID, waiting []*status.Node) ([]*status.Node, error) {
		err := b.deps.Workflows.Stop(ctx, name, workflow.StopOptions{NodeIDs: idsOf(waiting), Message: rejection.Message, UID: uid})
		if err != nil {
			return nil, err
		}
		now, err := b.deps.Workflows.Get(ctx, name) // which of them it was
		if err != nil {
			return nil, err
		}
		after := now.NodesByID()
		return slices.DeleteFunc(waiting, func(n *status.Node) bool {
			now := after[n.ID]
			return now == nil || !now.Phase.Unsuccessful()
		}), nil
	}
	return b.decide(ctx, gateChoice{rejection.Gates, rejection.All, status.NodeFailed}, decide)
}

// decide finds the gates and has them decided, in one write. Where another client was quicker with
// some, it looks again: the same decision is a success.
func (b *argoBackfill) decide(ctx context.Context, choice gateChoice, decide decideFunc) ([]Gate, error) {
	if err := choice.check(); err != nil {
		return nil, err
	}
	decided := []Gate{}
	for {
		if ctx.Err() != nil {
			return decided, b.failed(context.Cause(ctx))
		}
		s, err := b.current(ctx)
		if err != nil {
			return decided, err
		}
		if s == nil {
			return decided, b.failed(ErrNotStarted)
		}
		waiting, err := choice.waiting(ctx, s)
		if err != nil {
			return decided, b.failed(err)
		}
		if len(waiting) == 0 {
			if len(decided) == 0 {
				err = choice.repeat(s, decide)
			}
			return decided, b.failed(err)
		}
		count := len(waiting)
		done, err := decide(s.Name, s.UID, alone(waiting))
		decided = append(decided, gatesOf(done)...)
		if errors.Is(err, workflow.ErrNotSuspended) || errors.Is(err, workflow.ErrCompleted) {
			continue // they wait no more: the next look says why
		}
		if err != nil || len(done) == count || choice.all {
			return decided, b.failed(err)
		}
	}
}

// decideFunc decides these gates of a workflow, and returns those that it was who decided.
type decideFunc func(name string, uid types.UID, waiting []*status.Node) ([]*status.Node, error)

// alone are copies of nodes, which keep no others in memory as long as they are in use: a decision takes
// a while.
func alone(nodes []*status.Node) []*status.Node {
	copies := make([]*status.Node, len(nodes))
	for i, n := range nodes {
		its := *n
		copies[i] = &its
	}
	return copies
}

func idsOf(nodes []*status.Node) []string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	return ids
}

// repeat makes a decision once more that was made before, so that the controller looks at the
// workflow again if it has overlooked it. For that, any one of the gates is enough.
func (c gateChoice) repeat(s *status.WorkflowStatus, decide decideFunc) error {
	if s.Completed() {
		return nil
	}
	index := newGateIndex(s, nil)
	meant := index.gates
	if !c.all {
		meant = index.meant(c.patterns[0])
	}
	at := slices.IndexFunc(meant, func(n *status.Node) bool { return n.Phase == c.become })
	if at < 0 {
		return nil
	}
	_, err := decide(s.Name, s.UID, alone(meant[at:at+1]))
	if errors.Is(err, workflow.ErrNotSuspended) || errors.Is(err, workflow.ErrCompleted) {
		return nil
	}
	return err
}

// gateChoice says which gates are meant, and what they are to become.
type gateChoice struct {
	patterns []string
	all      bool
	become   status.NodePhase
}

func (c gateChoice) check() error {
	var problems field.ErrorList
	switch {
	case c.all && len(c.patterns) > 0:
		problems = append(problems, field.Forbidden(field.NewPath("all"), "gates names some already"))
	case !c.all && len(c.patterns) == 0:
		problems = append(problems, field.Required(field.NewPath("gates"), "names, ids or patterns of gates; or all"))
	}
	for i, pattern := range c.patterns {
		at := field.NewPath("gates").Index(i)
		if pattern == "" {
			problems = append(problems, field.Required(at, "a name, an id or a pattern such as shard-*"))
		} else if _, err := parsePattern(pattern); err != nil {
			problems = append(problems, field.Invalid(at, pattern, "must be a name, an id or a pattern such as shard-*: "+err.Error()))
		}
	}
	if len(problems) > 0 {
		return &workflow.InvalidError{Problems: problems}
	}
	return nil
}

// Matches reports whether a name, id or pattern of an [Approval] means the gate, unless it is the id of
// another gate. One that is malformed means none.
func (g Gate) Matches(pattern string) bool {
	if pattern == g.ID || pattern == g.Name {
		return true
	}
	p, err := parsePattern(pattern)
	return err == nil && p.matches(g.Name)
}

func gateNamed(n *status.Node) Gate { return Gate{ID: n.ID, Name: n.DisplayName} }

// gateIndex finds gates by what an [Approval] calls them.
type gateIndex struct {
	gates []*status.Node            // all that are open or decided, in order of their start
	byID  map[string]*status.Node   // each of them
	named map[string][]*status.Node // by name
	open  map[*status.Node]bool     // those that wait
}

func newGateIndex(s *status.WorkflowStatus, open []*status.Node) *gateIndex {
	x := &gateIndex{byID: map[string]*status.Node{}, named: map[string][]*status.Node{}, open: make(map[*status.Node]bool, len(open))}
	for _, n := range open {
		x.open[n] = true
	}
	for _, n := range s.Nodes {
		if !x.open[n] && (n.Type != status.NodeTypeSuspend || !n.Phase.Fulfilled()) {
			continue
		}
		x.gates = append(x.gates, n)
		x.byID[n.ID] = n
		x.named[n.DisplayName] = append(x.named[n.DisplayName], n)
	}
	return x
}

// meant are the gates that a name, id or pattern means. An id comes first: whoever decides a gate by its
// id has looked at that one, and what another one is called was chosen by others. Only a pattern takes a
// look at every gate.
func (x *gateIndex) meant(text string) []*status.Node {
	if n := x.byID[text]; n != nil {
		return []*status.Node{n}
	}
	named := x.named[text]
	p, err := parsePattern(text)
	if err != nil || !strings.ContainsAny(text, `*?[\`) {
		return named
	}
	exact := make(map[*status.Node]bool, len(named))
	for _, n := range named {
		exact[n] = true
	}
	var meant []*status.Node
	for _, n := range x.gates {
		if exact[n] || p.matches(n.DisplayName) {
			meant = append(meant, n)
		}
	}
	return meant
}

// waiting are the gates to decide. Each pattern has to match one that waits, or else one that has
// become already what it is to become.
func (c gateChoice) waiting(ctx context.Context, s *status.WorkflowStatus) ([]*status.Node, error) {
	if s.NodesErr != nil {
		return nil, s.NodesErr
	}
	open := openGates(s)
	if c.all {
		return open, nil
	}
	index := newGateIndex(s, open)
	var chosen []*status.Node
	seen := map[*status.Node]bool{}
	for _, pattern := range c.patterns {
		if ctx.Err() != nil { // there can be many patterns, and many gates for each to look at
			return nil, context.Cause(ctx)
		}
		found, decided := false, status.NodePhase("")
		for _, n := range index.meant(pattern) {
			if !index.open[n] {
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
			return nil, fmt.Errorf("%w: gate %q is %s already", workflow.ErrConflict, pattern, decided)
		default:
			return nil, notWaiting(pattern, open, s.DelayedNodes())
		}
	}
	return chosen, nil
}

func notWaiting(pattern string, open, delays []*status.Node) error {
	if slices.ContainsFunc(delays, func(n *status.Node) bool { return gateNamed(n).Matches(pattern) }) {
		return fmt.Errorf("%w: %q is a delay, which passes by itself", workflow.ErrNotSuspended, pattern)
	}
	const most = 8
	there := "no gate is waiting"
	if len(open) > 0 {
		var names []string
		for _, n := range open[:min(len(open), most)] {
			names = append(names, fmt.Sprintf("%.128q", n.DisplayName)) // others have chosen it
		}
		there = "waiting are: " + strings.Join(names, ", ")
		if more := len(open) - most; more > 0 {
			there += fmt.Sprintf(" and %d more", more)
		}
	}
	return fmt.Errorf("%w: %q; %s", workflow.ErrNotSuspended, pattern, there)
}
