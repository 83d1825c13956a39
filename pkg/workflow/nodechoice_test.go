package workflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// delayYAML is a workflow with a gate and two delays beside it.
const delayYAML = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, uid: u-1, resourceVersion: "7"}
spec: {templates: [{name: wait, suspend: {duration: 10m}}, {name: ask, suspend: {}}]}
status:
  phase: Running
  nodes:
    gate: {id: gate, displayName: approve, type: Suspend, phase: Running, templateName: ask, startedAt: "2026-01-01T00:00:00Z"}
    one: {id: one, displayName: cool-down, type: Suspend, phase: Running, templateName: wait, startedAt: "2026-01-01T00:00:00Z"}
    two: {id: two, displayName: settle, type: Suspend, phase: Running, templateName: wait, startedAt: "2026-01-01T00:01:00Z"}
`

func ids(nodes []*status.Node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.ID
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestResumeAndDelays(t *testing.T) {
	for name, tc := range map[string]struct {
		text          string
		opts          ResumeOptions
		gates, delays string
		err           error
		says          string
	}{
		"the whole workflow":     {gates: "gate", delays: "one two"},
		"by a name":              {opts: ResumeOptions{Selector: "displayName=approve"}, gates: "gate"},
		"by a shared phase":      {opts: ResumeOptions{Selector: "phase=Running"}, gates: "gate"},
		"by a delay's template":  {opts: ResumeOptions{Selector: "templateName=wait"}, err: ErrNotSuspended, says: `delay "cool-down" passes by itself at 2026-01-01T00:10:00Z`},
		"by the id of a gate":    {opts: ResumeOptions{NodeIDs: []string{"gate"}}, gates: "gate"},
		"by the id of a delay":   {opts: ResumeOptions{NodeIDs: []string{"one"}}, delays: "one"},
		"by both":                {opts: ResumeOptions{NodeIDs: []string{"two", "gate"}}, gates: "gate", delays: "two"},
		"by ids and selector":    {opts: ResumeOptions{NodeIDs: []string{"two", "gate"}, Selector: "displayName=settle"}, delays: "two"},
		"where only delays wait": {text: strings.Replace(delayYAML, "phase: Running, templateName: ask", "phase: Succeeded, templateName: ask", 1), delays: "one two"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.text == "" {
				tc.text = delayYAML
			}
			r, err := plan(t, workflowObject(t, tc.text), tc.opts)
			if !errors.Is(err, tc.err) || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Fatal(err)
			}
			if got, want := ids(r.result.Nodes)+"/"+ids(r.result.Delays), tc.gates+"/"+tc.delays; got != want {
				t.Errorf("passes %s, want %s", got, want)
			}
			nodes, _, _ := unstructured.NestedMap(r.patch, "status", "nodes")
			if got := len(strings.Fields(tc.gates)) + len(strings.Fields(tc.delays)); got != len(nodes) {
				t.Errorf("%v are written", nodes)
			}
		})
	}
}

func TestDelaysAreNotRejected(t *testing.T) {
	obj := workflowObject(t, delayYAML)
	s, err := status.FromUnstructured(obj)
	if err != nil {
		t.Fatal(err)
	}
	selector, _ := nodeSelector(field.NewPath("selector"), "phase=Running")
	ch, err := new(WorkflowClient).planRejection(t.Context(), gates{selector: selector}, "no")(obj, s)
	if err != nil {
		t.Fatal(err)
	}
	nodes, _, _ := unstructured.NestedMap(ch.patch, "status", "nodes")
	if len(nodes) != 1 || nodes["gate"] == nil {
		t.Errorf("%v are written", nodes)
	}
	if _, err := new(WorkflowClient).planRejection(t.Context(), gates{ids: []string{"one"}}, "no")(obj, s); !errors.Is(err, ErrNotSuspended) || !strings.Contains(err.Error(), "passes by itself") {
		t.Error(err)
	}
}

// A wait for a gate ignores delays, and ends at the gate that follows them.
func TestSuspendedIgnoresDelays(t *testing.T) {
	before, err := status.FromUnstructured(workflowObject(t, strings.Replace(delayYAML, "phase: Running, templateName: ask", "phase: Pending, templateName: ask", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := Suspended(before); done || err != nil {
		t.Error(done, err)
	}
	if (ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}).match(before) {
		t.Error("it is listed")
	}
	if got := (&WaitError{Last: before, Err: errors.New("late")}).Error(); !strings.Contains(got, "Running, unfinished: cool-down, settle") {
		t.Error(got)
	}
	after, err := status.FromUnstructured(workflowObject(t, delayYAML))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := Suspended(after); !done || err != nil {
		t.Error(done, err)
	}
}

// For what Argo calls an intermediate parameter, the input of the same name has the enum and the
// default.
func TestIntermediateParameters(t *testing.T) {
	const text = `
