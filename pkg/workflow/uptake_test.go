package workflow

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// stage is one workflow on a scripted API server, and a controller that acts on it.
type stage struct {
	t       *testing.T
	obj     *unstructured.Unstructured
	version int
	began   time.Time
	log     []string // what was sent, and when

	// acts is called before each request but the one that reads the first state.
	acts func(s *stage)
	// edited is when another client wrote last.
	edited time.Time
	// fails is asked for the error of a request; kind is "get", "write" or "touch".
	fails func(kind string) error
}

// gateStage is one step that waits at its gate; beside it, if wanted, another one works.
func gateStage(t *testing.T, beside string) *stage {
	obj := workflowObject(t, `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w, namespace: ma, uid: u}
status:
  phase: Running
  startedAt: "2026-01-01T00:00:00Z"
  nodes:
    w: {id: w, name: w, type: Steps, phase: Running, children: [s]}
    s: {id: s, name: "w[0]", type: StepGroup, phase: Running, boundaryID: w, children: [g]}
    g: {id: g, name: "w[0].approve", displayName: approve, type: Suspend, phase: Running, boundaryID: w}
`)
	if beside != "" {
		_ = unstructured.SetNestedMap(obj.Object, map[string]any{
			"id": "b", "name": "w[0].beside", "type": "Pod", "phase": beside, "boundaryID": "w",
		}, "status", "nodes", "b")
	}
	s := &stage{t: t, obj: obj, version: 1, began: time.Now()}
	s.wrote()
	return s
}

func (s *stage) wrote() { s.obj.SetResourceVersion(strconv.Itoa(s.version)) }

// edit is a write of another client.
func (s *stage) edit(change func(obj map[string]any)) {
	change(s.obj.Object)
	s.edited = time.Now()
	s.version++
	s.wrote()
}

func (s *stage) client() *WorkflowClient { return scripted(s.t, s.answer) }

func (s *stage) answer(r *http.Request) (any, error) {
	if s.acts != nil && len(s.log) > 0 {
		s.acts(s)
	}
	if r.Method == http.MethodGet {
		s.note("get")
		if s.fails != nil {
			if err := s.fails("get"); err != nil {
				return nil, err
			}
		}
		return s.obj.DeepCopy(), nil
	}
	var sent map[string]any
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, err
	}
	asked, _, _ := unstructured.NestedString(sent, "metadata", "annotations", annotationAsked)
	before, _, _ := unstructured.NestedString(s.obj.Object, "metadata", "annotations", annotationAsked)
	kind := "write"
	if asked != before {
		kind = "touch"
	}
	s.note(kind)
	var err error
	if s.fails != nil {
		err = s.fails(kind)
	}
	if answer := apierrors.APIStatus(nil); errors.As(err, &answer) {
		return nil, err
	}
	if version, _, _ := unstructured.NestedString(sent, "metadata", "resourceVersion"); version != s.obj.GetResourceVersion() {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: "workflows"}, "w", errors.New("changed"))
	}
	if r.Method == http.MethodPut {
		s.obj.Object = sent
	} else {
		patched(s.obj.Object, sent)
	}
	s.version++
	s.wrote()
	return s.obj.DeepCopy(), err
}

// patched applies a merge patch.
func patched(target, patch map[string]any) {
	for key, value := range patch {
		fields, ok := value.(map[string]any)
		if value == nil {
			delete(target, key)
		} else if old, is := target[key].(map[string]any); ok && is {
			patched(old, fields)
		} else {
			target[key] = value
		}
	}
}

func (s *stage) note(kind string) {
	s.log = append(s.log, fmt.Sprintf("%s@%d", kind, time.Since(s.began).Milliseconds()))
}

// sent is what was sent, with the milliseconds at which.
func (s *stage) sent() string { return strings.Join(s.log, " ") }

// next is what the controller does when it looks: it goes on from the gate.
func next(obj map[string]any) {
	_ = unstructured.SetNestedStringSlice(obj, []string{"s1"}, "status", "nodes", "g", "children")
}

// annotated is what another client's edit is like.
func annotated(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, time.Now().String(), "metadata", "annotations", "another")
}

// touched is what another call's touch is like.
func touched(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, "1999-01-01T00:00:00Z", "metadata", "annotations", annotationAsked)
}

// touchedAtOnce is what the touch of a decision that another call repeats is like.
func touchedAtOnce(obj map[string]any) {
	_ = unstructured.SetNestedField(obj, "1999-01-01T00:00:00Z"+askedAtOnce, "metadata", "annotations", annotationAsked)
}

