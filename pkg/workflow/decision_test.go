package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// decided sends a decision about a workflow, and returns the first patch that was written, without the
// ID of the decision.
func decided(t *testing.T, obj *unstructured.Unstructured, call func(context.Context, *WorkflowClient) (*DecisionResult, error)) (result *DecisionResult, patch map[string]any, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, func(r *http.Request) (any, error) {
			if r.Method == http.MethodPatch && patch == nil {
				if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
					return nil, err
				}
			}
			return obj.DeepCopy(), nil
		})
		result, err = call(t.Context(), c)
	})
	if ids, _, _ := unstructured.NestedString(patch, "metadata", "annotations", naming.AnnotationDecisions); len(ids) == len(newDecisionID()) {
		unstructured.RemoveNestedField(patch, "metadata", "annotations")
	}
	nodes, _, _ := unstructured.NestedFieldNoCopy(patch, "status", "nodes")
	all, _ := nodes.(map[string]any)
	for _, node := range all {
		fields := node.(map[string]any)
		if at, _ := fields["finishedAt"].(string); at != "" {
			fields["finishedAt"] = "now"
		}
	}
	return result, patch, err
}

func approving(d Decision) func(context.Context, *WorkflowClient) (*DecisionResult, error) {
	return func(ctx context.Context, c *WorkflowClient) (*DecisionResult, error) { return c.Approve(ctx, "w", d) }
}

func rejecting(d Decision) func(context.Context, *WorkflowClient) (*DecisionResult, error) {
	return func(ctx context.Context, c *WorkflowClient) (*DecisionResult, error) { return c.Reject(ctx, "w", d) }
}

func TestDecisionsWriteOnePatch(t *testing.T) {
	labelled := strings.Replace(gatesYAML, "metadata: {", `metadata: {labels: {workflows.argoproj.io/actor-email: eve}, `, 1)
	for name, tc := range map[string]struct {
		text  string
		call  func(context.Context, *WorkflowClient) (*DecisionResult, error)
		want  string // the patch
		gates string // names of the result's gates
	}{
		"an approval": {gatesYAML, approving(Decision{Gates: []string{"second"}}), `
metadata: {resourceVersion: "7", uid: u-1}
status: {nodes: {two: {phase: Succeeded, finishedAt: now}}}
`, "second"},
		"outputs, a message and an actor": {gatesYAML, approving(Decision{
			Gates: []string{"approve"}, Outputs: map[string]any{"by": "ann"}, Message: "looks right", By: "ann@example.com",
		}), `
metadata:
  resourceVersion: "7"
  uid: u-1
  labels: {workflows.argoproj.io/action: Resume, workflows.argoproj.io/actor: ann-example.com, workflows.argoproj.io/actor-email: ann.at.example.com}
status:
  nodes:
    one:
      phase: Succeeded
      finishedAt: now
      message: "looks right; Resumed by: map[User:ann@example.com]"
      outputs:
        parameters:
        - {name: by, globalName: decision, value: ann, enum: [ann, bob]}
        - {name: note, value: none}
        - {name: fixed, value: "1"}
  outputs: {parameters: [{name: kept, value: k}, {name: decision, value: ann}]}
`, "approve"},
		"all, without an actor": {labelled, approving(Decision{All: true, Outputs: map[string]any{"by": "bob"}}), `
metadata: {resourceVersion: "7", uid: u-1, labels: {workflows.argoproj.io/actor-email: null}}
status:
  nodes:
    one:
      phase: Succeeded
      finishedAt: now
      outputs:
        parameters:
        - {name: by, globalName: decision, value: bob, enum: [ann, bob]}
        - {name: note, value: none}
        - {name: fixed, value: "1"}
    two: {phase: Succeeded, finishedAt: now}
  outputs: {parameters: [{name: kept, value: k}, {name: decision, value: bob}]}
`, "approve second"},
		"a rejection": {gatesYAML, rejecting(Decision{Selector: "displayName=second", By: "CN=Ann, O=x"}), `
metadata:
  resourceVersion: "7"
  uid: u-1
  labels: {workflows.argoproj.io/action: Stop, workflows.argoproj.io/actor: CN-Ann--O-x}
status: {nodes: {two: {phase: Failed, finishedAt: now, message: "Rejected by: map[User:CN=Ann, O=x]"}}}
`, "second"},
		"a rejection with a message": {gatesYAML, rejecting(Decision{All: true, Message: "no"}), `
metadata: {resourceVersion: "7", uid: u-1}
status: {nodes: {one: {phase: Failed, finishedAt: now, message: "no"}, two: {phase: Failed, finishedAt: now, message: "no"}}}
`, "approve second"},
	} {
		t.Run(name, func(t *testing.T) {
			result, patch, err := decided(t, workflowObject(t, tc.text), tc.call)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := asYAML(t, patch), asYAML(t, fromYAML(t, tc.want)); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
			names := make([]string, len(result.Gates))
			for i, gate := range result.Gates {
				names[i] = gate.Name
			}
			if got := strings.Join(names, " "); got != tc.gates {
				t.Errorf("%q is decided", got)
			}
		})
	}
}

