package workflow

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const gatesYAML = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, uid: u-1, resourceVersion: "7"}
spec: {suspend: true}
status:
  phase: Running
  outputs: {parameters: [{name: kept, value: k}, {name: decision, value: old}]}
  nodes:
    root: {id: root, type: Steps, phase: Running, unknownField: 1}
    one:
      id: one
      displayName: approve
      type: Suspend
      phase: Running
      unknownField: {deep: true}
      inputs: {parameters: [{name: stage, value: prod}]}
      outputs:
        result: r
        parameters:
        - {name: by, globalName: decision, valueFrom: {supplied: {}}, enum: [ann, bob]}
        - {name: note, valueFrom: {supplied: {}, default: none}}
        - {name: fixed, value: "1"}
    two: {id: two, displayName: second, type: Suspend, phase: Running}
    three: {id: three, displayName: passed, type: Suspend, phase: Succeeded}
`

func workflowObject(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return obj
}

func plan(t *testing.T, obj *unstructured.Unstructured, keepGates bool) (*resumption, error) {
	t.Helper()
	before := obj.DeepCopy()
	s, err := status.FromUnstructured(obj)
	if err != nil {
		return nil, err
	}
	r, err := new(WorkflowClient).planResume(t.Context(), obj, s, keepGates, "id")
	if !reflect.DeepEqual(obj, before) {
		t.Error("the object was changed")
	}
	return r, err
}

func asYAML(t *testing.T, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// defaultsYAML is gatesYAML with a default for the output that has none.
func defaultsYAML() string {
	return strings.Replace(gatesYAML, "globalName: decision, valueFrom: {supplied: {}}", "globalName: decision, valueFrom: {supplied: {}, default: ann}", 1)
}

func TestResumeAll(t *testing.T) {
	r, err := plan(t, workflowObject(t, defaultsYAML()), false)
	if err != nil {
		t.Fatal(err)
	}
	nodes, _, _ := unstructured.NestedMap(r.patch, "status", "nodes")
	for _, node := range nodes {
		fields := node.(map[string]any)
		if at, _ := fields["finishedAt"].(string); at == "" {
			t.Errorf("%v", fields)
		}
		fields["finishedAt"] = "now"
	}
	if err := unstructured.SetNestedMap(r.patch, nodes, "status", "nodes"); err != nil {
		t.Fatal(err)
	}
	const want = `metadata:
  annotations:
    argoservice.opensearch.org/decisions: id
spec:
  suspend: null
status:
  nodes:
    one:
      finishedAt: now
      outputs:
        parameters:
        - enum:
          - ann
          - bob
          globalName: decision
          name: by
          value: ann
        - name: note
          value: none
        - name: fixed
          value: "1"
      phase: Succeeded
    two:
      finishedAt: now
      phase: Succeeded
  outputs:
    parameters:
    - name: kept
      value: k
    - name: decision
      value: ann
