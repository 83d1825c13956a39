package status_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// polledName is a rule by which each step that polls an object whose condition has the word Approved is a
// gate. Its object has the last word of the manifest as its name.
func polledName(r status.PolledResource) *status.GateObject {
	if !strings.Contains(r.SuccessCondition, "Approved") && !r.LeftOut {
		return nil
	}
	words := strings.Fields(r.Manifest)
	o := &status.GateObject{Group: "g", Version: "v1", Kind: "Approval", Namespace: "ma"}
	if r.LeftOut {
		o.Problem = "left out"
	} else if o.Name = words[len(words)-1]; strings.Contains(o.Name, status.UnresolvedTag) {
		o.Name, o.Problem = "", "unresolved"
	} else {
		o.GateName = o.Name
	}
	return o
}

// gatesIn reads a workflow in each way, and describes its gates, which have to be the same.
func gatesIn(t *testing.T, text string) (string, *status.WorkflowStatus) {
	t.Helper()
	u := object(t, strings.Replace(text, "{", "{kind: Workflow, ", 1))
	data, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	slim, err := wfjson.SlimWithPolled(nil, data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := wfjson.SlimWithPolled(nil, slim)
	if err != nil || string(again) != string(slim) {
		t.Fatalf("slimmed again: %s, %v", again, err)
	}
	packed := u.DeepCopy()
	nodes, _, _ := unstructured.NestedMap(packed.Object, "status", "nodes")
	text, err = status.CompressNodes(nodes)
	if err != nil {
		t.Fatal(err)
	}
	unstructured.RemoveNestedField(packed.Object, "status", "nodes")
	_ = unstructured.SetNestedField(packed.Object, text, "status", "compressedNodes")

	d := status.NodeDecoders{}.WithGates(polledName)
	var first string
	var s *status.WorkflowStatus
	for i, read := range []func() (*status.WorkflowStatus, error){
		func() (*status.WorkflowStatus, error) { return d.FromUnstructured(u) },
		func() (*status.WorkflowStatus, error) { return d.FromJSON(data) },
		func() (*status.WorkflowStatus, error) { return d.FromJSON(slim) },
		func() (*status.WorkflowStatus, error) { return d.FromUnstructured(packed) },
	} {
		if s, err = read(); err != nil {
			t.Fatal(err)
		}
		got := describedGates(s)
		if i == 0 {
			first = got
		} else if got != first {
			t.Fatalf("way %d: %s\nwant\n%s", i, got, first)
		}
	}
	return first, s
}

// describedGates lists the nodes that are gates or attempts of one.
func describedGates(s *status.WorkflowStatus) string {
	var all []string
	for _, n := range s.Nodes {
		o := n.GateObject()
		if o == nil && !n.Waiting() && !n.PartOfGate() {
			continue
		}
		text := n.ID
		if n.Waiting() {
			text += " waits"
		}
		if n.PartOfGate() {
			text += " is a part"
		}
		if n.GateName() != n.DisplayName {
			text += " as " + n.GateName()
		}
		if o != nil {
			text += " for " + o.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func TestGatesOfPolledObjects(t *testing.T) {
	const root = `w: {name: w, type: Steps, phase: Running, templateName: main, templateScope: local/w}`
	const approval = `resource: {action: get, manifest: "kind: Approval name: {{inputs.parameters.name}}", successCondition: status.phase == Approved}`
	pod := func(more string) string {
		return `{type: Pod, phase: Running, name: "w[0].g", displayName: g, boundaryID: w, templateScope: local/w, ` + more + `}`
	}
	const given = `templateName: t, inputs: {parameters: [{name: name, value: one}]}`
	local := func(template, nodes string) string {
		return `{metadata: {name: w, namespace: ma, uid: u-1}, spec: {arguments: {parameters: [{name: p, value: two}]}, templates: [{name: main, steps: []}, ` + template +
			`]}, status: {phase: Running, nodes: {` + root + `, ` + nodes + `}}}`
	}
	template := func(manifest string) string {
		return local(`{name: t, resource: {action: get, manifest: "`+manifest+`", successCondition: status.phase == Approved}}`, `g: `+pod(given))
	}
	stored := func(key, node string) string {
		return `{metadata: {name: w}, status: {phase: Running, storedTemplates: {"` + key + `": {name: t, ` + approval + `}}, nodes: {` + root + `, g: ` + pod(node) + `}}}`
	}
	retried := func(attempts string) string {
		return local(`{name: t, `+approval+`}`, `r: {type: Retry, phase: Running, name: "w[0].g", displayName: g, boundaryID: w, children: [a, b], `+given+`}, `+attempts)
	}
	attempt := func(id, phase string) string {
		return id + `: {type: Pod, phase: ` + phase + `, name: "w[0].g(` + id + `)", displayName: "g(` + id + `)", boundaryID: w, nodeFlag: {retried: true}, ` + given + `}`
	}
	long := strings.Repeat("x", 1<<16)
	for name, tc := range map[string]struct{ text, want string }{
		"a step":                      {local(`{name: t, `+approval+`}`, `g: `+pod(given)), "g waits as one for Approval one"},
		"one that has not begun":      {local(`{name: t, `+approval+`}`, `g: `+strings.Replace(pod(given), "Running", "Pending", 1)), "g waits as one for Approval one"},
		"one that was passed":         {local(`{name: t, `+approval+`}`, `g: `+strings.Replace(pod(given), "Running", "Succeeded", 1)), "g as one for Approval one"},
		"one that waits for a lock":   {local(`{name: t, `+approval+`}`, `g: `+pod(given+`, synchronizationStatus: {waiting: ma/Mutex/m}`)), "g as one for Approval one"},
		"the workflow has ended":      {strings.Replace(local(`{name: t, `+approval+`}`, `g: `+pod(given)), "status: {phase: Running", "status: {phase: Failed", 1), "g as one for Approval one"},
		"another action":              {strings.Replace(template("a"), "action: get", "action: patch", 1), ""},
		"another condition":           {strings.Replace(template("a"), "== Approved", "== Ready", 1), ""},
		"no condition":                {strings.Replace(template("a"), ", successCondition: status.phase == Approved", "", 1), ""},
		"no manifest":                 {template(""), ""},
		"another template":            {local(`{name: x, `+approval+`}`, `g: `+pod(given)), ""},
		"a template that is replaced": {strings.Replace(template("a"), "{name: t, resource", "{name: t, resource: {action: get, manifest: b, successCondition: x}}, {name: t, resource", 1), "g waits as a for Approval a"},
		"values of the workflow":      {template("{{workflow.parameters.p}}-{{ workflow.name }}-{{workflow.namespace}}-{{workflow.uid}}"), "g waits as two-w-ma-u-1 for Approval two-w-ma-u-1"},
		"an expression":               {template("{{=inputs.parameters.name}}"), "g waits for Approval (unresolved)"},
		"no such input":               {template("{{inputs.parameters.other}}"), "g waits for Approval (unresolved)"},
		"an open tag":                 {template("a{{"), "g waits as a{{ for Approval a{{"},
		"a value that is a tag":       {strings.Replace(local(`{name: t, `+approval+`}`, `g: `+pod(given)), "value: one", `value: "{{workflow.name}}"`, 1), "g waits as {{workflow.name}} for Approval {{workflow.name}}"},
		"a long manifest":             {template(long), "g waits for Approval (left out)"},
		"a long value":                {strings.Replace(local(`{name: t, `+approval+`}`, `g: `+pod(given)), "value: one", "value: "+long, 1), "g waits for Approval (left out)"},
		"by reference":                {stored("namespaced/a/t", `templateRef: {name: a, template: t}, inputs: {parameters: [{name: name, value: one}]}`), "g waits as one for Approval one"},
		"of the cluster":              {stored("cluster/a/t", `templateRef: {name: a, template: t, clusterScope: true}, inputs: {parameters: [{name: name, value: one}]}`), "g waits as one for Approval one"},
		"of another object":           {stored("namespaced/b/t", `templateRef: {name: a, template: t}`), ""},
		"within another template":     {strings.Replace(stored("namespaced/a/t", given), "templateScope: local/w, templateName: t", "templateScope: namespaced/a, templateName: t", 1), "g waits as one for Approval one"},
		"from a WorkflowTemplate": {
			`{metadata: {name: w}, status: {phase: Running, storedWorkflowTemplateSpec: {templates: [{name: t, ` + approval + `}]}, nodes: {` + root + `, g: ` + pod(given) + `}}}`,
			"g waits as one for Approval one",
		},
		"inline": {
			strings.Replace(local(`{name: x}`, `g: `+pod(`inputs: {parameters: [{name: name, value: one}]}`)), "steps: []", `steps: [[{name: g, inline: {`+approval+`}}]]`, 1),
			"g waits as one for Approval one",
		},
		"inline, passed": {
			strings.Replace(local(`{name: x}`, `g: `+strings.Replace(pod(`inputs: {parameters: [{name: name, value: one}]}`), "Running", "Failed", 1)), "steps: []", `steps: [[{name: g, inline: {`+approval+`}}]]`, 1),
			"g as one for Approval one",
		},
		"between attempts":  {retried(attempt("a", "Failed") + `, ` + attempt("b", "Error")), "a is a part; b is a part; r waits as one for Approval one"},
		"during an attempt": {retried(attempt("a", "Failed") + `, ` + attempt("b", "Running")), "a is a part; b is a part; r waits as one for Approval one"},
		"retries that ended": {
			strings.Replace(retried(attempt("a", "Failed")+`, `+attempt("b", "Succeeded")), "type: Retry, phase: Running", "type: Retry, phase: Succeeded", 1), "r as one for Approval one",
		},
		"gates of both kinds": {local(`{name: t, `+approval+`}, {name: s, suspend: {}}`, `g: `+pod(given)+`, s: {type: Suspend, phase: Running, displayName: s, templateName: s}`), "g waits as one for Approval one; s waits"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := gatesIn(t, tc.text)
			if ids := strings.Split(got, "; "); true {
				slices.Sort(ids)
				got = strings.Join(ids, "; ")
			}
			if got != tc.want {
				t.Errorf("%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// A gate that is decided in an object is one in everything that a status says.
func TestPolledGatesAreGates(t *testing.T) {
	_, s := gatesIn(t, `{metadata: {name: w}, spec: {templates: [{name: t, resource: {action: get, manifest: one, successCondition: status.phase == Approved}}]}, status: {phase: Running, nodes: {
		w: {name: w, type: Steps, phase: Running},
		r: {type: Retry, phase: Running, name: "w[0].g", displayName: g, boundaryID: w, templateName: t, children: [a]},
		a: {type: Pod, phase: Running, name: "w[0].g(0)", displayName: "g(0)", boundaryID: w, templateName: t, nodeFlag: {retried: true}},
		p: {type: Pod, phase: Running, name: "w[0].p", displayName: p, boundaryID: w, templateName: x}}}}`)
	if !s.Suspended() || !s.HasSuspendedNodes() || s.Outcome() != status.OutcomeSuspended {
		t.Error("the workflow is not suspended")
	}
	if got := ids(s.SuspendedNodes()); got != "r" {
		t.Errorf("gates: %s", got)
	}
	if got := ids(s.UnfinishedNodes()); got != "p" {
		t.Errorf("work: %s", got)
	}
	var drawn strings.Builder
	if err := s.WriteTree(&drawn, time.Time{}, status.TreeOptions{ASCII: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(drawn.String(), "= g  waits for Approval one\n") || strings.Contains(drawn.String(), "g(0)") {
		t.Error(drawn.String())
	}
	if outputs := s.SuspendedNodes()[0].AwaitedOutputs(); len(outputs) > 0 {
		t.Errorf("%v", outputs)
	}
	plain, err := status.FromUnstructured(s.Raw())
	if err != nil || plain.Suspended() || describedGates(plain) != "" {
		t.Errorf("without a rule: %s, %v", describedGates(plain), err)
	}
}

func ids(nodes []*status.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.ID)
	}
	return strings.Join(all, " ")
}

// Others decide how many steps there are, and how long their manifests are.
func TestManifestsOfGatesAreBounded(t *testing.T) {
	for length, most := range map[int]int{15 << 10: 512<<10/(15<<10) + 1, 20 << 10: 0, 1: 8_000} {
		nodes := map[string]any{}
		for i := range 10_000 {
			nodes[fmt.Sprint("g", i)] = map[string]any{"type": "Pod", "phase": "Running", "templateName": "t"}
		}
		u := &unstructured.Unstructured{Object: map[string]any{
			"kind": "Workflow",
			"spec": map[string]any{"templates": []any{map[string]any{"name": "t", "resource": map[string]any{
				"action": "get", "manifest": strings.Repeat("x", length), "successCondition": "status.phase == Approved",
			}}}},
			"status": map[string]any{"phase": "Running", "nodes": nodes},
		}}
		read := 0
		s, err := status.NodeDecoders{}.WithGates(func(r status.PolledResource) *status.GateObject {
			if !r.LeftOut {
				read++
			}
			return polledName(r)
		}).FromUnstructured(u)
		if err != nil || len(s.SuspendedNodes()) != 10_000 || read > most || read == 0 && most > 0 {
			t.Errorf("%d bytes: %d gates, %d manifests, %v", length, len(s.SuspendedNodes()), read, err)
		}
	}
}

// Methods of nodes are safe for concurrent use, also those that read on demand.
func TestPassedGatesAreReadConcurrently(t *testing.T) {
	_, s := gatesIn(t, `{metadata: {name: w}, spec: {templates: [{name: t, resource: {action: get, manifest: one, successCondition: status.phase == Approved}}]}, status: {phase: Running, nodes: {
		g: {type: Pod, phase: Succeeded, name: g, templateName: t}, h: {type: Pod, phase: Failed, name: h, templateName: t}}}}`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := describedGates(s); got != "g as one for Approval one; h as one for Approval one" {
				t.Error(got)
			}
		})
	}
	all.Wait()
}
