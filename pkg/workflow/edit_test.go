package workflow

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// A context that ends after the write doesn't undo it.
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
				if err != nil && (!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the change is written")) {
					t.Error(err)
				}
			})
		})
	}
}

// A fault after the write doesn't make the decision fail.
func TestFaultsAfterTheWrite(t *testing.T) {
	workflows := schema.GroupResource{Group: naming.Group, Resource: "workflows"}
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
		}, nil, "get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"permissions are revoked": {func(s *stage, _ string) error {
			if len(s.log) > 2 {
				return forbidden
			}
			return nil
		}, ErrUnknownOutcome, "get@0 write@0 get@50 touch@150 get@300 touch@500 get@1000 touch@1500"},
		"touches are refused, and the controller acts": {func(s *stage, kind string) error {
			if kind != "touch" {
				return nil
			}
			s.edit(next)
			return apierrors.NewBadRequest("no such annotation here")
		}, nil, "get@0 write@0 get@50 touch@150 get@300"},
		"the only touch is refused": {func(s *stage, kind string) error {
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
		"the API server is away": {func(s *stage, _ string) error {
			if len(s.log) > 2 {
				return apierrors.NewServiceUnavailable("away")
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

// An outage of the API server doesn't count towards the time limit of a touch.
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
		if s.obj.GetAnnotations()[naming.AnnotationAsked] == "" || time.Since(s.edited) < longQuietFor {
			t.Errorf("%v after another client's edit: %s", time.Since(s.edited), s.sent())
		}
	})
}

// If other clients keep writing a workflow, it is never quiet, so the wait for that is limited.
func TestFollowUpOfABusyWorkflowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		s.fails = func(kind string) error {
			if kind == "write" { // before the write, every attempt would conflict
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

// Nor does a decision that was made before fail because other clients keep writing.
func TestRepeatedDecisionOnABusyWorkflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gateStage(t, "")
		_ = unstructured.SetNestedField(s.obj.Object, true, "spec", "suspend")
		s.fails = func(kind string) error {
			if kind != "get" {
				s.edit(annotated)
			}
			return nil
		}
		if err := s.client().Suspend(t.Context(), "w", SuspendOptions{}); err != nil {
			t.Error(err)
		}
		if len(s.log) < 100 || s.obj.GetAnnotations()[naming.AnnotationAsked] != "" {
			t.Errorf("%d requests, annotations %v", len(s.log), s.obj.GetAnnotations())
		}
	})
}

// Another client retries the workflow before a decision about the earlier run is written or confirmed.
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
			_, err := c.Reject(ctx, "w", Decision{Gates: []string{"g"}})
			return err
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

// Another workflow gets the name after a write. If the answer to the write was lost, it may have
// taken effect on the workflow that was meant.
func TestWriteToAWorkflowThatIsReplaced(t *testing.T) {
	for name, call := range map[string]func(context.Context, *WorkflowClient) error{
		"a stop":      func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
		"an approval": approve,
	} {
		for failure, want := range map[error]error{
			io.ErrUnexpectedEOF: ErrUnknownOutcome,
			apierrors.NewConflict(schema.GroupResource{Resource: "workflows"}, "w", errors.New("changed")): ErrReplaced,
		} {
			synctest.Test(t, func(t *testing.T) {
				s := gateStage(t, "")
				s.fails = func(kind string) error {
					if kind != "write" {
						return nil
					}
					s.acts = func(s *stage) {
						s.acts = nil
						s.edit(func(obj map[string]any) { _ = unstructured.SetNestedField(obj, "v", "metadata", "uid") })
					}
					return failure
				}
				err := call(t.Context(), s.client())
				if got := matched(err); len(got) != 1 || !errors.Is(got[0], want) || strings.Count(s.sent(), "write") != 1 {
					t.Errorf("%s, %v: %v after %s", name, failure, err, s.sent())
				}
			})
		}
	}
}

// A retry recognizes its own run by its ID, even if the run has ended since.
func TestRetryWithoutAnAnswerIsRecognized(t *testing.T) {
	ended := func(obj map[string]any) { _ = unstructured.SetNestedField(obj, "Failed", "status", "phase") }
	for name, tc := range map[string]struct {
		then func(obj map[string]any)
		want error
	}{
		"its own": {ended, nil},
		"another client's": {func(obj map[string]any) {
			ended(obj)
			_ = unstructured.SetNestedField(obj, "2026-01-03T00:00:00Z", "status", "startedAt")
			_ = unstructured.SetNestedField(obj, "theirs", "metadata", "annotations", naming.AnnotationRetryID)
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
					t.Errorf("a touch after the end of the run: %s", s.sent())
				}
			})
		})
	}
}
