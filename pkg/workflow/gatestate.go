package workflow

import (
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// GateState is a gate, or another node that a decision selected, and its phase.
type GateState struct {
	ID, Name string // Name is the display name, or that of a [GatePolicy]
	Phase    status.NodePhase
	EndTime  time.Time // zero if it has not ended
	Message  string    // the node's message, such as that of the decision about it

	why     string // it is not decided, if the phase does not say it
	outputs string // the names of those whose values are not those of the decision
}

// describeGates lists gates for an error.
func describeGates(gates []GateState) string {
	texts := make([]string, len(gates)) // List shows only the first ones
	for i, gate := range gates[:min(len(gates), shown.MaxListed)] {
		texts[i] = gate.describe()
	}
	return shown.List(texts)
}

func (g GateState) describe() string {
	if g.why != "" {
		return shown.Quoted(g.Name) + " " + g.why
	}
	text := "gate " + shown.Quoted(g.Name) + " is " + shown.Name(string(g.Phase))
	if !g.EndTime.IsZero() {
		text += " since " + g.EndTime.UTC().Format(time.RFC3339)
	}
	if g.outputs != "" {
		text += ", with other values of the outputs " + g.outputs
	}
	if g.Message != "" {
		text += ": " + shown.Quoted(g.Message)
	}
	return text
}

func stateOf(n *status.Node, why string) GateState {
	return GateState{ID: n.ID, Name: n.GateName(), Phase: n.Phase, EndTime: n.EndTime, Message: n.Message, why: why}
}

// withOutputs returns g as a gate that was approved with other values of the named outputs.
func (g GateState) withOutputs(names []string) GateState {
	g.outputs = shown.List(shown.Names(names[:min(len(names), shown.MaxListed)]))
	return g
}

// whyNotDecided says why a node that a decision selects is not decided, if its phase does not say it.
func whyNotDecided(n *status.Node) string {
	switch {
	case !isGate(n):
		return "is not a gate, its type is " + shown.Name(string(n.Type))
	case n.Delayed() && n.Until().IsZero():
		return "is a delay, which passes by itself; only its ID or exact name selects it"
	case n.Delayed():
		return "is a delay, which passes by itself at " + n.Until().UTC().Format(time.RFC3339) + "; only its ID or exact name selects it"
	case n.Waiting():
		return "is about to fail, since the workflow is being stopped"
	}
	return ""
}