kind: Workflow
metadata: {name: w}
status:
  phase: Running
  nodes:
    g:
      {id: g, displayName: approve, type: Suspend, phase: Running,
      inputs: {parameters: [{name: answer, enum: ["YES", "NO"], INPUT}]},
      outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}}
`
	for name, tc := range map[string]struct {
		input   string
		outputs map[string]any
		want    string
		says    string
	}{
		"allowed":                  {`value: "NO", default: "NO"`, map[string]any{"answer": "YES"}, "YES", ""},
		"not allowed":              {`value: "NO", default: "NO"`, map[string]any{"answer": "perhaps"}, "", "outputs[answer]: Invalid value: node approve allows only: [YES NO]"},
		"the default":              {`value: "NO", default: "NO"`, nil, "NO", ""},
		"no default":               {`value: "NO"`, nil, "", "allowed are: [YES NO]"},
		"an input without a value": {`description: x`, nil, "", "does not have a default value"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := plan(t, workflowObject(t, strings.Replace(text, "INPUT", tc.input, 1)), ResumeOptions{Outputs: tc.outputs})
			if tc.says != "" {
				if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "perhaps") {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			written, _, _ := unstructured.NestedSlice(r.patch, "status", "nodes", "g", "outputs", "parameters")
			if len(written) != 1 || written[0].(map[string]any)["value"] != tc.want {
				t.Errorf("%v is written", written)
			}
		})
	}
}

// The error of a decision has the states of the selected gates.
func TestErrorHasTheStatesOfGates(t *testing.T) {
	const nodes = `
    a: {id: a, displayName: approve, name: w.approve, type: Suspend, phase: Succeeded, message: "approved by ann", finishedAt: "2026-01-01T00:00:05Z"}
    b: {id: b, displayName: reject, type: Suspend, phase: Failed, message: "LONG"}
    c: {id: c, displayName: "od\nd", type: Suspend, phase: Pending}
    d: {id: d, displayName: work, type: Pod, phase: Running}
    w: {id: w, displayName: waits, type: Suspend, phase: Running}