`
	if got := asYAML(t, r.patch); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if result, err := r.result(t.Context()); err != nil || len(result.Gates) != 2 || len(result.Delays) > 0 || !result.Unsuspended {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestResumeEndsDelays(t *testing.T) {
	r, err := plan(t, workflowObject(t, delayYAML), false)
	if err != nil {
		t.Fatal(err)
	}
	result, err := r.result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nodes, _, _ := unstructured.NestedMap(r.patch, "status", "nodes")
	if len(result.Gates) != 1 || result.Gates[0].ID != "gate" || len(result.Delays) != 2 || result.Delays[0].ID != "one" || result.Unsuspended || len(nodes) != 3 {
		t.Errorf("%+v, %v are written", result, nodes)
	}
}

// The labels of who decided before are not those of a Resume.
func TestResumeRemovesTheActor(t *testing.T) {
	for _, keepGates := range []bool{false, true} {
		obj := workflowObject(t, delayYAML)
		set(obj, true, "spec", "suspend")
		obj.SetLabels(map[string]string{naming.LabelActor: "ann", naming.LabelAction: "Resume", "other": "stays"})
		r, err := plan(t, obj, keepGates)
		if err != nil {
			t.Fatal(err)
		}
		labels, _, _ := unstructured.NestedMap(r.patch, "metadata", "labels")
		if want := map[string]any{naming.LabelActor: nil, naming.LabelAction: nil}; !reflect.DeepEqual(labels, want) {
			t.Errorf("%v", labels)
		}
	}
}

func TestResumeKeepsGates(t *testing.T) {
	obj := workflowObject(t, gatesYAML)
	r, err := plan(t, obj, true)
	if err != nil {
		t.Fatal(err)
	}
	const want = "metadata:\n  annotations:\n    argoservice.opensearch.org/decisions: id\nspec:\n  suspend: null\n"
	result, err := r.result(t.Context())
	if got := asYAML(t, r.patch); err != nil || got != want || len(result.Gates) > 0 || !result.Unsuspended {
		t.Errorf("%s, %+v, %v", got, result, err)
	}
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	s.NodesErr = status.ErrNodesOffloaded
	if r, err = new(WorkflowClient).planResume(t.Context(), obj, s, true, "id"); err != nil || !r.unsuspends {
		t.Errorf("offloaded nodes: %v", err)
	}
}

func TestApproveOfCompressedNodes(t *testing.T) {
	plain := workflowObject(t, gatesYAML)
	nodes, _, _ := unstructured.NestedMap(plain.Object, "status", "nodes")
	packed, err := status.CompressNodes(nodes)
	if err != nil {
		t.Fatal(err)
	}
	obj := plain.DeepCopy()
	unstructured.RemoveNestedField(obj.Object, "status", "nodes")
	if err := unstructured.SetNestedField(obj.Object, packed, "status", "compressedNodes"); err != nil {
		t.Fatal(err)
	}
	_, written, err := decided(t, obj, approving(Decision{Gates: []string{"one"}, Outputs: map[string]any{"by": "ann"}, By: "ann"}))
	if err != nil {
		t.Fatal(err)
	}
	patch := written["status"].(map[string]any)
	if patch["nodes"] != nil {
		t.Error("nodes were written in addition to the compressed ones")
	}
	after, err := status.DecompressNodes(patch["compressedNodes"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != 4 || !reflect.DeepEqual(after["two"], nodes["two"]) || !reflect.DeepEqual(after["root"], nodes["root"]) {
		t.Errorf("other nodes changed: %v", after)
	}
	one := after["one"].(map[string]any)
	outputs := one["outputs"].(map[string]any)
	if one["phase"] != "Succeeded" || one["unknownField"] == nil || outputs["result"] != "r" || one["message"] != "Resumed by: map[User:ann]" ||
		outputs["parameters"].([]any)[0].(map[string]any)["value"] != "ann" {
		t.Errorf("%v", one)
	}
}

func TestResumeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		want  error
		parts []string
	}{
		"a completed workflow": {text: strings.Replace(gatesYAML, "phase: Running\n  outputs", "phase: Succeeded\n  outputs", 1), want: ErrCompleted},
		"offloaded":            {text: "{kind: Workflow, status: {phase: Running, offloadNodeStatusVersion: x}}", want: ErrNodesOffloaded},
		"a missing value":      {text: gatesYAML, want: ErrInvalid, parts: []string{"outputs[by]", "raw output parameter 'by' has not been set and does not have a default value"}},
		"not a workflow":       {text: "{kind: Pod, apiVersion: v1}"},
		"unreadable packed":    {text: "{kind: Workflow, status: {phase: Running, compressedNodes: x}}"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := plan(t, workflowObject(t, tc.text), false)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Fatalf("%v", err)
			}
			if r != nil {
				t.Errorf("a write was planned: %v", r.patch)
			}
			for _, part := range tc.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
		})
	}
}

func TestApproveRefusesOutputs(t *testing.T) {
	for name, tc := range map[string]struct {
		outputs map[string]any
		says    string
	}{
		"a missing value":          {nil, "raw output parameter 'by' has not been set and does not have a default value"},
		"an unknown output":        {map[string]any{"by": "ann", "note2": 1}, `did you mean "note"?`},
		"a value outside the enum": {map[string]any{"by": "eve"}, "[ann bob]"},
		"a nil value":              {map[string]any{"by": nil}, "outputs[by]"},
	} {
		_, patch, err := decided(t, workflowObject(t, gatesYAML), approving(Decision{All: true, Outputs: tc.outputs}))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.says) || patch != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResumeOfAWorkflowThatDoesNotWait(t *testing.T) {
	r, err := plan(t, workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {phase: Running}}"), false)
	if err != nil || len(r.patch) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestResumptionTookEffect(t *testing.T) {
	before := workflowObject(t, defaultsYAML())
	read := func(obj *unstructured.Unstructured) *status.WorkflowStatus {
		s, err := status.FromUnstructured(obj)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	r, err := plan(t, before, false)
	if err != nil {
		t.Fatal(err)
	}
	if did, err := r.tookEffect(read(before)); did || err != nil {
		t.Error("it took effect before the write")
	}
	after := before.DeepCopy()
	// Apply the patch as the API server would.
	text, err := json.Marshal(r.patch)
	if err != nil {
		t.Fatal(err)
	}
	var patch map[string]any
	if err := json.Unmarshal(text, &patch); err != nil {
		t.Fatal(err)
	}
	mergeInto(after.Object, patch)
	unstructured.RemoveNestedField(after.Object, "spec", "suspend")
	if did, err := r.tookEffect(read(after)); !did || err != nil {
		t.Error("it did not take effect")
	}
}
