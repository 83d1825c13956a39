package workflow

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// A decision that was already written is not written again, but the controller is made to look at
// the workflow.
func TestRepeatedDecisionsTouch(t *testing.T) {
	reject := func(d Decision) func(context.Context, *WorkflowClient) error {
		return func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, "w", d)
			return err
		}
	}
	gate := func(phase string) func(*stage) {
		return func(s *stage) { _ = unstructured.SetNestedField(s.obj.Object, phase, "status", "nodes", "g", "phase") }
	}
	spec := func(field string, value any) func(*stage) {
		return func(s *stage) { _ = unstructured.SetNestedField(s.obj.Object, value, "spec", field) }
	}
	for name, tc := range map[string]struct {
		was  func(*stage)
		call func(context.Context, *WorkflowClient) error
		want error
	}{
		"a resume": {gate("Succeeded"), func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{})
			return err
		}, nil},
		"an approval":       {gate("Succeeded"), approve, nil},
		"a rejection":       {gate("Failed"), reject(Decision{Gates: []string{"g"}}), nil},
		"one by a selector": {gate("Failed"), reject(Decision{Selector: "displayName=approve"}), nil},
		"one by the phase":  {gate("Failed"), reject(Decision{Selector: "phase=Running"}), nil},
		"the opposite":      {gate("Succeeded"), reject(Decision{Gates: []string{"g"}}), ErrNotSuspended},
		"an approval with outputs": {gate("Succeeded"), func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Approve(ctx, "w", Decision{All: true, Outputs: map[string]any{"by": "me"}})
			return err
		}, nil},
		"a suspension": {spec("suspend", true), func(ctx context.Context, c *WorkflowClient) error {
			return c.Suspend(ctx, "w", SuspendOptions{})
		}, nil},
		"a stop": {spec("shutdown", "Stop"), func(ctx context.Context, c *WorkflowClient) error {
			return c.Stop(ctx, "w", StopOptions{})
		}, nil},
		"a retry": {func(s *stage) { s.obj.SetAnnotations(map[string]string{naming.AnnotationRetryID: "id"}) }, func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, "w", RetryOptions{})
			return err
		}, ErrNotCompleted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				tc.was(s)
				r := &recorder{}
				c := scriptedWith(t, Options{Observer: r, EventSource: "host"}, func(req *http.Request) (any, error) {
					if strings.HasSuffix(req.URL.Path, "/events") {
						t.Error("an event was recorded")
					}
					return s.answer(req)
				})
				if err := tc.call(t.Context(), c); !errors.Is(err, tc.want) {
					t.Error(err)
				}
				if got, want := s.sent(), "get@0 touch@0 touch@300"; got != want {
					t.Errorf("%s\nwant %s", got, want)
				}
			})
		})
	}
}

// If many clients decide about a gate, one is first. If each of the others touched the workflow,
// all would receive a new state, and a client that decides on each state would decide again.
func TestLateDecisionsTouchOnlyIfTheControllerHasNotActed(t *testing.T) {
	set := func(value any, fields ...string) func(*stage) {
		return func(s *stage) {
			if err := unstructured.SetNestedField(s.obj.Object, value, append([]string{"status", "nodes"}, fields...)...); err != nil {
				s.t.Error(err)
			}
		}
	}
	followed := func(flag map[string]any) func(*stage) {
		return func(s *stage) {
			set(map[string]any{"id": "n", "name": "w[1].next", "type": "Pod", "phase": "Pending", "nodeFlag": flag}, "n")(s)
			set([]any{"n"}, "g", "children")(s)
		}
	}
	for name, tc := range map[string]struct {
		acted func(*stage)
		want  string
	}{
		"something follows":            {followed(nil), "get@0"},
		"its steps have ended":         {set("Succeeded", "s", "phase"), "get@0"},
		"its template has ended":       {set("Failed", "w", "phase"), "get@0"},
		"a hook of the gate":           {followed(map[string]any{"hooked": true}), "get@0 touch@0 touch@300"},
		"the controller has not acted": {func(*stage) {}, "get@0 touch@0 touch@300"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				set("Succeeded", "g", "phase")(s)
				tc.acted(s)
				if err := approve(t.Context(), s.client()); err != nil {
					t.Error(err)
				}
				if got := s.sent(); got != tc.want {
					t.Errorf("%s\nwant %s", got, tc.want)
				}
			})
		})
	}
}