func approve(ctx context.Context, c *WorkflowClient) error {
	_, err := c.Resume(ctx, "w", ResumeOptions{NodeIDs: []string{"g"}})
	return err
}

// No caller waits, and the controller is not made to look, more than needed.
func TestDecisionsAreFollowedUp(t *testing.T) {
	suspend := func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) }
	after := func(d time.Duration, do func(map[string]any)) func(*stage) {
		done := false
		return func(s *stage) {
			if !done && time.Since(s.began) >= d {
				done = true
				s.edit(do)
			}
		}
	}
	for name, tc := range map[string]struct {
		beside string
		call   func(context.Context, *WorkflowClient) error
		acts   func(*stage)
		setUp  func(*stage)
		want   string
	}{
		"taken up at once": {"", approve, after(10*time.Millisecond, next), nil, "get@0 write@0 get@50"},
		"taken up a little later": {"", approve, after(120*time.Millisecond, next), nil,
			"get@0 write@0 get@50 touch@150 get@150"},
		"after the first touch": {"", approve, after(200*time.Millisecond, next), nil,
			"get@0 write@0 get@50 touch@150 get@300"},
		"never": {"", approve, nil, nil,
			"get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"another client's edit is no uptake": {"", approve, after(40*time.Millisecond, annotated), nil,
			"get@0 write@0 get@50 touch@200 get@350 touch@550 get@1050 touch@1550"},
		"a touch meets another client's edit": {"", approve, after(120*time.Millisecond, annotated), nil,
			"get@0 write@0 get@50 touch@150 get@150 touch@300 get@450 touch@650 get@1150 touch@1650"},
		"a touch meets another call's touch": {"", approve, after(120*time.Millisecond, touched), nil,
			"get@0 write@0 get@50 touch@150 get@150 get@300 touch@500 get@1000 touch@1500"},
		"a touch meets one that did not wait": {"", approve, after(120*time.Millisecond, touchedAtOnce), nil,
			"get@0 write@0 get@50 touch@150 get@150 touch@300 get@450 touch@650 get@1150 touch@1650"},
		"it need not go on, since other work does": {"Running", approve, nil, nil, "get@0 write@0 touch@300"},
		"a suspension":                    {"", suspend, nil, nil, "get@0 write@0 touch@300"},
		"a suspension, while others edit": {"", suspend, after(100*time.Millisecond, annotated), nil, "get@0 write@0 touch@300 get@300 touch@600"},
		"the end of a workflow": {"", suspend, after(100*time.Millisecond, func(obj map[string]any) {
			_ = unstructured.SetNestedField(obj, "Succeeded", "status", "phase")
		}), nil, "get@0 write@0 touch@300 get@300"},
		"no controller has seen it": {"", suspend, nil, func(s *stage) {
			unstructured.RemoveNestedField(s.obj.Object, "status")
		}, "get@0 write@0"},
		"a gate of a suspended workflow": {"", approve, nil, func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
		}, "get@0 write@0"},
		"the whole": {"", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{KeepGates: true})
			return err
		}, nil, func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
			_ = unstructured.SetNestedField(s.obj.Object, "Succeeded", "status", "nodes", "g", "phase")
		}, "get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"a stop": {"", func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
			after(200*time.Millisecond, func(obj map[string]any) {
				_ = unstructured.SetNestedField(obj, "Failed", "status", "nodes", "g", "phase")
				_ = unstructured.SetNestedField(obj, "Stopped with strategy 'Stop'", "status", "nodes", "g", "message")
			}), nil, "get@0 write@0 get@50 touch@150 get@300"},
		"a stop of one that is queued": {"", func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, "w", TerminateOptions{}) },
			nil, func(s *stage) {
				_ = unstructured.SetNestedMap(s.obj.Object, map[string]any{"phase": "Pending"}, "status")
			}, "get@0 write@0 touch@300"},
		"a rejection": {"", func(ctx context.Context, c *WorkflowClient) error {
			return c.Stop(ctx, "w", StopOptions{NodeIDs: []string{"g"}})
		}, after(200*time.Millisecond, func(obj map[string]any) {
			_ = unstructured.SetNestedField(obj, "Failed", "status", "nodes", "s", "phase")
		}), nil, "get@0 write@0 get@50 touch@150 get@300"},
		"a retry": {"", func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, "w", RetryOptions{})
			return err
		}, after(200*time.Millisecond, func(obj map[string]any) {
			_ = unstructured.SetNestedMap(obj, map[string]any{"id": "n", "type": "Pod", "phase": "Pending"}, "status", "nodes", "n")
		}), func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "phase")
			_ = unstructured.SetNestedField(s.obj.Object, "1999-01-01T00:00:00Z", "status", "finishedAt")
			for _, id := range []string{"w", "s", "g"} {
				_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "nodes", id, "phase")
			}
		}, "get@0 write@0 get@50 touch@150 get@300"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, tc.beside)
				s.acts = tc.acts
				if tc.setUp != nil {
					tc.setUp(s)
				}
				if err := tc.call(t.Context(), s.client()); err != nil {
					t.Error(err)
				}
				if got := s.sent(); got != tc.want {
					t.Errorf("%s\nwant %s", got, tc.want)
				}
			})
		})
	}
}

