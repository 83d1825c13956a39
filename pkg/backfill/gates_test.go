package backfill

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// decider is a client that records decisions, and has a result or error for each.
type decider struct {
	recorder
	result  *workflow.DecisionResult
	failure error

	verb, name string // of the last decision
	decision   workflow.Decision
}

func (d *decider) decide(verb, name string, decision workflow.Decision) (*workflow.DecisionResult, error) {
	d.verb, d.name, d.decision = verb, name, decision
	return d.result, d.failure
}

func (d *decider) Approve(_ context.Context, name string, decision workflow.Decision) (*workflow.DecisionResult, error) {
	return d.decide("approve", name, decision)
}

func (d *decider) Reject(_ context.Context, name string, decision workflow.Decision) (*workflow.DecisionResult, error) {
	return d.decide("reject", name, decision)
}

// decisions are the methods of a backfill that decide.
func decisions(b Backfill) map[string]func(context.Context, workflow.Decision) (*workflow.DecisionResult, error) {
	return map[string]func(context.Context, workflow.Decision) (*workflow.DecisionResult, error){"approve": b.Approve, "reject": b.Reject}
}

// atGates returns a run with gates, in the given order.
func atGates(run int, gates ...*status.Node) *status.WorkflowStatus {
	s := &status.WorkflowStatus{Name: fmt.Sprint("w-", run), UID: "u", Phase: status.PhaseRunning, Nodes: gates}
	if run > 1 {
		s.Labels = map[string]string{labelRun: fmt.Sprint(run)}
	}
	return s
}

func waitingGate(name string) *status.Node {
	return &status.Node{ID: "id-" + name, DisplayName: name, Type: status.NodeTypeSuspend, Phase: status.NodeRunning}
}

