package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func workflowOf(t *testing.T, s stage, version string) *unstructured.Unstructured {
	t.Helper()
	parsed, err := parseTemplate()
	if err != nil {
		t.Fatal(err)
	}
	text, err := workflowJSON(parsed, 7, s, version)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(text); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return u
}

// What is measured has to be what is claimed: 12 nodes of some 600 bytes.
func TestWorkflowIsRealistic(t *testing.T) {
	u := workflowOf(t, stage{Beat: 1}, "")
	nodes, _, err := unstructured.NestedMap(u.Object, "status", "nodes")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	if each := len(text) / 12; len(nodes) != 12 || each < 500 || each > 700 {
		t.Errorf("%d nodes of %d bytes", len(nodes), each)
	}
	whole, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) < 11_000 || len(whole) > 13_000 {
		t.Errorf("the object has %d bytes", len(whole))
	}
}

// A new object must not have a version; one that replaces another has it, and no managed fields.
func TestVersionOfWhatIsReplaced(t *testing.T) {
	if u := workflowOf(t, stage{}, ""); u.GetResourceVersion() != "" || u.GetName() != "bulk-load-00007" {
		t.Errorf("%s in version %q", u.GetName(), u.GetResourceVersion())
	}
	u := workflowOf(t, stage{}, "12")
	if fields := u.GetManagedFields(); u.GetResourceVersion() != "12" || len(fields) != 1 || fields[0].Manager != "" {
		t.Errorf("version %q, managed fields %v", u.GetResourceVersion(), fields)
	}
}

func TestStagesReadAsTheyAreMeant(t *testing.T) {
	for _, tt := range []struct {
		stage    stage
		phase    status.Phase
		progress string
	}{
		{stage{}, status.PhaseRunning, "200/400"},
		{stage{Beat: 1}, status.PhaseRunning, "202/400"},
		{stage{Beat: reportsOfFirst}, status.PhaseRunning, "303/400"},
		{stage{Beat: 1000}, status.PhaseRunning, "399/400"},
		{stage{Beat: 2, Ended: true}, status.PhaseSucceeded, "400/400"},
		{stage{Beat: 2, Ended: true, Failed: true}, status.PhaseFailed, "400/400"},
	} {
		s, err := status.FromUnstructured(workflowOf(t, tt.stage, "12"))
		if err != nil {
			t.Fatal(err)
		}
		if s.Phase != tt.phase || s.Progress.String() != tt.progress || len(s.Nodes) != 12 || len(s.Dropped) > 0 || s.NodesErr != nil {
			t.Errorf("%+v: %s, %s, %d nodes, dropped %v, %v", tt.stage, s.Phase, s.Progress, len(s.Nodes), s.Dropped, s.NodesErr)
		}
		if (s.Err() != nil) != tt.stage.Failed {
			t.Errorf("%+v: %v", tt.stage, s.Err())
		}
		ids := map[string]bool{}
		for _, n := range s.Nodes {
			ids[n.ID] = true
		}
		for _, n := range s.Nodes {
			for _, child := range n.Children {
				if !ids[child] {
					t.Errorf("%+v: node %s has a child %s that does not exist", tt.stage, n.ID, child)
				}
			}
		}
	}
}

// A write that changes nothing is not a change to a client.
func TestEachReportChangesTheObject(t *testing.T) {
	last := stage{Beat: 2 * reports}
	before, err := workflowOf(t, last, "").MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, next := range []stage{{Beat: last.Beat + 1}, {Beat: last.Beat, Ended: true}, {Beat: last.Beat, Ended: true, Failed: true}, {}} {
		after, err := workflowOf(t, next, "").MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before, after) {
			t.Errorf("%+v and %+v are the same", last, next)
		}
	}
}

func TestNames(t *testing.T) {
	for _, index := range []int{0, 42, 99_999} {
		if got := indexOf(nameOf(index)); got != index {
			t.Errorf("%d: %d", index, got)
		}
	}
	for _, name := range []string{"", "bulk-load-", "bulk-load--0001", "other-00001"} {
		if got := indexOf(name); got != -1 {
			t.Errorf("%q: %d", name, got)
		}
	}
}