// The message that the node had stays before who decided.
func TestDecisionsKeepTheMessageOfANode(t *testing.T) {
	obj := gateObject(t, "1", "Running", "is it right?")
	for by, want := range map[string]any{"": nil, "ann": "is it right?; Resumed by: map[User:ann]"} {
		_, patch, err := decided(t, obj, approving(Decision{All: true, By: by}))
		got, _, _ := unstructured.NestedFieldNoCopy(patch, "status", "nodes", "g", "message")
		if err != nil || got != want {
			t.Errorf("%q: %v, %v", by, got, err)
		}
	}
}

func TestDecisionsRefuse(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	for name, tc := range map[string]struct {
		decision Decision
		says     string
	}{
		"an expression in the message": {Decision{All: true, Message: "{{workflow.name}}"}, "message: Invalid value: contains {{"},
		"an escaped one":               {Decision{All: true, Message: `\u007b\u007bworkflow.name}}`}, "message: Invalid value: contains {{"},
		"a long message":               {Decision{All: true, Message: strings.Repeat("x", 4097)}, "message: Too long"},
		"control characters":           {Decision{All: true, Message: "a\x1b[31m"}, "message: Invalid value: must be valid UTF-8 without control characters"},
		"not UTF-8":                    {Decision{All: true, Message: "a\xff"}, "message: Invalid value"},
		"an expression in by":          {Decision{All: true, By: "{{x}}"}, "by: Invalid value: contains {{"},
		"a long name":                  {Decision{All: true, By: strings.Repeat("x", 257)}, "by: Too long"},
		"two lines":                    {Decision{All: true, By: "a\nb"}, "by: Invalid value"},
		"a line separator":             {Decision{All: true, Message: "a\u2028b"}, "message: Invalid value: must be valid UTF-8"},
		"a reversed direction":         {Decision{All: true, By: "a\u202eb"}, "by: Invalid value: must be valid UTF-8"},
		"Argo's words":                 {Decision{All: true, Message: "ok; Resumed by: map[User:ann]"}, `message: Invalid value: contains "by: map["`},
		"Argo's words, respaced":       {Decision{All: true, Message: "REJECTED\nBY :\tMap [User:ann]"}, `message: Invalid value: contains "by: map["`},
		"Argo's words in by":           {Decision{All: true, By: "ann]; Resumed by: map[User:bob"}, `by: Invalid value: contains "by: map["`},
		"too many gates":               {Decision{Gates: slices.Repeat([]string{"a"}, 1_001)}, "gates: Too many: 1001: must have at most 1000 items"},
		"nothing":                      {Decision{}, "gates: Required value"},
	} {
		_, approved := c.Approve(t.Context(), "w", tc.decision)
		_, rejected := c.Reject(t.Context(), "w", tc.decision)
		for _, err := range []error{approved, rejected} {
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.says) || len(err.Error()) > 1_000 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := c.Reject(t.Context(), "w", Decision{All: true, Outputs: map[string]any{"a": 1}}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "outputs: Forbidden") {
		t.Error(err)
	}
	if _, err := c.Approve(t.Context(), "", Decision{All: true}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// Line breaks are allowed in a message: it can come from a form.
func TestMessageWithLines(t *testing.T) {
	_, patch, err := decided(t, gateObject(t, "1", "Running", ""), rejecting(Decision{All: true, Message: "no:\n\tas before"}))
	if got, _, _ := unstructured.NestedString(patch, "status", "nodes", "g", "message"); err != nil || got != "no:\n\tas before" {
		t.Errorf("%q, %v", got, err)
	}
}

// A decision that was made before is a success, and makes the controller look at the workflow unless it
// has acted. The opposite of one is an error.
func TestRepeatedApprovalsAndRejections(t *testing.T) {
	set := func(value any, fields ...string) func(*stage) {
		return func(s *stage) {
			if err := unstructured.SetNestedField(s.obj.Object, value, fields...); err != nil {
				s.t.Error(err)
			}
		}
	}
	phase := func(phase string) func(*stage) { return set(phase, "status", "nodes", "g", "phase") }
	followed := func(s *stage) {
		phase("Succeeded")(s)
		set(map[string]any{"id": "n", "name": "w[1].next", "type": "Pod", "phase": "Pending"}, "status", "nodes", "n")(s)
		set([]any{"n"}, "status", "nodes", "g", "children")(s)
	}
	ended := func(s *stage) {
		phase("Succeeded")(s)
		set("Failed", "status", "phase")(s)
	}
	byID, byName, bySelector := Decision{Gates: []string{"g"}}, Decision{Gates: []string{"approve"}}, Decision{Selector: "phase=Running"}
	for name, tc := range map[string]struct {
		was  func(*stage)
		call func(context.Context, *WorkflowClient) (*DecisionResult, error)
		want error
		sent string
	}{
		"an approval":                   {phase("Succeeded"), approving(byID), nil, "get@0 touch@0 touch@300"},
		"one by name":                   {phase("Succeeded"), approving(byName), nil, "get@0 touch@0 touch@300"},
		"one by selector":               {phase("Succeeded"), approving(bySelector), nil, "get@0 touch@0 touch@300"},
		"one of all":                    {phase("Succeeded"), approving(Decision{All: true}), nil, "get@0 touch@0 touch@300"},
		"one with outputs":              {phase("Succeeded"), approving(Decision{All: true, Outputs: map[string]any{"a": 1}}), nil, "get@0 touch@0 touch@300"},
		"a rejection":                   {phase("Failed"), rejecting(byID), nil, "get@0 touch@0 touch@300"},
		"one that was acted on":         {followed, approving(byID), nil, "get@0"},
		"after the end":                 {ended, approving(byID), nil, "get@0"},
		"the opposite":                  {phase("Failed"), approving(byID), ErrNotSuspended, "get@0 touch@0 touch@300"},
		"another opposite":              {phase("Succeeded"), rejecting(bySelector), ErrNotSuspended, "get@0 touch@0 touch@300"},
		"the opposite, acted on":        {followed, rejecting(byID), ErrNotSuspended, "get@0"},
		"the opposite after it":         {ended, rejecting(byID), ErrCompleted, "get@0"},
		"of a gate that does not exist": {func(*stage) {}, approving(Decision{Gates: []string{"other"}}), ErrNotSuspended, "get@0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				tc.was(s)
				result, err := tc.call(t.Context(), s.client())
				if !errors.Is(err, tc.want) || err == nil && len(result.Gates) > 0 {
					t.Errorf("%+v, %v", result, err)
				}
				if got := s.sent(); got != tc.sent {
					t.Errorf("%s\nwant %s", got, tc.sent)
				}
			})
		})
	}
}