func newDecider(t *testing.T, d *decider) Backfill {
	t.Helper()
	b, err := New(config(t, "", ""), Dependencies{Workflows: d})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A decision is passed on as it is, about the latest run and bound to it.
func TestDecisionsAreAboutTheLatestRun(t *testing.T) {
	for name, tc := range map[string]struct{ decision, want workflow.Decision }{
		"any":   {workflow.Decision{All: true}, workflow.Decision{All: true, UID: "u"}},
		"bound": {workflow.Decision{All: true, UID: "another"}, workflow.Decision{All: true, UID: "another"}},
		"full": {
			workflow.Decision{Gates: []string{"a*"}, Selector: "phase=Running", Outputs: map[string]any{"o": 1}, Message: "m", By: "ann"},
			workflow.Decision{Gates: []string{"a*"}, Selector: "phase=Running", Outputs: map[string]any{"o": 1}, Message: "m", By: "ann", UID: "u"},
		},
		"what must not become an Expression, so that the client refuses it": {
			workflow.Decision{All: true, Outputs: map[string]any{"o": "{{=1}}"}},
			workflow.Decision{All: true, Outputs: map[string]any{"o": "{{=1}}"}, UID: "u"},
		},
	} {
		d := &decider{
			recorder: recorder{runs: []*status.WorkflowStatus{atGates(2, waitingGate("a")), atGates(1, waitingGate("a"))}},
			result:   &workflow.DecisionResult{Gates: []workflow.Gate{{ID: "id-a"}}},
		}
		for verb, decide := range decisions(newDecider(t, d)) {
			result, err := decide(t.Context(), tc.decision)
			if err != nil || result != d.result || d.verb != verb || d.name != "w-2" || !reflect.DeepEqual(d.decision, tc.want) {
				t.Errorf("%s, %s: %v, %v, %s of %s: %+v", name, verb, result, err, d.verb, d.name, d.decision)
			}
		}
	}
}

func TestRefusedDecisions(t *testing.T) {
	running := []*status.WorkflowStatus{atGates(1)}
	for name, tc := range map[string]struct {
		d    decider
		want error
	}{
		"not started":     {decider{}, ErrNotStarted},
		"an unknown run":  {decider{recorder: recorder{err: workflow.ErrUnavailable}}, workflow.ErrUnavailable},
		"by the workflow": {decider{recorder: recorder{runs: running}, failure: workflow.ErrReplaced}, workflow.ErrReplaced},
	} {
		for verb, decide := range decisions(newDecider(t, &tc.d)) {
			result, err := decide(t.Context(), workflow.Decision{All: true})
			if result != nil || !errors.Is(err, tc.want) || !strings.Contains(err.Error(), `backfill "rfs-s"`) {
				t.Errorf("%s, %s: %v, %v", name, verb, result, err)
			}
			if sent := tc.d.verb != ""; sent != (tc.d.failure != nil) {
				t.Errorf("%s, %s: sent: %t", name, verb, sent)
			}
		}
	}
}

func TestGatesOfTheLatestRun(t *testing.T) {
	stopped := atGates(1, waitingGate("a"))
	stopped.Shutdown = status.ShutdownStop
	unreadable := atGates(1)
	unreadable.NodesErr = status.ErrNodesOffloaded
	for name, tc := range map[string]struct {
		runs []*status.WorkflowStatus
		want string
		err  error
	}{
		"not started": {},
		"no gate":     {runs: []*status.WorkflowStatus{atGates(1)}},
		"gates":       {runs: []*status.WorkflowStatus{atGates(1, waitingGate("a"), waitingGate("b"))}, want: "a b"},
		"later run":   {runs: []*status.WorkflowStatus{atGates(1, waitingGate("a")), atGates(2, waitingGate("b"))}, want: "b"},
		"stopped":     {runs: []*status.WorkflowStatus{stopped}},
		"unreadable":  {runs: []*status.WorkflowStatus{unreadable}, err: workflow.ErrNodesOffloaded},
	} {
		b := newDecider(t, &decider{recorder: recorder{runs: tc.runs}})
		gates, err := b.Gates(t.Context())
		if got := namesOf(gates); got != tc.want || !errors.Is(err, tc.err) || err == nil && gates == nil {
			t.Errorf("%s: %#v, %v", name, gates, err)
		}
		if st, err := b.Status(t.Context()); err != nil || namesOf(st.Gates.Data) != tc.want || !errors.Is(st.Gates.Err, tc.err) {
			t.Errorf("%s: Status: %v, %v", name, st, err)
		}
	}
}

func namesOf(gates []workflow.Gate) string {
	names := make([]string, len(gates))
	for i, gate := range gates {
		names[i] = gate.Name
	}
	return strings.Join(names, " ")
}

// delayed returns a workflow with a delay, and a gate in the given phase.
func delayed(t *testing.T, gate status.NodePhase) *status.WorkflowStatus {
	t.Helper()
	s, err := status.FromJSON([]byte(`{
		"spec": {"templates": [{"name": "wait", "suspend": {"duration": "10m"}}]},
		"status": {"phase": "Running", "nodes": {
			"1": {"displayName": "cool-down", "type": "Suspend", "phase": "Running", "templateName": "wait", "startedAt": "2026-01-01T00:00:00Z"},
			"2": {"displayName": "check", "type": "Suspend", "phase": "` + string(gate) + `", "templateName": "ask"}
		}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A backfill with a delay continues by itself, so it is running.
func TestDelaysAreNotGates(t *testing.T) {
	for gate, want := range map[status.NodePhase]string{status.NodeRunning: "check", status.NodeSucceeded: ""} {
		s := delayed(t, gate)
		if got := stateOf(s, nil); got != StateRunning {
			t.Errorf("beside a gate that is %s: %s", gate, got)
		}
		b := newDecider(t, &decider{recorder: recorder{runs: []*status.WorkflowStatus{s}}})
		if gates, err := b.Gates(t.Context()); err != nil || namesOf(gates) != want {
			t.Errorf("beside a gate that is %s: %v, %v", gate, gates, err)
		}
	}
}
