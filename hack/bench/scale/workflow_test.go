package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// What is measured has to be what is claimed: 12 nodes of some 600 bytes, which read well.
func TestWorkflowIsRealistic(t *testing.T) {
	object := workflowObject(42, stage{beat: 1})
	nodes := object["status"].(map[string]any)["nodes"].(map[string]any)
	text, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 12 {
		t.Errorf("%d nodes", len(nodes))
	}
	if each := len(text) / len(nodes); each < 500 || each > 700 {
		t.Errorf("%d bytes a node", each)
	}
}

func TestStagesReadAsTheyAreMeant(t *testing.T) {
	for _, tt := range []struct {
		stage    stage
		phase    status.Phase
		progress string
	}{
		{stage{}, status.PhaseRunning, "200/400"},
		{stage{}.next(), status.PhaseRunning, "202/400"},
		{stage{beat: reportsOfFirst}, status.PhaseRunning, "303/400"},
		{stage{beat: 1000}, status.PhaseRunning, "399/400"},
		{stage{beat: 2}.end(false), status.PhaseSucceeded, "400/400"},
		{stage{beat: 2}.end(true), status.PhaseFailed, "400/400"},
	} {
		text, err := workflowJSON(7, tt.stage, "12")
		if err != nil {
			t.Fatal(err)
		}
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(text); err != nil {
			t.Fatal(err)
		}
		s, err := status.FromUnstructured(u)
		if err != nil {
			t.Fatal(err)
		}
		if s.Phase != tt.phase || s.Progress.String() != tt.progress || len(s.Nodes) != 12 || len(s.Dropped) > 0 || s.NodesErr != nil {
			t.Errorf("%+v: %s, %s, %d nodes, dropped %v, %v", tt.stage, s.Phase, s.Progress, len(s.Nodes), s.Dropped, s.NodesErr)
		}
		if (s.Err() != nil) != tt.stage.failed {
			t.Errorf("%+v: %v", tt.stage, s.Err())
		}
	}
}

// A write that changes nothing is no change to a client.
func TestEachReportChangesTheObject(t *testing.T) {
	last := stage{beat: 2 * reports}
	before, err := workflowJSON(1, last, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []stage{last.next(), last.end(false), last.end(true), {}} {
		after, err := workflowJSON(1, next, "")
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before, after) {
			t.Errorf("%+v and %+v are the same", last, next)
		}
	}
}

func TestNames(t *testing.T) {
	for _, index := range []int{0, 42, mostWorkflows - 1} {
		if got, err := indexOf(nameOf(index)); got != index || err != nil {
			t.Errorf("%d: %d, %v", index, got, err)
		}
	}
	for _, name := range []string{"", "bulk-load-", "bulk-load-1", "bulk-load--0001", "bulk-load-123456", "other-00001"} {
		if got, err := indexOf(name); err == nil {
			t.Errorf("%q: %d", name, got)
		}
	}
}
