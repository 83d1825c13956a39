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
	text, err := workflowJSON(parseTemplate(), 7, s, version)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(text); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return u
}

func textOf(t *testing.T, object any) []byte {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What is measured has to be what is claimed: 12 nodes of some 600 bytes. A new object must not
// have a version; one that replaces another has it, and an entry that ends the tracking of its
// fields.
func TestWorkflowIsRealistic(t *testing.T) {
	u := workflowOf(t, stage{Beat: 1}, "")
	nodes, _, err := unstructured.NestedMap(u.Object, "status", "nodes")
	if err != nil {
		t.Fatal(err)
	}
	if each := len(textOf(t, nodes)) / 12; len(nodes) != 12 || each < 500 || each > 700 {
		t.Errorf("%d nodes of %d bytes", len(nodes), each)
	}
	if whole := len(textOf(t, u.Object)); whole < 11_000 || whole > 13_000 {
		t.Errorf("the object has %d bytes", whole)
	}
	if u.GetResourceVersion() != "" || u.GetName() != "bulk-load-00007" {
		t.Errorf("%s in version %q", u.GetName(), u.GetResourceVersion())
	}
	u = workflowOf(t, stage{}, "12")
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
		if s.Phase != tt.phase || s.Progress.String() != tt.progress || len(s.Dropped) > 0 || s.NodesErr != nil {
			t.Errorf("%+v: %s, %s, dropped %v, %v", tt.stage, s.Phase, s.Progress, s.Dropped, s.NodesErr)
		}
		if (s.Err() != nil) != tt.stage.Failed {
			t.Errorf("%+v: %v", tt.stage, s.Err())
		}
		ids, children := map[string]bool{}, 0
		for _, n := range s.Nodes {
			ids[n.ID] = true
		}
		for _, n := range s.Nodes {
			for _, child := range n.Children {
				if children++; !ids[child] {
					t.Errorf("%+v: node %s has a child %s that does not exist", tt.stage, n.ID, child)
				}
			}
		}
		if len(ids) != 12 || children != 11 { // a tree
			t.Errorf("%+v: %d nodes with %d children", tt.stage, len(ids), children)
		}
	}
}

// A write that changes nothing is not a change to a client.
func TestEachReportChangesTheObject(t *testing.T) {
	last := stage{Beat: 2 * reports}
	for _, next := range []stage{{Beat: last.Beat + 1}, {Beat: last.Beat, Ended: true}, {Beat: last.Beat, Ended: true, Failed: true}, {}} {
		if bytes.Equal(textOf(t, workflowOf(t, last, "").Object), textOf(t, workflowOf(t, next, "").Object)) {
			t.Errorf("%+v and %+v are the same", last, next)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]int{
		nameOf(0): 0, nameOf(42): 42, nameOf(99_999): 99_999, "": -1, "bulk-load-": -1, "bulk-load--0001": -1, "other-00001": -1,
	} {
		if got := indexOf(name); got != want {
			t.Errorf("%q: %d", name, got)
		}
	}
}
