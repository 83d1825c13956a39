package workflow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// Decision says which gates to approve or reject, and what to record about that. It needs Gates,
// Selector or both, or All.
type Decision struct {
	// Gates are display names or IDs of gates, or shell patterns of display names such as "shard-*", at
	// most 1,000. A [GatePolicy] can give its gates other names than display names. In a pattern * matches
	// any number of characters, ? one, [a-z] one of these, and [^a-z] or [!a-z] one other; a backslash
	// quotes the character after it. A slash is an ordinary character. A delay (see
	// [status.Node.Delayed]) is selected by its ID or its exact name, never by a pattern.
	//
	// An ID selects its own node only, even if another gate has it as its name. An entry that is
	// exactly the name of a gate or delay selects only those of that name, even if it also reads as a
	// pattern. So a gate that is named "shard-*" withdraws all others from that pattern. Where names are
	// not trusted, decide by IDs, and compare [DecisionResult.Gates] with what was meant.
	Gates []string
	// Selector selects gates by their fields, in the notation of the argo CLI, e.g.
	// "templateName=approve,inputs.parameters.shard.value=3". See [status.ParseNodeSelector]. With both
	// Gates and Selector, a gate has to match both. By itself, a selector does not select delays.
	Selector string
	// All selects every gate that waits, and no delay. It excludes Gates and Selector.
	All bool
	// Outputs are values for the output parameters that the gates wait for, in the forms that
	// [StartRequest.Parameters] allows. Each gate takes those that it has; a name that none of them has
	// is an error. A parameter without a value here takes its default. Only Approve allows outputs. A gate
	// of a [GatePolicy] has none.
	Outputs map[string]any
	// Message is recorded as the message of the nodes. It has at most 4 KiB of valid UTF-8. It must not
	// contain {{, since an exit handler can read it as {{workflow.failures}}, where Argo would evaluate
	// it, nor "by: map[", with which Argo says who decided, nor characters that [status.Printable]
	// replaces, except for line breaks and tabs.
	Message string
	// By says who decides, e.g. the e-mail address or the ID of a user. Approve and Reject record it as
	// Argo's server records its users: as labels of the workflow, in which characters other than
	// letters, digits and "-_." are replaced, and as it is in the message of the nodes. It has at most
	// 256 bytes, and none of what Message must not contain, nor line breaks and tabs. For a gate of a
	// [GatePolicy], By and Message are in the annotation argoservice.opensearch.org/decision of its object.
	By string
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// DecisionResult says what an Approve or Reject changed.
type DecisionResult struct {
	// Gates are the gates that this call decided, as they were before. It is empty if the same
	// decision was made before, by another call or by the controller.
	Gates []Gate
}

// decision is a [Decision], checked as far as possible without the workflow.
type decision struct {
	names    []nodeselection.Name
	selector status.NodeSelector
	all      bool
	outputs  gateOutputs
	message  string
	by       string
	verb     decisionVerb
	id       string // of the call, also if it writes several times

	inObjects []Gate          // the gates that the call has decided in objects so far
	reported  map[string]bool // their IDs
	written   map[string]bool // the objects that it has decided, by objectKey
	lost      []*status.Node  // the gates of an object whose decision was sent, but not answered
}

// decisionVerb is what distinguishes an approval from a rejection.
type decisionVerb struct {
	op     Op
	become status.NodePhase // the phase of the decided nodes
	action string           // Argo's name of the action, in a label
	byWhom string           // begins the part of the message that says who decided
	event  func([]*status.Node) eventDetails
}

// readDecision checks a request. It returns the problems of the outputs separately, since further
// ones can be found in the workflow if there are no others.
func readDecision(d Decision, verb decisionVerb) (read *decision, problems, ofOutputs field.ErrorList) {
	read = &decision{all: d.All, message: d.Message, by: d.By, verb: verb, id: newDecisionID(), written: map[string]bool{}, reported: map[string]bool{}}
	read.selector, problems = nodeSelector(field.NewPath("selector"), d.Selector)
	names, ofNames := nodeselection.ParseNames(field.NewPath("gates"), d.Gates)
	read.names = names
	problems = slices.Concat(ofNames, problems)
	switch selected := len(d.Gates) > 0 || d.Selector != ""; {
	case d.All && (selected || d.Gates != nil):
		problems = append(problems, field.Forbidden(field.NewPath("all"), "it selects every gate, so it excludes gates and selector"))
	case !d.All && !selected && d.Gates == nil:
		problems = append(problems, field.Required(field.NewPath("gates"), "names, IDs or patterns of gates; or set selector or all"))
	}
	problems = append(problems, recordedProblems(field.NewPath("message"), d.Message, 4<<10, "\n\t")...)
	problems = append(problems, recordedProblems(field.NewPath("by"), d.By, 256, "")...)
	read.outputs.values, read.outputs.faulty, ofOutputs = parameterStrings(field.NewPath("outputs"), d.Outputs)
	return read, problems, ofOutputs
}

// decide decides gates in one conditional write, and those that are decided in objects before that.
func (c *WorkflowClient) decide(ctx context.Context, name string, uid types.UID, d *decision) (*DecisionResult, error) {
	result, written := &DecisionResult{}, false
	_, err := c.edit(ctx, name, uid, func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		result.Gates, uid = []Gate{}, s.UID
		chosen, objects, err := c.choose(ctx, d, s)
		if err != nil || len(chosen.nodes) == 0 {
			return chosen.planRepetition(s, err)
		}
		if d.verb.become == status.NodeSucceeded { // a gate that is rejected needs no outputs
			if problems := d.outputs.problems(ctx, chosen.nodes); len(problems) > 0 {
				return nil, invalid(problems...)
			}
		}
		inWorkflow, inObjects := apart(chosen.nodes)
		planned := &change{written: func() { written = true }}
		if len(inObjects) > 0 {
			planned.prepare = func(ctx context.Context) error { return c.writeGateObjects(ctx, d, s, objects, inObjects) }
		}
		planned.event = func() eventDetails { return d.verb.event(chosen.nodes) }
		if len(inWorkflow) == 0 {
			return planned, nil
		}
		if result.Gates, err = gatesOf(ctx, inWorkflow); err != nil {
			return nil, err
		}
		about, first := d.on(inWorkflow), runOf(s)
		if err = c.planDecision(ctx, planned, obj, s, about); err != nil {
			return nil, err
		}
		planned.confirm = func(now *status.WorkflowStatus) (err error) {
			if now.NodesErr == nil && first.checkSame(now) == nil { // otherwise it shows nothing about d
				var kept map[string]bool
				kept, err = about.compare(ctx, now)
				result.Gates = slices.DeleteFunc(result.Gates, func(g Gate) bool { return !kept[g.ID] })
			}
			return err
		}
		return planned, nil
	})
	decided := slices.Clone(d.inObjects)
	if written {
		decided = append(decided, result.Gates...)
	}
	c.recordDecision(ctx, name, uid, d, decided)
	if err != nil {
		return nil, d.partly(err)
	}
	if len(d.inObjects) > 0 {
		result.Gates = append(d.inObjects, result.Gates...)
	}
	return result, nil
}

