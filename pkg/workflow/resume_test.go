package workflow

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

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

func plan(t *testing.T, obj *unstructured.Unstructured, opts ResumeOptions) (*resumption, error) {
	t.Helper()
	selector, problems := nodeSelector(field.NewPath("selector"), opts.Selector)
	outputs, _, more := parameterStrings(field.NewPath("outputs"), opts.Outputs)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, invalid(problems...)
	}
	before := obj.DeepCopy()
	s, err := status.FromUnstructured(obj)
	if err != nil {
		return nil, err
	}
	r, err := new(WorkflowClient).planResume(t.Context(), obj, s, resumeRequest{
		gates: gates{selector: selector, ids: opts.NodeIDs}, outputs: gateOutputs{values: outputs}, now: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
	})
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

func TestResumeAll(t *testing.T) {
	r, err := plan(t, workflowObject(t, gatesYAML), ResumeOptions{Outputs: map[string]any{"by": "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `spec:
  suspend: null
status:
  nodes:
    one:
      finishedAt: "2026-01-02T03:04:05Z"
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
      finishedAt: "2026-01-02T03:04:05Z"
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
	if len(r.result.Nodes) != 2 || !r.result.Unsuspended {
		t.Errorf("%+v", r.result)
	}
}

func TestResumeKeepsGates(t *testing.T) {
	obj := workflowObject(t, gatesYAML)
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	r, err := new(WorkflowClient).planResume(t.Context(), obj, s, resumeRequest{gates: gates{none: true}, now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if got := asYAML(t, r.patch); got != "spec:\n  suspend: null\n" || len(r.result.Nodes) > 0 || !r.result.Unsuspended {
		t.Errorf("%s, %+v", got, r.result)
	}
	s.NodesErr = status.ErrNodesOffloaded
	if r, err = new(WorkflowClient).planResume(t.Context(), obj, s, resumeRequest{gates: gates{none: true}, now: time.Now()}); err != nil || !r.result.Unsuspended {
		t.Errorf("offloaded nodes: %v", err)
	}
}

func TestResumeBySelector(t *testing.T) {
	for selector, want := range map[string]string{
		"displayName=approve":                          "one",
		"displayName==second":                          "two",
		"displayName!=second":                          "one",
		"inputs.parameters.stage.value=prod":           "one",
		"phase=Running,displayName=second":             "two",
		"id=two":                                       "two",
		"templateName=,inputs.parameters.stage.value=": "two",
	} {
		r, err := plan(t, workflowObject(t, gatesYAML), ResumeOptions{Selector: selector, Outputs: outputsFor(want)})
		if err != nil || len(r.result.Nodes) != 1 || r.result.Nodes[0].ID != want || r.result.Unsuspended || r.patch["spec"] != nil {
			t.Errorf("%s: %+v, %v", selector, r, err)
		}
	}
}

func outputsFor(node string) map[string]any {
	if node == "one" {
		return map[string]any{"by": "bob"}
	}
	return nil
}

func TestResumeOfCompressedNodes(t *testing.T) {
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
	r, err := plan(t, obj, ResumeOptions{Selector: "id=one", Outputs: map[string]any{"by": "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	patch := r.patch["status"].(map[string]any)
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
	if one["phase"] != "Succeeded" || one["unknownField"] == nil || outputs["result"] != "r" ||
		outputs["parameters"].([]any)[0].(map[string]any)["value"] != "ann" {
		t.Errorf("%v", one)
	}
}

func TestResumeRefuses(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(gatesYAML, old, new, 1) }
	for name, tc := range map[string]struct {
		text  string
		opts  ResumeOptions
		want  error
		parts []string
	}{
		"a completed workflow": {text: replace("phase: Running\n  outputs", "phase: Succeeded\n  outputs"), want: ErrCompleted},
		"no match": {
			text: gatesYAML, opts: ResumeOptions{Selector: "displayName=aprove"}, want: ErrNotSuspended,
			parts: []string{"aprove", "suspended are: approve, second"},
		},
		"offloaded":       {text: "{kind: Workflow, status: {phase: Running, offloadNodeStatusVersion: x}}", want: ErrNodesOffloaded},
		"a missing value": {text: gatesYAML, want: ErrInvalid, parts: []string{"outputs[by]", "raw output parameter 'by' has not been set and does not have a default value"}},
		"an unknown output": {
			text: gatesYAML, opts: ResumeOptions{Outputs: map[string]any{"by": "ann", "note2": 1}}, want: ErrInvalid,
			parts: []string{"note2", `did you mean "note"?`},
		},
		"a value outside the enum": {
			text: gatesYAML, opts: ResumeOptions{Outputs: map[string]any{"by": "eve"}}, want: ErrInvalid, parts: []string{"[ann bob]"},
		},
		"a nil value":       {text: gatesYAML, opts: ResumeOptions{Outputs: map[string]any{"by": nil}}, want: ErrInvalid, parts: []string{"outputs[by]"}},
		"not a selector":    {text: gatesYAML, opts: ResumeOptions{Selector: "approve"}, want: ErrInvalid},
		"an unknown field":  {text: gatesYAML, opts: ResumeOptions{Selector: "display=approve"}, want: ErrInvalid, parts: []string{"displayName"}},
		"not a workflow":    {text: "{kind: Pod, apiVersion: v1}"},
		"unreadable packed": {text: "{kind: Workflow, status: {phase: Running, compressedNodes: x}}"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := plan(t, workflowObject(t, tc.text), tc.opts)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Fatalf("%v", err)
			}
			if r != nil && r.patch != nil {
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

func TestResumeOfAWorkflowThatDoesNotWait(t *testing.T) {
	r, err := plan(t, workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {phase: Running}}"), ResumeOptions{})
	if err != nil || !r.nothing() || r.patch != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestResumptionTookEffect(t *testing.T) {
	before := workflowObject(t, gatesYAML)
	read := func(obj *unstructured.Unstructured) *status.WorkflowStatus {
		s, err := status.FromUnstructured(obj)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	r, err := plan(t, before, ResumeOptions{Outputs: map[string]any{"by": "ann"}})
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