`
	long := strings.Repeat(`\u001b[31mx`, 1_000)
	running := "kind: Workflow\nstatus:\n  phase: Running\n  nodes:" + strings.Replace(nodes, "LONG", long, 1)
	stopped := strings.Replace(strings.Replace(running, "phase: Running", "phase: Failed", 1), "kind: Workflow", "kind: Workflow\nspec: {shutdown: Stop}", 1)
	succeeded := strings.Replace(running, "phase: Running", "phase: Succeeded", 1)
	many := make([]string, 500)
	for i := range many {
		many[i] = strings.Repeat("n", 500)
	}
	for name, tc := range map[string]struct {
		text, selector string
		ids            []string
		err            error
		says           string
	}{
		"passed":           {running, "", []string{"a"}, ErrNotSuspended, `ids a; suspended are: waits (gate "approve" is Succeeded since 2026-01-01T00:00:05Z: "approved by ann")`},
		"by a selector":    {running, "displayName=approve", nil, ErrNotSuspended, `"displayName=approve"; suspended are: waits (gate "approve" is Succeeded since`},
		"rejected":         {running, "", []string{"b"}, ErrNotSuspended, `gate "reject" is Failed: "\x1b[31mx\x1b`},
		"not reached":      {running, "", []string{"c"}, ErrNotSuspended, `gate "od\nd" is Pending`},
		"not a gate":       {running, "", []string{"d"}, ErrNotSuspended, `"work" is not a gate, its type is Pod`},
		"a name":           {running, "", []string{"approve"}, ErrNotSuspended, `"approve" is the name of a node, use its id a`},
		"a path":           {running, "", []string{"w.approve"}, ErrNotSuspended, `"w.approve" is the name of a node, use its id a`},
		"unknown":          {running, "", []string{"x y"}, ErrNotSuspended, `ids "x y"; suspended are: waits (there is no node "x y")`},
		"not selected":     {running, "displayName=x", []string{"w"}, ErrNotSuspended, `gate "waits" waits, but the selector does not match it`},
		"many":             {running, "", many, ErrNotSuspended, `and 492 more`},
		"another stopped":  {stopped, "", []string{"a"}, ErrCompleted, `it ended Stopped (gate "approve" is Succeeded`},
		"another approved": {succeeded, "", []string{"a"}, ErrCompleted, `it ended Succeeded (gate "approve" is Succeeded`},
		"ended, no match":  {stopped, "displayName=nobody", nil, ErrCompleted, `it ended Stopped`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan(t, workflowObject(t, tc.text), ResumeOptions{Selector: tc.selector, NodeIDs: tc.ids})
			if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), tc.says) || len(err.Error()) > 8_000 || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// Errors quote and truncate names chosen by other writers, and shorten long lists.
func TestErrorsAboutOutputsAreBounded(t *testing.T) {
	hostile := "a\n\x1b[31m" + strings.Repeat("x", 5_000)
	outputs, enum := []any{map[string]any{"name": hostile, "valueFrom": map[string]any{"supplied": map[string]any{}}}}, []any{}
	for i := range 1_000 {
		enum = append(enum, fmt.Sprint(hostile, i))
	}
	for i := range 1_000 {
		outputs = append(outputs, map[string]any{
			"name": fmt.Sprint("p", i), "enum": enum[i : i+min(100, 1_000-i)], "valueFrom": map[string]any{"supplied": map[string]any{}},
		})
	}
	obj := &unstructured.Unstructured{Object: map[string]any{"kind": "Workflow", "status": map[string]any{
		"phase": "Running", "nodes": map[string]any{"g": map[string]any{
			"id": "g", "displayName": hostile, "type": "Suspend", "phase": "Running", "outputs": map[string]any{"parameters": outputs},
		}},
	}}}
	for name, supplied := range map[string]map[string]any{"none": nil, "another": {"b": 1}, "a wrong one": {"p0": "secret"}} {
		_, err := plan(t, obj, ResumeOptions{Outputs: supplied})
		if !errors.Is(err, ErrInvalid) {
			t.Fatalf("%s: %v", name, err)
		}
		text := err.Error()
		if len(text) > 128<<10 || strings.ContainsAny(text, "\n\x1b") || strings.Contains(text, "secret") || !strings.Contains(text, "more problems") {
			t.Errorf("%s: %d bytes: %.500s", name, len(text), text)
		}
	}
}

// The log distinguishes a start that created its workflow from one that found it, and contains the
// outcome.
func TestLogOfAStart(t *testing.T) {
	var out bytes.Buffer
	var workflow *unstructured.Unstructured
	lost := false // whether the answers to creates are lost
	c := scriptedWith(t, Options{Observer: NewLogObserver(slog.NewTextHandler(&out, nil))}, func(r *http.Request) (any, error) {
		switch {
		case r.Method == http.MethodPost && workflow != nil:
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{}, "w")
		case r.Method == http.MethodPost:
			workflow = &unstructured.Unstructured{}
			data := new(bytes.Buffer)
			if _, err := data.ReadFrom(r.Body); err != nil {
				return nil, err
			}
			if err := workflow.UnmarshalJSON(data.Bytes()); err != nil {
				return nil, err
			}
			if lost {
				return nil, io.ErrUnexpectedEOF
			}
			return workflow, nil
		case strings.Contains(r.URL.Path, "workflowtemplates"):
			return nil, apierrors.NewForbidden(schema.GroupResource{}, "it", nil) // so that the template isn't checked
		case workflow == nil:
			return nil, apierrors.NewNotFound(schema.GroupResource{}, "w")
		}
		return workflow, nil
	})
	start := func() string {
		out.Reset()
		if _, err := c.Start(t.Context(), StartRequest{Template: "it", IdempotencyKey: "k"}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := start(); !strings.Contains(got, "found=false outcome=Pending") || !strings.Contains(got, "level=INFO") {
		t.Error(got)
	}
	workflow, lost = nil, true // this call did create the workflow, and recognizes it
	if got := start(); !strings.Contains(got, "found=false outcome=Pending") {
		t.Error(got)
	}
	lost = false
	workflow.Object["status"] = map[string]any{"phase": "Failed", "startedAt": time.Now().UTC().Format(time.RFC3339)}
	if err := unstructured.SetNestedField(workflow.Object, "Stop", "spec", "shutdown"); err != nil {
		t.Fatal(err)
	}
	if got := start(); !strings.Contains(got, "found=true outcome=Stopped") || !strings.Contains(got, "level=INFO") {
		t.Error(got)
	}
}
