package workflow

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Pods, task results and the task set of the old workflow, also of a call that was interrupted, are
// awaited.
func TestReplacementAwaitsWhatIsLeft(t *testing.T) {
	for resource, selector := range map[string]string{
		"pods":                "labelSelector=workflows.argoproj.io/workflow=n",
		"workflowtaskresults": "labelSelector=workflows.argoproj.io/workflow=n",
		"workflowtasksets":    "fieldSelector=metadata.name=n",
	} {
		for _, free := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := newReplacing(t, nil)
				if free {
					s.Remove("n")
				}
				s.Others = map[string][]string{resource: {"n-1"}}
				key, want, _ := strings.Cut(selector, "=")
				s.Refuse = func(r *http.Request) error {
					if got := r.URL.Query().Get(key); path.Base(r.URL.Path) == resource && got != want {
						t.Errorf("%s: %q", resource, got)
					}
					return nil
				}
				short, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := s.client().Start(short, replacement(""))
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnknownOutcome) ||
					!strings.Contains(err.Error(), "n-1 still exists") || strings.Contains(s.seen(), "create") {
					t.Errorf("%s: %v after %s", resource, err, s.seen())
				}
				var failed *ReplacementError
				if deleted := errors.As(err, &failed); deleted == free || deleted && failed.Replaced != s.old {
					t.Errorf("%s: %v", resource, err)
				}
				time.AfterFunc(10*time.Second, func() { s.Set(func() { s.Others = nil }) })
				if _, err := s.client().Start(t.Context(), replacement("")); err != nil {
					t.Errorf("%s: %v", resource, err)
				}
			})
		}
	}
}

// Clusters without the definition of a resource have none of its objects.
func TestReplacementWithoutTaskResults(t *testing.T) {
	for _, resource := range []string{"workflowtaskresults", "workflowtasksets"} {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			s.Refuse = func(r *http.Request) error {
				if path.Base(r.URL.Path) != resource {
					return nil
				}
				return apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{}, "", "404 page not found", 0, true)
			}
			if _, err := s.client().Start(t.Context(), replacement("")); err != nil {
				t.Errorf("%s: %v", resource, err)
			}
		})
	}
}

// A later workflow has the name when the new one is created, and is deleted before it is read.
func TestReplacementAwaitsWhatALaterWorkflowLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, nil)
		var came time.Time
		s.Refuse = func(r *http.Request) error {
			if r.Method != http.MethodPost || path.Base(r.URL.Path) != "workflows" || r.URL.Query().Get("dryRun") != "" || !came.IsZero() {
				return nil
			}
			came = time.Now()
			s.Others = map[string][]string{"pods": {"n-1"}}
			time.AfterFunc(2*DefaultRetryFor, func() { s.Set(func() { s.Others = nil }) })
			return apierrors.NewAlreadyExists(schema.GroupResource{Resource: "workflows"}, "n")
		}
		_, err := s.client().Start(t.Context(), replacement(""))
		if took := time.Since(came); err != nil || took < 2*DefaultRetryFor {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A later workflow has the name while what is left is awaited. It is deleted as soon as it was read,
// before its pods are.
func TestReplacementGivesWayToALaterWorkflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, nil)
		s.Latency = 10 * time.Millisecond
		s.Others = map[string][]string{"pods": {"n-1"}}
		s.Wrote = func(method string, obj *unstructured.Unstructured) {
			s.react(method, obj)
			if method == http.MethodDelete {
				time.AfterFunc(reaction+time.Millisecond, func() { s.Put("n", nil) })
			}
		}
		s.Refuse = func(r *http.Request) error {
			if r.Method == http.MethodGet && path.Base(r.URL.Path) == "n" {
				time.AfterFunc(time.Millisecond, func() {
					if now := s.Object("n"); now != nil && now.GetUID() != s.old {
						s.Remove("n")
					}
				})
			}
			return nil
		}
		_, err := s.client().Start(t.Context(), replacement(""))
		var failed *ReplacementError
		if !errors.Is(err, ErrAlreadyExists) || !errors.As(err, &failed) || strings.Contains(s.seen(), "create") {
			t.Errorf("%v after %s", err, s.seen())
		}
	})
}
