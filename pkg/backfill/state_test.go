package backfill

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestStates(t *testing.T) {
	gate := &status.Node{ID: "gate", Type: status.NodeTypeSuspend, Phase: status.NodeRunning}
	group := &status.Node{ID: "group", Type: status.NodeTypeSteps, Phase: status.NodeRunning}
	pod := &status.Node{ID: "pod", Type: status.NodeTypePod, Phase: status.NodePending}
	retry := &status.Node{ID: "retry", Type: status.NodeTypeRetry, Phase: status.NodeRunning}
	retryOfGate := &status.Node{ID: "retry-of-gate", Type: status.NodeTypeRetry, Phase: status.NodeRunning, Children: []string{"gate"}}
	attempt := &status.Node{ID: "attempt", Type: status.NodeTypePod, Phase: status.NodeFailed}
	running := func(nodes ...*status.Node) *status.WorkflowStatus {
		return &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: nodes}
	}
	stopped := &status.WorkflowStatus{Phase: status.PhaseFailed, Shutdown: status.ShutdownStop}
	for _, tc := range []struct {
		workflow *status.WorkflowStatus
		pods     *Pods
		want     State
	}{
		{nil, nil, StateNotStarted},
		{&status.WorkflowStatus{}, nil, StateStarting},
		{&status.WorkflowStatus{Phase: status.PhasePending}, nil, StateStarting},
		{running(), nil, StateRunning},
		{running(), &Pods{}, StateRunning},
		{&status.WorkflowStatus{Phase: status.PhaseRunning, SpecSuspended: true}, nil, StatePaused},
		{&status.WorkflowStatus{SpecSuspended: true}, nil, StatePaused},
		{running(group, gate), nil, StatePaused},
		{running(group, gate, attempt), nil, StatePaused},
		{running(group, gate, pod), nil, StateRunning},
		{running(group, gate, retry, attempt), nil, StateRunning},
		{running(group, retryOfGate, gate), nil, StatePaused},
		{&status.WorkflowStatus{Phase: status.PhaseRunning, Shutdown: status.ShutdownStop}, nil, StateTerminating},
		{&status.WorkflowStatus{Phase: status.PhaseRunning, Shutdown: status.ShutdownStop, SpecSuspended: true}, nil, StateTerminating},
		{stopped, nil, StateStopped},
		{stopped, &Pods{}, StateStopped},
		{stopped, &Pods{Terminating: 1}, StateTerminating},
		{stopped, &Pods{Running: 1, Desired: 1}, StateTerminating},
		{&status.WorkflowStatus{Phase: status.PhaseFailed, Shutdown: status.ShutdownTerminate}, nil, StateStopped},
		{&status.WorkflowStatus{Phase: status.PhaseFailed}, nil, StateFailed},
		{&status.WorkflowStatus{Phase: status.PhaseError}, nil, StateFailed},
		{&status.WorkflowStatus{Phase: status.PhaseSucceeded}, &Pods{Terminating: 1}, StateSucceeded},
		{&status.WorkflowStatus{Phase: status.PhaseSucceeded, Shutdown: status.ShutdownStop}, nil, StateSucceeded},
	} {
		if got := stateOf(tc.workflow, tc.pods); got != tc.want {
			t.Errorf("%+v, %+v: %s, want %s", tc.workflow, tc.pods, got, tc.want)
		}
	}
}

