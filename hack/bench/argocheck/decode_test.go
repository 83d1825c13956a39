package argocheck

import (
	"encoding/json"
	"reflect"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Every Workflow in Argo's module has to be read as Argo reads it, from the object and from
// its JSON, its nodes also when Argo has packed them.
func TestDecodingOfArgosOwnWorkflows(t *testing.T) { forEachRelease(t, decodeCorpus) }

func decodeCorpus(t *testing.T, release release) {
	read, nodes := 0, 0
	for _, s := range corpus(t, release.module) {
		text, err := json.Marshal(s.obj.Object)
		if err != nil {
			t.Fatal(err)
		}
		argo, err := release.decode(text)
		if err != nil {
			decode(t, s) // what Argo cannot read must not stop us
			continue
		}
		read++
		nodes += len(argo.Status.Nodes)
		compare(t, s, argo)
		if len(argo.Status.Nodes) == 0 {
			continue
		}
		plain, err := json.Marshal(argo.Status.Nodes)
		if err != nil {
			t.Fatal(err)
		}
		packed := sample{from: s.from + ", packed", obj: s.obj.DeepCopy()}
		unstructured.RemoveNestedField(packed.obj.Object, "status", "nodes")
		if err := unstructured.SetNestedField(packed.obj.Object, release.pack(string(plain)), "status", "compressedNodes"); err != nil {
			t.Fatal(err)
		}
		compare(t, packed, argo)
	}
	t.Logf("%d workflows, %d nodes", read, nodes)
	if read < 800 || nodes < 400 {
		t.Errorf("too few: %d workflows with %d nodes", read, nodes)
	}
}

// decode reads the sample as an object and as JSON.
func decode(t *testing.T, s sample) []*status.WorkflowStatus {
	t.Helper()
	text, err := json.Marshal(s.obj.Object)
	if err != nil {
		t.Fatal(err)
	}
	ofObject, err := status.FromUnstructured(s.obj)
	if err != nil || ofObject.NodesErr != nil {
		t.Fatalf("%s: %v, %+v", s.from, err, ofObject)
	}
	ofJSON, err := status.FromJSON(text)
	if err != nil || ofJSON.NodesErr != nil {
		t.Fatalf("%s, as JSON: %v, %+v", s.from, err, ofJSON)
	}
	return []*status.WorkflowStatus{ofObject, ofJSON}
}

func compare(t *testing.T, s sample, argo *wfv1.Workflow) {
	t.Helper()
	suspend := argo.Spec.Suspend != nil && *argo.Spec.Suspend
	for _, ours := range decode(t, s) {
		if ours.Name != argo.Name || string(ours.Phase) != string(argo.Status.Phase) || ours.Message != argo.Status.Message ||
			!ours.StartTime.Equal(argo.Status.StartedAt.Time) || !ours.EndTime.Equal(argo.Status.FinishedAt.Time) ||
			ours.Completed() != argo.Status.Fulfilled() || ours.SpecSuspended != suspend ||
			len(ours.Arguments) != len(argo.Spec.Arguments.Parameters) {
			t.Errorf("%s: %+v\nwith Argo %+v", s.from, ours, argo.Status)
		}
		if len(ours.Nodes) != len(argo.Status.Nodes) {
			t.Fatalf("%s: %d nodes, with Argo %d; dropped %v", s.from, len(ours.Nodes), len(argo.Status.Nodes), ours.Dropped)
		}
		for _, n := range ours.Nodes {
			theirs := argo.Status.Nodes[n.ID]
			if got, want := ofOurs(n), ofArgo(theirs); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, node %s:\n%+v\nwith Argo\n%+v", s.from, n.ID, got, want)
			}
			if n.Waiting() != theirs.IsActiveSuspendNode() {
				t.Errorf("%s, node %s: waits: %v", s.from, n.ID, n.Waiting())
			}
		}
	}
}