// A workflow that had not changed for long can't have been written by the controller just now.
func TestDecisionsOnAWorkflowThatRestedAreNotFollowedUp(t *testing.T) {
	manager := func(at string) any {
		return map[string]any{"manager": "m", "operation": "Update", "time": at}
	}
	for name, tc := range map[string]struct {
		before, after []any
		want          bool
	}{
		"for long":                 {[]any{manager("2026-01-01T00:00:00Z"), manager("2025-01-01T00:00:00Z")}, []any{manager("2026-01-01T00:00:45Z")}, true},
		"not for long":             {[]any{manager("2025-01-01T00:00:00Z"), manager("2026-01-01T00:00:01Z")}, []any{manager("2026-01-01T00:00:45Z")}, false},
		"stored for 34 s":          {[]any{manager("2026-01-01T00:00:00Z")}, []any{manager("2026-01-01T00:00:34Z")}, false},
		"by no clock":              {nil, []any{manager("2026-01-01T00:00:45Z")}, false},
		"not to be seen afterward": {[]any{manager("2026-01-01T00:00:00Z")}, nil, false},
		"no time":                  {[]any{manager("")}, []any{manager("2026-01-01T00:00:45Z")}, false},
		"a clock that went back":   {[]any{manager("2026-01-01T01:00:00Z")}, []any{manager("2026-01-01T00:00:05Z")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			object := func(managers []any) *unstructured.Unstructured {
				return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"managedFields": managers}}}
			}
			if got := rested(object(tc.before), object(tc.after)); got != tc.want {
				t.Error(got)
			}
		})
	}
	if rested(nil, &unstructured.Unstructured{}) {
		t.Error("nothing is known of it")
	}
}

// A decision that is written already is not repeated, but the controller is made to look.
func TestRepeatedDecisionsHaveTheControllerLook(t *testing.T) {
	resumed := func(ids ...string) func(context.Context, *WorkflowClient) error {
		return func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{NodeIDs: ids})
			return err
		}
	}
	stop := func(opts StopOptions) func(context.Context, *WorkflowClient) error {
		return func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", opts) }
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
		"a resume":          {gate("Succeeded"), resumed(), nil},
		"an approval":       {gate("Succeeded"), resumed("g"), ErrNotSuspended},
		"a rejection":       {gate("Failed"), stop(StopOptions{NodeIDs: []string{"g"}}), ErrNotSuspended},
		"one by a selector": {gate("Failed"), stop(StopOptions{Selector: "displayName=approve"}), ErrNotSuspended},
		"one by the phase":  {gate("Failed"), stop(StopOptions{Selector: "phase=Running"}), ErrNotSuspended},
		"a resume with outputs": {gate("Succeeded"), func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{Outputs: map[string]any{"by": "me"}})
			return err
		}, ErrInvalid},
		"a suspension": {spec("suspend", true), func(ctx context.Context, c *WorkflowClient) error {
			return c.Suspend(ctx, "w", SuspendOptions{})
		}, nil},
		"a stop": {spec("shutdown", "Stop"), stop(StopOptions{}), nil},
		"a retry": {func(s *stage) { s.obj.SetAnnotations(map[string]string{annotationRetryID: "id"}) }, func(ctx context.Context, c *WorkflowClient) error {
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
						t.Error("an event tells of a decision")
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

// Of many clients that decide about a gate one is first. If each of the others had the controller
// look, all would see a new state, and whoever decides about what a state shows would do so again.
func TestDecisionsThatComeTooLateLeaveAlone(t *testing.T) {
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
		"something follows":    {followed(nil), "get@0"},
		"its steps have ended": {set("Succeeded", "s", "phase"), "get@0"},
		"its template has":     {set("Failed", "w", "phase"), "get@0"},
		"a hook of the gate":   {followed(map[string]any{"hooked": true}), "get@0 touch@0 touch@300"},
		"nothing shows it":     {func(*stage) {}, "get@0 touch@0 touch@300"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				set("Succeeded", "g", "phase")(s)
				tc.acted(s)
				if _, err := s.client().Resume(t.Context(), "w", ResumeOptions{NodeIDs: []string{"g"}}); !errors.Is(err, ErrNotSuspended) {
					t.Error(err)
				}
				if got := s.sent(); got != tc.want {
					t.Errorf("%s\nwant %s", got, tc.want)
				}
			})
		})
	}
}

