package argocheck

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Every Workflow in Argo's module that its own types can read is read here the same.
func TestDecodingOfArgosOwnWorkflows(t *testing.T) {
	read, nodes := 0, 0
	for _, s := range corpus(t) {
		data, err := json.Marshal(s.obj.Object)
		if err != nil {
			t.Fatal(err)
		}
		wf := &wfv1.Workflow{}
		if json.Unmarshal(data, wf) != nil {
			continue // meant to be wrong
		}
		ours, err := status.FromUnstructured(s.obj)
		if err != nil {
			t.Errorf("%s: %v", s.from, err)
			continue
		}
		read++
		same(t, s.from, "phase", string(ours.Phase), string(wf.Status.Phase))
		same(t, s.from, "message", ours.Message, wf.Status.Message)
		same(t, s.from, "progress", ours.Progress.Total > 0, string(wf.Status.Progress) != "" && wf.Status.Progress.M() > 0)
		same(t, s.from, "start", ours.StartTime.UTC(), timeOf(wf.Status.StartedAt))
		same(t, s.from, "end", ours.EndTime.UTC(), timeOf(wf.Status.FinishedAt))
		same(t, s.from, "suspended", ours.SpecSuspended, wf.Spec.Suspend != nil && *wf.Spec.Suspend)
		same(t, s.from, "arguments", len(ours.Arguments), len(wf.Spec.Arguments.Parameters))
		same(t, s.from, "nodes", len(ours.Nodes), len(wf.Status.Nodes))
		for _, our := range ours.Nodes {
			nodes++
			n := wf.Status.Nodes[our.ID]
			same(t, s.from, "node's name", our.Name, n.Name)
			same(t, s.from, "node's type", string(our.Type), string(n.Type))
			same(t, s.from, "node's phase", string(our.Phase), string(n.Phase))
			same(t, s.from, "node's message", our.Message, n.Message)
			same(t, s.from, "node's template", our.TemplateName, n.TemplateName)
			same(t, s.from, "node's boundary", our.BoundaryID, n.BoundaryID)
			same(t, s.from, "node's start", our.StartTime.UTC(), timeOf(n.StartedAt))
			same(t, s.from, "node's end", our.EndTime.UTC(), timeOf(n.FinishedAt))
			same(t, s.from, "gate", our.Active(), n.IsActiveSuspendNode())
			if !slices.Equal(our.Children, n.Children) || !slices.Equal(our.OutboundNodes, n.OutboundNodes) {
				t.Errorf("%s: %s leads to %v %v, with Argo to %v %v", s.from, our.ID, our.Children, our.OutboundNodes, n.Children, n.OutboundNodes)
			}
		}
	}
	t.Logf("%d workflows, %d nodes", read, nodes)
	if read < 800 || nodes < 400 {
		t.Errorf("too few: %d workflows with %d nodes", read, nodes)
	}
}

func same[T comparable](t *testing.T, from, what string, ours, theirs T) {
	t.Helper()
	if ours != theirs {
		t.Errorf("%s: %s: %v, with Argo %v", from, what, ours, theirs)
	}
}

func timeOf(t metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
