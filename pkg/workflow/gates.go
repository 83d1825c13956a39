package workflow

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// Gate is a node that waits for a decision: a suspend node without a duration, one that waits for
// outputs, or a step of a [GatePolicy].
type Gate struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"` // the node's display name, unless a GatePolicy says otherwise
	Since time.Time `json:"since"`
	// Until is when it passes by itself, with the defaults of its outputs; zero means never.
	Until time.Time `json:"until,omitzero"`
	// Message is the node's message.
	Message string `json:"message,omitempty"`
	// Outputs are the values that an approval may supply, and must supply if they have no default.
	Outputs []GateOutput `json:"outputs,omitempty"`
	// Object is the object of a GatePolicy that a decision about the gate is written to. Until Argo's step
	// sees the decision, the gate is still one that waits. Nil for a suspend node.
	Object *status.GateObject `json:"object,omitempty"`
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

// Gates returns the gates of a workflow that wait for a decision, in order of their start, and an
// empty slice if there are none. It does not return delays, which are suspend nodes that only pass
// time (see [status.Node.Delayed]). After a Stop only the gates in exit handlers wait; all others are
// about to fail. A workflow that has ended, or is only in [Options.History], has no gates.
//
// Gates reads the workflow once, and retries transient faults. The gates of a status that was read
// before are those of [GatesOf].
//
// Errors: [ErrNotFound], [ErrInvalid] (not the name of a workflow), [ErrNodesOffloaded], [ErrNodesGone],
// [ErrHistory], [ErrUnreadable] (an object or nodes that cannot be read), [ErrForbidden] (needs get),
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], and the context's.
func (c *WorkflowClient) Gates(ctx context.Context, name string) (gates []Gate, err error) {
	ctx, o := c.begin(ctx, OpGates, name, &err)
	defer o.emitEnd(ctx)
	obj, from, err := c.find(ctx, name)
	if err != nil {
		return nil, c.error(OpGates, name, err)
	}
	_, s, err := c.readCurrent(ctx, obj)
	if err != nil {
		return nil, c.error(OpGates, name, err)
	}
	s.Source = from
	waiting, err := waitingGates(s)
	if err == nil {
		gates, err = gatesOf(ctx, waiting)
	}
	if err != nil {
		return nil, c.error(OpGates, name, err)
	}
	return gates, nil
}

// GatesOf returns the gates that wait in a state of a workflow, as [WorkflowClient.Gates] does. The
// error is the NodesErr of a workflow that has not ended.
func GatesOf(s *status.WorkflowStatus) ([]Gate, error) {
	waiting, err := waitingGates(s)
	if err != nil {
		return nil, err
	}
	gates := make([]Gate, len(waiting))
	for i, n := range waiting {
		gates[i] = gateOf(n)
	}
	return gates, nil
}

func waitingGates(s *status.WorkflowStatus) ([]*status.Node, error) {
	if s.Source == status.SourceHistory { // nothing of it waits any more
		return nil, nil
	}
	if s.NodesErr != nil && !s.Completed() {
		return nil, s.NodesErr
	}
	return nodeselection.Waiting(s), nil
}

// gatesOf decodes the outputs of every node, so it can take a tenth of a second.
func gatesOf(ctx context.Context, nodes []*status.Node) ([]Gate, error) {
	gates := make([]Gate, 0, len(nodes))
	for _, n := range nodes {
		if ctx.Err() != nil {
			return nil, pace.Interruption(ctx, nil)
		}
		gates = append(gates, gateOf(n))
	}
	return gates, nil
}

func gateOf(n *status.Node) Gate {
	gate := Gate{ID: n.ID, Name: n.GateName(), Since: n.StartTime, Until: n.Until(), Message: n.Message, Object: n.GateObject()}
	for _, p := range n.AwaitedOutputs() {
		output := GateOutput{Name: p.Name, Description: p.Description, Enum: p.Enum}
		if p.HasDefault {
			output.Default = &p.Default
		}
		gate.Outputs = append(gate.Outputs, output)
	}
	return gate
}

// Matches reports whether a name, ID or pattern of a [Decision] selects the gate, unless it is the
// ID of another node, or reads as a pattern and is the name of another gate or delay. A malformed
// pattern selects none.
func (g Gate) Matches(pattern string) bool {
	if pattern == g.ID {
		return true
	}
	name, err := nodeselection.ParseName(pattern)
	return pattern == g.Name || err == nil && name.Matches(g.Name)
}

type plainGate Gate

// MarshalJSON implements [json.Marshaler]. Its length is bounded, since others write the values: the
// message is truncated to 1,000 bytes, ID and name to 256. If the outputs have more than 64 KiB,
// "outputs" is left out and "outputsLeftOut" is true, since a part of them could be mistaken for all.
func (g Gate) MarshalJSON() ([]byte, error) {
	const mostOfName, mostOfMessage, mostOfOutputs = 256, 1000, 64 << 10
	form := struct {
		plainGate

		OutputsLeftOut bool `json:"outputsLeftOut,omitempty"`
	}{plainGate: plainGate(g)}
	form.ID, form.Name, form.Message = cut(g.ID, mostOfName), cut(g.Name, mostOfName), cut(g.Message, mostOfMessage)
	if sizeOf(g.Outputs) > mostOfOutputs {
		form.Outputs, form.OutputsLeftOut = nil, true
	}
	return json.Marshal(form)
}

// cut truncates text to that many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// sizeOf returns approximately the size of outputs as JSON.
func sizeOf(outputs []GateOutput) int {
	const names, quotes = len(`{"name":"","description":"","default":"","enum":[]},`), len(`"",`)
	size := 0
	for _, o := range outputs {
		size += names + len(o.Name) + len(o.Description)
		if o.Default != nil {
			size += len(*o.Default)
		}
		for _, value := range o.Enum {
			size += quotes + len(value)
		}
	}
	return size
}
