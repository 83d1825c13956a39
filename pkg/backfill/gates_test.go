package backfill

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Errors quote and truncate names that other writers chose.
func TestNotWaitingIsBounded(t *testing.T) {
	gates := []*status.Node{{ID: "g", DisplayName: "a\n\x1b[31m" + strings.Repeat("x", 5_000), Type: status.NodeTypeSuspend, Phase: status.NodeRunning}}
	err := notWaiting("b", gates, nil)
	if len(err.Error()) > 1_000 || strings.ContainsAny(err.Error(), "\n\x1b") || !strings.Contains(err.Error(), `"a\n\x1b[31mxx`) {
		t.Error(err)
	}
}

func TestGateChoice(t *testing.T) {
	suspend := func(id, name string, phase status.NodePhase) *status.Node {
		return &status.Node{ID: id, DisplayName: name, Type: status.NodeTypeSuspend, Phase: phase}
	}
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
		suspend("1", "shard-a", status.NodeRunning), suspend("2", "shard-b", status.NodeRunning), suspend("3", "final", status.NodeRunning),
		suspend("4", "early", status.NodeSucceeded), suspend("5", "bad", status.NodeFailed),
		suspend("6", "load(0:s3://b/1)", status.NodeRunning), suspend("7", "load(1:s3://b/2)", status.NodeRunning),
	}}
	for name, tc := range map[string]struct {
		patterns []string
		all      bool
		become   status.NodePhase
		want     string // ids
		err      error
		says     string
	}{
		"by name":            {patterns: []string{"final"}, want: "3"},
		"by id":              {patterns: []string{"2"}, want: "2"},
		"with a slash":       {patterns: []string{"load*"}, want: "6 7"},
		"every gate":         {patterns: []string{"*"}, want: "1 2 3 6 7"},
		"by bucket":          {patterns: []string{"load(*:s3://b/2)"}, want: "7"},
		"with signs":         {patterns: []string{"load(0:s3://b/1)"}, want: "6"},
		"by pattern":         {patterns: []string{"shard-*"}, want: "1 2"},
		"some":               {patterns: []string{"final", "shard-?", "3"}, want: "3 1 2"},
		"all":                {all: true, want: "1 2 3 6 7"},
		"approved before":    {patterns: []string{"early"}},
		"one of them before": {patterns: []string{"early", "final"}, want: "3"},
		"rejected before":    {patterns: []string{"bad"}, err: workflow.ErrConflict, says: "Failed"},
		"to reject again":    {patterns: []string{"bad"}, become: status.NodeFailed},
		"to reject approved": {patterns: []string{"early"}, become: status.NodeFailed, err: workflow.ErrConflict, says: "Succeeded"},
		"unknown":            {patterns: []string{"final", "fnal"}, err: workflow.ErrNotSuspended, says: `"fnal"; waiting gates: "shard-a", "shard-b", "final", "load(0:s3://b/1)", "load(1:s3://b/2)"`},
		"none":               {err: workflow.ErrInvalid, says: "gates"},
		"both":               {patterns: []string{"a"}, all: true, err: workflow.ErrInvalid, says: "all"},
		"a bad pattern":      {patterns: []string{"x", "[a"}, err: workflow.ErrInvalid, says: "gates[1]"},
		"an empty name":      {patterns: []string{""}, err: workflow.ErrInvalid, says: "gates[0]"},
	} {
		if tc.become == "" {
			tc.become = status.NodeSucceeded
		}
		c := gateChoice{tc.patterns, tc.all, tc.become}
		err := c.check()
		var meant []*status.Node
		if err == nil {
			meant, err = c.waiting(t.Context(), s)
		}
		ids := make([]string, len(meant))
		for i, n := range meant {
			ids[i] = n.ID
		}
		if got := strings.Join(ids, " "); got != tc.want || !errors.Is(err, tc.err) || tc.err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("closing time")
	cancel(cause)
	if _, err := (gateChoice{[]string{"final"}, false, status.NodeSucceeded}).waiting(ended, s); !errors.Is(err, cause) {
		t.Errorf("an ended context: %v", err)
	}
	s.Phase = status.PhaseSucceeded
	if _, err := (gateChoice{[]string{"final"}, false, status.NodeSucceeded}).waiting(t.Context(), s); !errors.Is(err, workflow.ErrNotSuspended) {
		t.Errorf("an ended workflow: %v", err)
	}
	s.NodesErr = status.ErrNodesOffloaded
	if _, err := (gateChoice{nil, true, status.NodeSucceeded}).waiting(t.Context(), s); !errors.Is(err, status.ErrNodesOffloaded) {
		t.Errorf("unreadable nodes: %v", err)
	}
}