// A gate that is decided in an object pauses a backfill like any other, during its attempts too.
func TestStatesAtGatesOfObjects(t *testing.T) {
	const beside = `,"p":{"type":"Pod","phase":"Running","templateName":"x"}`
	for nodes, want := range map[string]State{
		`"g":{"type":"Pod","phase":"Running","templateName":"t"}`:          StatePaused,
		`"g":{"type":"Pod","phase":"Running","templateName":"t"}` + beside: StateRunning,
		`"r":{"type":"Retry","phase":"Running","templateName":"t","children":["a"]},"a":{"type":"Pod","phase":"Failed","templateName":"t","nodeFlag":{"retried":true}}`:              StatePaused,
		`"r":{"type":"Retry","phase":"Running","templateName":"t","children":["a"]},"a":{"type":"Pod","phase":"Running","templateName":"t","nodeFlag":{"retried":true}}`:             StatePaused,
		`"r":{"type":"Retry","phase":"Running","templateName":"t","children":["a"]},"a":{"type":"Pod","phase":"Running","templateName":"t","nodeFlag":{"retried":true}}` + beside:    StateRunning,
		`"r":{"type":"Retry","phase":"Running","templateName":"x","children":["a"]},"a":{"type":"Pod","phase":"Failed","templateName":"x"},"s":{"type":"Suspend","phase":"Running"}`: StateRunning,
	} {
		gates := status.NodeDecoders{}.WithGates(func(status.PolledResource) *status.GateObject {
			return &status.GateObject{Kind: "Approval", Name: "one"}
		})
		s, err := gates.FromJSON([]byte(`{"spec":{"templates":[{"name":"t","resource":{"action":"get","manifest":"m","successCondition":"c"}}]},` +
			`"status":{"phase":"Running","nodes":{` + nodes + `}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := stateOf(s, nil); got != want {
			t.Errorf("%s: %s, want %s", nodes, got, want)
		}
	}
}

func TestDeploymentStates(t *testing.T) {
	for _, tc := range []struct {
		paused bool
		pods   Pods
		want   State
	}{
		{false, Pods{}, StateStopped},
		{true, Pods{}, StatePaused},
		{true, Pods{Terminating: 1}, StateTerminating},
		{false, Pods{Terminating: 1, Running: 1}, StateTerminating},
		{false, Pods{Desired: 2}, StateStarting},
		{false, Pods{Desired: 2, Pending: 2}, StateStarting},
		{false, Pods{Desired: 2, Pending: 1, Running: 1}, StateRunning},
		{false, Pods{Desired: 2, Terminating: 1, Running: 1}, StateRunning},
	} {
		if got := deploymentState(tc.paused, tc.pods); got != tc.want {
			t.Errorf("paused %v, %+v: %s, want %s", tc.paused, tc.pods, got, tc.want)
		}
	}
}

func TestStatus(t *testing.T) {
	r := &recorder{}
	b, err := New(config(t, "", ""), Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	st, err := b.Status(t.Context())
	if err != nil || st.State != StateNotStarted || st.Run != 0 || st.Session != "rfs-s" || st.Workflow.Name != "backfill-rfs-s" || st.Workflow.Namespace != "ma" {
		t.Errorf("%+v, %v", st, err)
	}
	for what, part := range map[string]error{"pods": st.Pods.Err, "shards": st.Shards.Err} {
		if !errors.Is(part, workflow.ErrUnsupported) {
			t.Errorf("%s: %v", what, part)
		}
	}
	r.err = workflow.ErrForbidden
	if st, err := b.Status(t.Context()); !errors.Is(err, workflow.ErrForbidden) || st != nil {
		t.Errorf("%+v, %v", st, err)
	}
	r.err = nil
	for run := range 3 {
		r.runs = append(r.runs, &status.WorkflowStatus{Name: fmt.Sprint("w", run+1), Phase: status.PhaseRunning, Labels: map[string]string{labelRun: fmt.Sprint(run + 1)}})
	}
	r.runs[0].Labels = nil
	r.runs[0], r.runs[2] = r.runs[2], r.runs[0] // in any order
	if st, err := b.Status(t.Context()); err != nil || st.State != StateRunning || st.Run != 3 || st.Workflow.Name != "w3" {
		t.Errorf("%+v, %v", st, err)
	}
	twice := *r.runs[0]
	twice.Name = "copy"
	r.runs = append(r.runs, &twice)
	if st, err := b.Status(t.Context()); !errors.Is(err, workflow.ErrConflict) || !strings.Contains(err.Error(), "w3 and copy") {
		t.Errorf("two workflows of a run: %+v, %v", st, err)
	}
	r.runs = r.runs[:3]
	r.runs[0].NodesErr = workflow.ErrNodesOffloaded
	if st, err := b.Status(t.Context()); err != nil || st.Gates.Err == nil || st.Failed.Err == nil {
		t.Errorf("unreadable nodes: %+v, %v", st, err)
	}
}