// Outputs that are wrong by themselves and those that no gate waits for are in one error.
func TestProblemsOfOutputsAreTogether(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) { return workflowObject(t, gatesYAML), nil })
	_, err := c.Approve(t.Context(), "w", Decision{Gates: []string{"approve"}, Outputs: map[string]any{"note": nil, "nota": 1}})
	var refused *InvalidError
	if !errors.As(err, &refused) || len(refused.Problems) != 3 {
		t.Errorf("%v", err) // note has no value, by is missing, nota is unknown
	}
	if _, err := c.Approve(t.Context(), "w", Decision{Gates: []string{"second"}, Outputs: map[string]any{"by": "ann"}}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "no suspended node waits for it") {
		t.Errorf("%v", err)
	}
}

func TestDecisionsAboutAReplacedWorkflow(t *testing.T) {
	c := scripted(t, func(*http.Request) (any, error) { return gateObject(t, "1", "Running", ""), nil })
	if _, err := c.Approve(t.Context(), "w", Decision{All: true, UID: "other"}); !errors.Is(err, ErrReplaced) {
		t.Error(err)
	}
	if _, err := c.Reject(t.Context(), "w", Decision{All: true, UID: "other"}); !errors.Is(err, ErrReplaced) {
		t.Error(err)
	}
}

func TestEventsOfDecisions(t *testing.T) {
	for want, call := range map[string]func(context.Context, *WorkflowClient) (*DecisionResult, error){
		"WorkflowResumed: Gates passed: approve":         approving(Decision{All: true, By: "ann"}),
		"WorkflowGatesRejected: Gates rejected: approve": rejecting(Decision{All: true}),
	} {
		synctest.Test(t, func(t *testing.T) {
			told := recorded(t, func(c *WorkflowClient) {
				if _, err := call(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
			if got := strings.Join(told, "; "); got != want {
				t.Error(got)
			}
		})
	}
	s, err := status.FromUnstructured(workflowObject(t, delayYAML))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := approved(s.Nodes).message, "Gates passed: approve; delays cut short: cool-down, settle"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A context that ends before the controller was seen to act leaves the outcome open.
func TestContextThatEndsAfterADecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		s := gateStage(t, "")
		if _, err := s.client().Approve(ctx, "w", Decision{All: true}); !errors.Is(err, ErrUnknownOutcome) || !strings.Contains(err.Error(), "the change is written") {
			t.Error(err)
		}
		if phase, _, _ := unstructured.NestedString(s.obj.Object, "status", "nodes", "g", "phase"); phase != "Succeeded" || s.obj.GetAnnotations()[naming.AnnotationAsked] != "" {
			t.Errorf("%s, %v", phase, s.obj.GetAnnotations())
		}
	})
}
