package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// wide is a workflow with that many pods in each group.
func wide(groups, pods int) *backfill.Status {
	st := statusOf(backfill.StateRunning, "")
	st.Workflow.Nodes = []*status.Node{{ID: "backfill-s", Type: status.NodeTypeSteps, Phase: status.NodeRunning}}
	add := func(id, boundary string, kind status.NodeType) {
		n := &status.Node{ID: id, DisplayName: id, Type: kind, Phase: status.NodeRunning, BoundaryID: boundary}
		st.Workflow.Nodes = append(st.Workflow.Nodes, n)
	}
	for g := range groups {
		group := fmt.Sprint("group-", g)
		add(group, "backfill-s", status.NodeTypeSteps)
		for p := range pods {
			add(fmt.Sprint(group, "-", p), group, status.NodeTypePod)
		}
	}
	return st
}

func shown(all []step) int {
	n := len(all)
	for _, each := range all {
		n += shown(each.Steps)
	}
	return n
}

func TestStepsAreLimited(t *testing.T) {
	for _, tc := range []struct{ groups, pods int }{{0, 0}, {1, 3}, {1, maxSteps - 1}, {1, maxSteps}, {3, 400}, {700, 1}, {1000, 0}} {
		v := viewOf(wide(tc.groups, tc.pods))
		all := tc.groups * (1 + tc.pods)
		got := shown(v.Steps.Data.Nodes)
		if got != min(all, maxSteps) || got+v.Steps.Data.More != all {
			t.Errorf("%+v: %d shown, %d more, of %d", tc, got, v.Steps.Data.More, all)
		}
	}
}

// A step that only waits for a time is not a gate, and has a time at which it continues.
func TestDelaysAreNotGates(t *testing.T) {
	s, err := status.FromJSON([]byte(`{
		"metadata": {"name": "backfill-s"},
		"spec": {"templates": [{"name": "wait", "suspend": {"duration": "10m"}}]},
		"status": {"phase": "Running", "nodes": {
			"1": {"name": "a", "type": "Suspend", "phase": "Running", "templateName": "wait", "startedAt": "2026-01-01T00:00:00Z"},
			"2": {"name": "b", "type": "Suspend", "phase": "Running", "templateName": "ask"}
		}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	st := statusOf(backfill.StateRunning, "")
	st.Workflow = s
	nodes := viewOf(st).Steps.Data.Nodes
	if len(nodes) != 2 || nodes[0].Gate || nodes[0].Until.Minute() != 10 || !nodes[1].Gate || !nodes[1].Until.IsZero() {
		t.Errorf("%+v", nodes)
	}
}

func TestUnknownStepsAreUnknown(t *testing.T) {
	st := statusOf(backfill.StateRunning, "")
	st.Workflow.NodesErr = errors.New("offloaded")
	text, err := json.Marshal(viewOf(st))
	if err != nil || !strings.Contains(string(text), `"steps":{"success":false,"error":"offloaded"}`) {
		t.Errorf("%s, %v", text, err)
	}
}

// While the API server is unavailable, a watch retries silently; other reads report it.
func TestStale(t *testing.T) {
	st := statusOf(backfill.StateRunning, "")
	for err, want := range map[error]bool{
		nil:                   false,
		workflow.ErrForbidden: false,
		fmt.Errorf("list pods: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}): true,
		workflow.ErrUnavailable: true,
	} {
		st.Pods.Err = err
		if viewOf(st).Stale != want {
			t.Errorf("%v", err)
		}
	}
}