// choose chooses the nodes that a decision is about, and reads the objects of those that are decided in
// objects.
func (c *WorkflowClient) choose(ctx context.Context, d *decision, s *status.WorkflowStatus) (*choice, polledObjects, error) {
	if err := c.resolveLost(ctx, d); err != nil {
		return &choice{}, nil, err
	}
	chosen, err := d.choose(ctx, s, nil)
	if err != nil || len(c.gates) == 0 {
		return chosen, nil, err
	}
	objects, err := c.readGateObjects(ctx, d, chosen.nodes)
	if err != nil || len(objects) == 0 {
		return chosen, nil, err
	}
	chosen, err = d.choose(ctx, s, objects)
	return chosen, objects, err
}

// plannedDecision is a decision about these nodes.
type plannedDecision struct {
	*decision

	nodes []*status.Node
}

func (d *decision) on(nodes []*status.Node) plannedDecision { return plannedDecision{d, nodes} }

// planDecision plans the write of a decision to the workflow.
func (c *WorkflowClient) planDecision(
	ctx context.Context, planned *change, obj *unstructured.Unstructured, s *status.WorkflowStatus, d plannedDecision,
) error {
	statusPatch, nodes, err := c.patchDecided(ctx, obj, d)
	if err != nil {
		return err
	}
	planned.nodes = nodes
	planned.patch = map[string]any{"metadata": d.metadata(s), "status": statusPatch}
	planned.tookEffect = d.tookEffect
	if !s.SpecSuspended { // otherwise the controller acts on it after a Resume
		planned.uptake = gatesDecided(s, d.nodes)
	}
	return nil
}