// The answer to a decision that comes too late is known, whether or not the controller could be
// asked; of one that is written it has to be said.
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
			return c.Stop(ctx, "w", StopOptions{NodeIDs: []string{"g"}})
		}, ErrNotSuspended, "could not be asked to look again: context deadline exceeded"},
		"a stop": {func(s *stage) {
			_ = unstructured.SetNestedField(s.obj.Object, "Stop", "spec", "shutdown")
		}, func(ctx context.Context, c *WorkflowClient) error {
			return c.Stop(ctx, "w", StopOptions{})
		}, ErrUnknownOutcome, "it is written"},
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

// What means nothing that was decided before changes nothing.
func TestDecisionsForNothingWriteNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		_, err := s.client().Resume(t.Context(), "w", ResumeOptions{NodeIDs: []string{"other"}})
		if !errors.Is(err, ErrNotSuspended) || s.sent() != "get@0" {
			t.Errorf("%v, %s", err, s.sent())
		}
		_, err = s.client().Retry(t.Context(), "w", RetryOptions{})
		if !errors.Is(err, ErrNotCompleted) || s.sent() != "get@0 get@0" {
			t.Errorf("%v, %s", err, s.sent())
		}
	})
}

// A context that ends after the write can't undo it.
func TestContextThatEndsAfterTheWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		within time.Duration
		want   error
	}{
		"before a touch": {100 * time.Millisecond, ErrUnknownOutcome},
		"after a touch":  {200 * time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.within)
				defer cancel()
				s := gateStage(t, "")
				err := approve(ctx, s.client())
				if !errors.Is(err, tc.want) {
					t.Fatal(err)
				}
				if err != nil && (!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "it is written")) {
					t.Error(err)
				}
			})
		})
	}
}

// A decision that is written has not failed.
func TestFaultsAfterTheWrite(t *testing.T) {
	workflows := schema.GroupResource{Group: argoGroup, Resource: "workflows"}
	forbidden := apierrors.NewForbidden(workflows, "w", errors.New("revoked"))
	for name, tc := range map[string]struct {
		fails func(s *stage, kind string) error
		want  error
		sent  string
	}{
		"reading fails": {func(s *stage, kind string) error {
			if kind == "get" && len(s.log) > 1 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}, nil, "get@0 write@0 get@50 touch@1050 get@1200 touch@2300 get@2800 touch@4200"},
		"nothing is permitted any more": {func(s *stage, _ string) error {
			if len(s.log) > 2 {
				return forbidden
			}
			return nil
		}, ErrUnknownOutcome, "get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"touches are not accepted, and the controller acts": {func(s *stage, kind string) error {
			if kind != "touch" {
				return nil
			}
			s.edit(next)
			return apierrors.NewBadRequest("no such annotation here")
		}, nil, "get@0 write@0 get@50 touch@150 get@300"},
		"the only touch is not accepted": {func(s *stage, kind string) error {
			if len(s.log) == 1 {
				_ = unstructured.SetNestedMap(s.obj.Object, map[string]any{
					"id": "b", "name": "w[0].beside", "type": "Pod", "phase": "Running", "boundaryID": "w",
				}, "status", "nodes", "b")
			}
			if kind == "touch" {
				return apierrors.NewBadRequest("no such annotation here")
			}
			return nil
		}, ErrUnknownOutcome, "get@0 write@0 touch@300"},
		"it was deleted": {func(s *stage, _ string) error {
			if len(s.log) > 2 {
				return apierrors.NewNotFound(workflows, "w")
			}
			return nil
		}, nil, "get@0 write@0 get@50"},
		"the answer to a touch is lost": {func(s *stage, kind string) error {
			if kind == "touch" && len(s.log) == 4 {
				s.acts = func(s *stage) { s.acts = nil; s.edit(next) }
				return io.ErrUnexpectedEOF
			}
			return nil
		}, nil, ""},
		"the API server is gone": {func(s *stage, _ string) error {
			if len(s.log) > 2 {
				return apierrors.NewServiceUnavailable("gone")
			}
			return nil
		}, ErrUnknownOutcome, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				s.fails = func(kind string) error { return tc.fails(s, kind) }
				err := approve(t.Context(), s.client())
				if !errors.Is(err, tc.want) {
					t.Error(err)
				}
				if got := s.sent(); tc.sent != "" && got != tc.sent {
					t.Errorf("%s\nwant %s", got, tc.sent)
				}
			})
		})
	}
}