// The result of a late decision is known even if the touch fails. For a decision that was written,
// a failed touch makes the outcome unknown.
func TestContextThatEndsInARepeatedDecision(t *testing.T) {
	approved := func(s *stage) {
		_ = unstructured.SetNestedField(s.obj.Object, "Succeeded", "status", "nodes", "g", "phase")
	}
	for name, tc := range map[string]struct {
		was  func(*stage)
		call func(context.Context, *WorkflowClient) error
		want error
		says string
	}{
		"a rejection of what another client has approved": {approved, func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, "w", Decision{Gates: []string{"g"}})
			return err
		}, ErrNotSuspended, "could not be asked to look again: context deadline exceeded"},
		"a stop": {func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, "Stop", "spec", "shutdown")
		}, func(ctx context.Context, c *WorkflowClient) error {
			return c.Stop(ctx, "w", StopOptions{})
		}, ErrUnknownOutcome, "the change is written"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				s := gateStage(t, "")
				tc.was(s)
				if err := tc.call(ctx, s.client()); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("%v, sent %s", err, s.sent())
				}
				if want := "get@0 touch@0"; s.sent() != want {
					t.Errorf("%s\nwant %s", s.sent(), want)
				}
			})
		})
	}
}

// A decision that matches no earlier decision writes nothing.
func TestDecisionsAboutNothingWriteNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		_, err := s.client().Approve(t.Context(), "w", Decision{Gates: []string{"other"}})
		if !errors.Is(err, ErrNotSuspended) || s.sent() != "get@0" {
			t.Errorf("%v, %s", err, s.sent())
		}
		_, err = s.client().Retry(t.Context(), "w", RetryOptions{})
		if !errors.Is(err, ErrNotCompleted) || s.sent() != "get@0 get@0" {
			t.Errorf("%v, %s", err, s.sent())
		}
	})
}

// A caller that may only read can't have made the earlier decision, so no touch is needed.
func TestRepeatedDecisionsWithoutPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
		_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "nodes", "g", "phase")
		s.fails = func(kind string) error {
			if kind == "get" {
				return nil
			}
			return apierrors.NewForbidden(schema.GroupResource{Group: naming.Group, Resource: "workflows"}, "w", errors.New("get only"))
		}
		if err := s.client().Suspend(t.Context(), "w", SuspendOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := s.client().Reject(t.Context(), "w", Decision{Gates: []string{"g"}}); err != nil {
			t.Error(err)
		}
		if err := approve(t.Context(), s.client()); !errors.Is(err, ErrNotSuspended) {
			t.Error(err)
		}
	})
}

// An approval with other outputs than those in place is not the one that was made.
func TestRepeatedApprovalsCompareTheirOutputs(t *testing.T) {
	for name, tc := range map[string]struct {
		decision Decision
		ended    bool
		want     error
	}{
		"the same":                  {Decision{Gates: []string{"g"}, Outputs: map[string]any{"by": "ann", "n": 3}}, false, nil},
		"some of them":              {Decision{Gates: []string{"g"}, Outputs: map[string]any{"by": "ann"}}, false, nil},
		"none":                      {Decision{Gates: []string{"g"}}, false, nil},
		"another value":             {Decision{Gates: []string{"g"}, Outputs: map[string]any{"by": "bob"}}, false, ErrNotSuspended},
		"another value, by name":    {Decision{Gates: []string{"appr*"}, Outputs: map[string]any{"by": "bob", "n": 3}}, false, ErrNotSuspended},
		"another value, selected":   {Decision{Selector: "id=g", Outputs: map[string]any{"by": "bob"}}, false, ErrNotSuspended},
		"one that was not supplied": {Decision{Gates: []string{"g"}, Outputs: map[string]any{"late": ""}}, false, ErrNotSuspended},
		"another value of all":      {Decision{All: true, Outputs: map[string]any{"by": "bob"}}, false, nil}, // names no gate
		"the same after the end":    {Decision{All: true, Outputs: map[string]any{"by": "ann"}}, true, nil},
		"another after the end":     {Decision{All: true, Outputs: map[string]any{"by": "bob"}}, true, ErrCompleted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				set(s.obj, "Succeeded", "status", "nodes", "g", "phase")
				set(s.obj, []any{
					map[string]any{"name": "by", "value": "ann"}, map[string]any{"name": "n", "value": "3"},
					map[string]any{"name": "late", "valueFrom": map[string]any{"supplied": map[string]any{}}},
				}, "status", "nodes", "g", "outputs", "parameters")
				if tc.ended {
					set(s.obj, "Succeeded", "status", "phase")
				}
				result, err := s.client().Approve(t.Context(), "w", tc.decision)
				if !errors.Is(err, tc.want) || err == nil && len(result.Gates) > 0 {
					t.Errorf("%+v, %v", result, err)
				}
				if err != nil && (!strings.Contains(err.Error(), `gate "approve" is Succeeded, with other values of the outputs `) ||
					strings.Contains(err.Error(), "ann") || strings.Contains(err.Error(), "bob")) {
					t.Error(err)
				}
			})
		})
	}
}