// patchDecided returns the merge patch for status that decides the nodes, and the nodes of the change, if they
// are to be stored.
func (c *WorkflowClient) patchDecided(
	ctx context.Context, obj *unstructured.Unstructured, d plannedDecision,
) (patch map[string]any, nodes func() ([]byte, error), err error) {
	edits := make(map[string]status.NodeEdit, len(d.nodes))
	var supplied []status.Parameter
	now := timestamp(time.Now())
	for _, n := range d.nodes {
		if ctx.Err() != nil {
			return nil, nil, pace.Interruption(ctx, nil)
		}
		edit := status.NodeEdit{Set: map[string]any{"phase": string(d.verb.become), "finishedAt": now}}
		if message := d.messageOn(n); message != n.Message {
			edit.Set["message"] = message
		}
		if d.verb.become == status.NodeSucceeded {
			var set []status.Parameter
			edit.Supply, set = d.outputs.supply(n)
			supplied = append(supplied, set...)
		}
		edits[n.ID] = edit
	}
	patch, stored, err := c.patchNodes(ctx, obj, edits)
	if err != nil {
		return nil, nil, err
	}
	if upserted := globalOutputs(obj, supplied); upserted != nil {
		patch["outputs"] = map[string]any{"parameters": upserted}
	}
	if stored != nil {
		nodes = func() ([]byte, error) { return stored, nil }
	}
	return patch, nodes, nil
}

// compare compares the nodes, after d has been written, with a later state. The controller decides
// some gates itself: it passes them at their timeout, and fails them at a deadline or after a stop. If
// it began that before d was written, it writes it on top of d where d wrote the same phase. kept has
// the IDs of the nodes that now has as d wrote them, or with a later phase. The error is that of an
// approval whose outputs were replaced, or says that ctx ended before that was known.
func (d plannedDecision) compare(ctx context.Context, now *status.WorkflowStatus) (kept map[string]bool, err error) {
	kept = make(map[string]bool, len(d.nodes))
	byID := now.NodesByID()
	var replaced []GateState
	for _, before := range d.nodes {
		if ctx.Err() != nil {
			return kept, unknown(fmt.Errorf("the decision is written, but was not seen to hold: %w", pace.Interruption(ctx, nil)))
		}
		n := byID[before.ID]
		if n == nil || n.Phase != d.verb.become {
			kept[before.ID] = true
			continue
		}
		switch differing := d.outputs.differing(n, before); {
		case len(differing) > 0 && len(replaced) < mostGateStates:
			replaced = append(replaced, stateOf(n, "").withOutputs(differing))
		case len(differing) == 0 && n.Message == d.messageOn(before):
			kept[before.ID] = true
		}
	}
	if len(replaced) > 0 {
		return kept, undecidable(now, replaced[0].Name, replaced)
	}
	return kept, nil
}