// While the API server is away, no time is used up in which the workflow could be quiet.
func TestTouchAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		s.fails = func(kind string) error {
			switch {
			case kind == "touch" && time.Since(s.began) < 2*followUpFor:
				return apierrors.NewServiceUnavailable("away")
			case kind == "touch" && s.edited.IsZero():
				s.edit(annotated)
			}
			return nil
		}
		if err := s.client().Suspend(t.Context(), "w", SuspendOptions{}); err != nil {
			t.Error(err)
		}
		if s.obj.GetAnnotations()[annotationAsked] == "" || time.Since(s.edited) < longQuietFor {
			t.Errorf("%v after another client's edit: %s", time.Since(s.edited), s.sent())
		}
	})
}

// A workflow that others write all the time is never quiet; that has an end.
func TestFollowingUpABusyWorkflowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		s.fails = func(kind string) error {
			if kind == "write" { // before it, every attempt would meet a conflict
				s.acts = func(s *stage) { s.edit(annotated) }
			}
			return nil
		}
		if err := approve(t.Context(), s.client()); err != nil {
			t.Error(err)
		}
		if took := time.Since(s.began); took < followUpFor || took > 2*followUpFor {
			t.Errorf("%v: %s", took, s.sent())
		}
	})
}

// Another client retries the workflow while the answer to a decision about the run before is lost.
func TestDecisionsAreForOneRun(t *testing.T) {
	retried := func(obj map[string]any) {
		_ = unstructured.SetNestedField(obj, "2026-01-02T00:00:00Z", "status", "startedAt")
		unstructured.RemoveNestedField(obj, "spec", "shutdown")
		unstructured.RemoveNestedField(obj, "spec", "suspend")
		_ = unstructured.SetNestedField(obj, "Running", "status", "nodes", "g", "phase")
	}
	for name, call := range map[string]func(context.Context, *WorkflowClient) error{
		"a stop":        func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
		"a termination": func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, "w", TerminateOptions{}) },
		"a suspension":  func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) },
		"an approval":   approve,
		"a rejection": func(ctx context.Context, c *WorkflowClient) error {
			return c.Stop(ctx, "w", StopOptions{NodeIDs: []string{"g"}})
		},
	} {
		for how, failure := range map[string]error{
			"lost":     io.ErrUnexpectedEOF,
			"conflict": apierrors.NewConflict(schema.GroupResource{Resource: "workflows"}, "w", errors.New("changed")),
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := gateStage(t, "")
					writes := 0
					s.fails = func(kind string) error {
						if kind != "write" {
							return nil
						}
						if writes++; writes == 1 {
							s.acts = func(s *stage) { s.acts = nil; s.edit(retried) }
							return failure
						}
						return nil
					}
					want := ErrUnknownOutcome
					if how == "conflict" {
						want = ErrConflict
					}
					if err := call(t.Context(), s.client()); !errors.Is(err, want) || writes != 1 {
						t.Errorf("%v after %d writes", err, writes)
					}
					if gate, _, _ := unstructured.NestedString(s.obj.Object, "status", "nodes", "g", "phase"); gate != "Running" {
						t.Error("the gate of the new run is " + gate)
					}
				})
			})
		}
	}
}