// Other writers, even pods, choose the names of gates. Such a name must not make a decision by ID
// select a gate that the caller has not looked at.
func TestIDSelectsItsGateOnly(t *testing.T) {
	for name, id := range map[string]string{"the same name": "w-1", "a pattern": "*", "a part of a pattern": "w-[12]"} {
		s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
			{ID: "w-0", DisplayName: id, Type: status.NodeTypeSuspend, Phase: status.NodeRunning},
			{ID: id, DisplayName: "w-0", Type: status.NodeTypeSuspend, Phase: status.NodeRunning},
			{ID: "w-2", DisplayName: id, Type: status.NodeTypeSuspend, Phase: status.NodeSucceeded},
			{ID: "w-3", DisplayName: "w-1", Type: status.NodeTypeSuspend, Phase: status.NodeRunning},
		}}
		meant, err := gateChoice{[]string{id}, false, status.NodeSucceeded}.waiting(t.Context(), s)
		if err != nil || len(meant) != 1 || meant[0].ID != id {
			t.Errorf("%s: %v, %v", name, meant, err)
		}
	}
}

// The exit handlers run after a stop, so a gate in one of them still waits for a decision.
func TestGatesAfterAStop(t *testing.T) {
	gate := func(id, boundary string) *status.Node {
		return &status.Node{ID: id, DisplayName: id, BoundaryID: boundary, Type: status.NodeTypeSuspend, Phase: status.NodeRunning}
	}
	group := func(id, name, boundary string) *status.Node {
		return &status.Node{ID: id, DisplayName: name, BoundaryID: boundary, Type: status.NodeTypeSteps, Phase: status.NodeRunning}
	}
	s := &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
		group("w", "w", ""), gate("main", "w"),
		group("exit", "w.onExit", ""), group("inner", "clean-up", "exit"), gate("in-handler", "exit"), gate("deep", "inner"),
		{ID: "handler", DisplayName: "step.onExit", BoundaryID: "w", Type: status.NodeTypeSuspend, Phase: status.NodeRunning},
		group("a", "a", "b"), group("b", "b", "a"), gate("in-a-circle", "a"), gate("nowhere", "gone"),
	}}
	for shutdown, want := range map[status.ShutdownStrategy]string{
		status.ShutdownNone:      "main in-handler deep handler in-a-circle nowhere",
		status.ShutdownStop:      "in-handler deep handler",
		status.ShutdownTerminate: "",
	} {
		s.Shutdown = shutdown
		open, err := gateChoice{nil, true, status.NodeSucceeded}.waiting(t.Context(), s)
		var ids []string
		for _, n := range open {
			ids = append(ids, n.ID)
		}
		if got := strings.Join(ids, " "); got != want || err != nil {
			t.Errorf("shutdown %q: %q, %v; want %q", shutdown, got, err, want)
		}
	}
	s.Shutdown = status.ShutdownStop
	if _, err := (gateChoice{[]string{"main"}, false, status.NodeSucceeded}).waiting(t.Context(), s); !errors.Is(err, workflow.ErrNotSuspended) {
		t.Errorf("a gate that is about to fail: %v", err)
	}
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

func TestDelaysAreNotGates(t *testing.T) {
	s := delayed(t, status.NodeRunning)
	for _, become := range []status.NodePhase{status.NodeSucceeded, status.NodeFailed} {
		for _, choice := range []gateChoice{{nil, true, become}, {[]string{"c*"}, false, become}} {
			if meant, err := choice.waiting(t.Context(), s); err != nil || len(meant) != 1 || meant[0].ID != "2" {
				t.Errorf("%+v: %v, %v", choice, meant, err)
			}
		}
		_, err := gateChoice{[]string{"cool-down"}, false, become}.waiting(t.Context(), s)
		if !errors.Is(err, workflow.ErrNotSuspended) || !strings.Contains(err.Error(), "is a delay, which passes by itself") {
			t.Error(err)
		}
	}
	if gates := gatesOf(waitingGates(s)); len(gates) != 1 || gates[0].ID != "2" {
		t.Errorf("%+v", gates)
	}
	for _, gate := range []status.NodePhase{status.NodeRunning, status.NodeSucceeded} {
		if got := stateOf(delayed(t, gate), nil); got != StateRunning {
			t.Errorf("beside a gate that is %s: %s", gate, got)
		}
	}
}
