package retryplan

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

func workflowObject(t testing.TB, text string) *unstructured.Unstructured {
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

func asYAML(t testing.TB, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func selector(t testing.TB, text string) status.NodeSelector {
	t.Helper()
	s, err := status.ParseNodeSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readStatus(t testing.TB, obj *unstructured.Unstructured) *status.WorkflowStatus {
	t.Helper()
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// retry plans and applies a retry of obj at 2026-01-02T03:04:05Z.
func retry(t testing.TB, obj *unstructured.Unstructured, request Request) (*Plan, *unstructured.Unstructured) {
	t.Helper()
	before := obj.DeepCopy()
	p, err := Make(t.Context(), readStatus(t, obj), request)
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.Apply(t.Context(), obj, status.NodeDecoders{}, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(obj, before) {
		t.Error("the object was changed")
	}
	return p, after
}

func removedIDs(p *Plan) string { return ids(p.Removed()) }

func ids(nodes []*status.Node) string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func names(texts ...string) []nodeselection.Name {
	names, _ := nodeselection.ParseNames(nil, texts)
	return names
}

func TestMakeSelectsByName(t *testing.T) {
	const state = `{kind: Workflow, metadata: {name: w}, status: {phase: Succeeded, nodes: {
		w: {name: w, displayName: loadw, type: DAG, phase: Succeeded, children: [a, b]},
		a: {name: w.a, displayName: load, type: Pod, phase: Succeeded, boundaryID: w},
		b: {name: w.b, displayName: load, type: Pod, phase: Succeeded, boundaryID: w}}}}`
	for name, tc := range map[string]struct {
		request Request
		removed string
	}{
		"one":             {Request{Nodes: names("b")}, "b"},
		"by name":         {Request{Nodes: names("load")}, "a b"},
		"by pattern":      {Request{Nodes: names("lo?d")}, "a b"},
		"but the root":    {Request{Nodes: names("load*")}, "a b"},
		"the root":        {Request{Nodes: names("w")}, "a b w"},
		"several":         {Request{Nodes: names("b", "a", "b")}, "a b"},
		"with a selector": {Request{Nodes: names("b"), Selector: selector(t, "displayName=load")}, "b"},
	} {
		tc.request.RestartSuccessful = true
		p, _ := retry(t, workflowObject(t, state), tc.request)
		if got := removedIDs(p); got != tc.removed {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A name that also reads as a pattern, or is that of the workflow, selects the nodes that have it.
func TestMakeSelectsByExactName(t *testing.T) {
	const state = `{kind: Workflow, metadata: {name: load}, status: {phase: Succeeded, nodes: {
		load: {name: load, displayName: load, type: DAG, phase: Succeeded, children: [a, b, c]},
		a: {name: load.a, displayName: load, type: Pod, phase: Succeeded, boundaryID: load},
		b: {name: load.b, displayName: logs-*, type: Pod, phase: Succeeded, boundaryID: load},
		c: {name: load.c, displayName: logs-1, type: Pod, phase: Succeeded, boundaryID: load}}}}`
	for name, want := range map[string]string{"load": "a", "logs-*": "b", `logs-\*`: "b", "logs-?": "b c"} {
		p, _ := retry(t, workflowObject(t, state), Request{RestartSuccessful: true, Nodes: names(name)})
		if got := removedIDs(p); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPlanDescribesEachNode(t *testing.T) {
	p, _ := retry(t, workflowObject(t, `{kind: Workflow, metadata: {name: w}, status: {phase: Failed, nodes: {
		w: {name: w, type: DAG, phase: Failed, children: [a, b]},
		a: {name: w.a, type: DAG, phase: Failed, boundaryID: w, children: [a1, a2]},
		a1: {name: w.a.a1, type: Pod, phase: Failed, boundaryID: a},
		a2: {name: w.a.a2, type: Suspend, phase: Failed, boundaryID: a},
		b: {name: w.b, type: Pod, phase: Succeeded, boundaryID: w}}}}`), Request{})
	for id, want := range map[string]string{
		"w": "kept reset", "a": "kept reset", "a1": "", "a2": "", "b": "kept", "other": "",
	} {
		var got []string
		if p.Keeps(id) {
			got = append(got, "kept")
		}
		if p.Resets(id) {
			got = append(got, "reset")
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := removedIDs(p); got != "a1 a2" {
		t.Errorf("removed: %q", got)
	}
	if got := ids(p.Pods()); got != "a1" {
		t.Errorf("pods: %q", got)
	}
	if p.Phase() != status.PhaseRunning {
		t.Errorf("phase %q", p.Phase())
	}
}

// As with Argo, a hook of the workflow that succeeded doesn't run again, unless it is selected or
// the workflow's root is a single pod.
func TestMakeKeepsHooksOfTheWorkflow(t *testing.T) {
	const state = `{kind: Workflow, metadata: {name: w}, status: {phase: Failed, nodes: {
		w: {name: w, type: %s, phase: Failed, children: [a, done, failed]},
		a: {name: w.a, type: Pod, phase: Failed, boundaryID: w},
		done: {name: w.hooks.told, displayName: w.hooks.told, type: Pod, phase: Succeeded, nodeFlag: {hooked: true}},
		failed: {name: w.hooks.failing, type: Pod, phase: Failed, nodeFlag: {hooked: true}}}}}`
	for name, tc := range map[string]struct {
		root    string
		request Request
		removed string
	}{
		"kept":              {"DAG", Request{}, "a failed"},
		"selected":          {"DAG", Request{RestartSuccessful: true, Selector: selector(t, "displayName=w.hooks.told")}, "a done failed"},
		"of a single pod":   {"Pod", Request{}, "a done failed w"},
		"selected by an ID": {"DAG", Request{RestartSuccessful: true, Nodes: names("done")}, "a done failed"},
	} {
		p, _ := retry(t, workflowObject(t, fmt.Sprintf(state, tc.root)), tc.request)
		if got := removedIDs(p); got != tc.removed {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	const nodes = `, nodes: {w: {name: w, type: DAG, children: [a]}, a: {name: w.a, displayName: load, type: Pod},
		b: {name: w.b, displayName: load, type: Pod}, x: {name: w.onExit, displayName: w.onExit, type: Pod}}`
	none, load := []string{}, []string{"load"}
	for _, tc := range []struct {
		name, state string
		request     Request
		says        string
		candidates  []string
	}{
		{"success", "phase: Succeeded" + nodes, Request{}, "restartSuccessful: Required value", load},
		{"success without nodes", "phase: Succeeded", Request{}, "restartSuccessful: Required value", none},
		{"no selection", "phase: Succeeded" + nodes, Request{RestartSuccessful: true}, "nodes: Required value", load},
		{"a selector alone", "phase: Failed" + nodes, Request{Selector: selector(t, "id=a")}, "selector: Forbidden", nil},
		{"names alone", "phase: Failed" + nodes, Request{Nodes: names("a")}, "nodes: Forbidden", nil},
		{"a selector that matches nothing", "phase: Failed" + nodes, Request{RestartSuccessful: true, Selector: selector(t, "id=c")}, `selector: Invalid value: "id=c": matches no node`, load},
		{"a selector that matches none of the IDs", "phase: Failed" + nodes, Request{RestartSuccessful: true, Selector: selector(t, "id=a"), Nodes: names("w")}, `nodes[0]: Invalid value: "w": the selector matches none`, nil},
		{"unknown names", "phase: Failed" + nodes, Request{RestartSuccessful: true, Nodes: names("x", "c", "d")}, `[nodes[1]: Invalid value: "c": no node of the workflow has this name or ID, nodes[2]: Invalid value: "d"`, load},
	} {
		s := readStatus(t, workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {"+tc.state+"}}"))
		p, err := Make(t.Context(), s, tc.request)
		var selection *SelectionError
		if !errors.As(err, &selection) || p != nil {
			t.Errorf("%s: %v, %v", tc.name, p, err)
			continue
		}
		if !strings.Contains(err.Error(), tc.says) || !reflect.DeepEqual(selection.Candidates, tc.candidates) {
			t.Errorf("%s: %v, candidates %#v", tc.name, err, selection.Candidates)
		}
	}
	for state, phase := range map[string]status.Phase{"phase: Running" + nodes: status.PhaseRunning, "": status.PhaseUnknown} {
		var running *NotCompletedError
		s := readStatus(t, workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {"+state+"}}"))
		if _, err := Make(t.Context(), s, Request{}); !errors.As(err, &running) || running.Phase != phase {
			t.Errorf("phase %q: %v", phase, err)
		}
	}
	s := readStatus(t, workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {phase: Failed, offloadNodeStatusVersion: 'fnv:1'}}"))
	if _, err := Make(t.Context(), s, Request{}); !errors.Is(err, status.ErrNodesOffloaded) {
		t.Errorf("offloaded nodes: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	s = readStatus(t, workflowObject(t, "{kind: Workflow, metadata: {name: w}, status: {phase: Failed}}"))
	if _, err := Make(ctx, s, Request{}); !errors.Is(err, enough) {
		t.Errorf("an ended context: %v", err)
	}
}