// A retry knows its own run by its id, also if it has ended since.
func TestLostRetryIsFoundByItsRun(t *testing.T) {
	ended := func(obj map[string]any) { _ = unstructured.SetNestedField(obj, "Failed", "status", "phase") }
	for name, tc := range map[string]struct {
		then func(obj map[string]any)
		want error
	}{
		"its own": {ended, nil},
		"another client's": {func(obj map[string]any) {
			ended(obj)
			_ = unstructured.SetNestedField(obj, "2026-01-03T00:00:00Z", "status", "startedAt")
			_ = unstructured.SetNestedField(obj, "theirs", "metadata", "annotations", annotationRetryID)
		}, ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				ended(s.obj.Object)
				_ = unstructured.SetNestedField(s.obj.Object, "1999-01-01T00:00:00Z", "status", "finishedAt")
				writes := 0
				s.fails = func(kind string) error {
					if kind != "write" {
						return nil
					}
					if writes++; writes == 1 {
						s.acts = func(s *stage) { s.acts = nil; s.edit(tc.then) }
						return io.ErrUnexpectedEOF
					}
					return nil
				}
				_, err := s.client().Retry(t.Context(), "w", RetryOptions{})
				if !errors.Is(err, tc.want) || writes != 1 {
					t.Errorf("%v after %d writes", err, writes)
				}
				if strings.Contains(s.sent(), "touch") {
					t.Errorf("the run has ended, and the controller is asked to look at it: %s", s.sent())
				}
			})
		})
	}
}

// The controller may compress the nodes that show that it has acted, by whatever the client can read.
func TestUptakeInCompressedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		s.acts = func(s *stage) {
			if time.Since(s.began) < 10*time.Millisecond {
				return
			}
			s.acts = nil
			s.edit(func(obj map[string]any) {
				next(obj)
				state, _ := obj["status"].(map[string]any)
				nodes, err := json.Marshal(state["nodes"])
				if err != nil {
					t.Error(err)
				}
				delete(state, "nodes")
				state["compressedNodes"] = base64.StdEncoding.EncodeToString(nodes)
			})
		}
		uncompressed := func(src io.Reader) (io.ReadCloser, error) { return io.NopCloser(src), nil }
		c := scriptedWith(t, Options{NodeDecoders: status.NodeDecoders{Brotli: uncompressed}}, s.answer)
		if err := approve(t.Context(), c); err != nil {
			t.Error(err)
		}
		if got, want := s.sent(), "get@0 write@0 get@50"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}

// Ten thousand gates beside ten thousand others are one pass over them.
func TestUptakeOfManyGates(t *testing.T) {
	before, after := &status.WorkflowStatus{}, &status.WorkflowStatus{}
	var gates []*status.Node
	for i := range 10_000 {
		gate := &status.Node{ID: strconv.Itoa(i), Type: status.NodeTypeSuspend, Phase: status.NodeRunning, BoundaryID: "dag"}
		gates = append(gates, gate)
		other := &status.Node{ID: "other-" + gate.ID, Type: status.NodeTypePod, Phase: status.NodeSucceeded, BoundaryID: "dag"}
		before.Nodes = append(before.Nodes, gate, other)
		passed := *gate
		passed.Phase = status.NodeSucceeded
		after.Nodes = append(after.Nodes, &passed, other)
	}
	u := gatesDecided(before, gates)
	if !u.soon || u.acted(after) {
		t.Error("nothing follows a gate, and nothing else goes on")
	}
	last := after.Nodes[len(after.Nodes)-2]
	last.Children = []string{"next"}
	if !u.acted(after) {
		t.Error("something follows a gate")
	}
}

// A group that had ended before a decision doesn't show that the controller has acted on it.
func TestGroupsThatHadEndedShowNoUptake(t *testing.T) {
	gate := &status.Node{ID: "g", Type: status.NodeTypeSuspend, Phase: status.NodeRunning, BoundaryID: "dag"}
	group := &status.Node{ID: "dag", Type: status.NodeTypeDAG, Phase: status.NodeFailed, Children: []string{"g"}}
	before := &status.WorkflowStatus{Nodes: []*status.Node{group, gate}}
	if gatesDecided(before, []*status.Node{gate}).acted(before) {
		t.Error("nothing has changed")
	}
}

// A caller that may only read can't have decided anything, and learns how it stands.
func TestRepeatedDecisionsWithoutPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
		_ = unstructured.SetNestedField(s.obj.Object, "Failed", "status", "nodes", "g", "phase")
		s.fails = func(kind string) error {
			if kind == "get" {
				return nil
			}
			return apierrors.NewForbidden(schema.GroupResource{Group: argoGroup, Resource: "workflows"}, "w", errors.New("get only"))
		}
		if err := s.client().Suspend(t.Context(), "w", SuspendOptions{}); err != nil {
			t.Error(err)
		}
		if err := s.client().Stop(t.Context(), "w", StopOptions{NodeIDs: []string{"g"}}); !errors.Is(err, ErrNotSuspended) {
			t.Error(err)
		}
	})
}
