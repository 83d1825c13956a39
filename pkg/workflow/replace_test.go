package workflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestReplace(t *testing.T) {
	inPhase := func(phase string) func(*unstructured.Unstructured) {
		return func(u *unstructured.Unstructured) { set(u, phase, "status", "phase") }
	}
	for name, tc := range map[string]struct {
		edit func(*unstructured.Unstructured)
		want string
	}{
		"running":        {nil, "stop old, delete old, create new"},
		"succeeded":      {inPhase("Succeeded"), "delete old, create new"},
		"failed":         {inPhase("Failed"), "delete old, create new"},
		"stopped before": {func(u *unstructured.Unstructured) { set(u, "Stop", "spec", "shutdown") }, "stop old, delete old, create new"},
		"suspended":      {func(u *unstructured.Unstructured) { set(u, true, "spec", "suspend") }, "stop old, delete old, create new"},
		// The next two never end, so the deletion must not wait for that.
		"without a controller": {func(u *unstructured.Unstructured) { delete(u.Object, "status") }, "stop old, delete old, create new"},
		"queued":               {func(u *unstructured.Unstructured) { u.Object["status"] = map[string]any{"phase": "Pending"} }, "stop old, delete old, create new"},
		"being deleted": {func(u *unstructured.Unstructured) {
			u.SetDeletionTimestamp(&metav1.Time{Time: time.Now()})
			u.SetFinalizers([]string{metav1.FinalizerDeleteDependents})
		}, "stop old, delete old, create new"},
	} {
		for _, key := range []string{"", "k"} {
			synctest.Test(t, func(t *testing.T) {
				s := newReplacing(t, tc.edit)
				started, err := s.client().Start(t.Context(), replacement(key))
				if err != nil || started.Found || started.Replaced != s.old || started.Name != "n" || s.seen() != tc.want {
					t.Errorf("%s, key %q: %+v, %v after %s", name, key, started, err, s.seen())
				}
			})
		}
	}
}

// The workflow of the same key and request is found, whatever the policy.
func TestReplacementFindsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, nil)
		s.Remove("n")
		c := s.client()
		first, err := c.Start(t.Context(), replacement("k"))
		if err != nil || first.Found || first.Replaced != "" {
			t.Fatalf("on a free name: %+v, %v", first, err)
		}
		for _, policy := range []ExistsPolicy{"", ExistsFail, ExistsReuse, ExistsReplace} {
			req := replacement("k")
			req.IfExists = policy
			if again, err := c.Start(t.Context(), req); err != nil || !again.Found || again.UID != first.UID {
				t.Errorf("%q: %+v, %v", policy, again, err)
			}
		}
		changed := replacement("k")
		changed.Labels = map[string]string{"a": "b"}
		second, err := c.Start(t.Context(), changed)
		if err != nil || second.Replaced != first.UID {
			t.Errorf("another request: %+v, %v", second, err)
		}
		third, err := c.Start(t.Context(), replacement("l"))
		if err != nil || third.Replaced != second.UID {
			t.Errorf("another key: %+v, %v", third, err)
		}
		elsewhere := replacement("l")
		elsewhere.Name = "m"
		s.Put("m", nil)
		if _, err := c.Start(t.Context(), elsewhere); !errors.Is(err, ErrIdempotencyMismatch) || s.Object("m").GetDeletionTimestamp() != nil {
			t.Errorf("another name: %v", err)
		}
	})
}

// The answer to each write is lost in turn.
func TestReplacementWhoseAnswersAreLost(t *testing.T) {
	for nth := range 8 {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			writes := 0
			s.Lose = func(*http.Request) bool {
				writes++
				return writes == nth+1
			}
			started, err := s.client().Start(t.Context(), replacement(""))
			now := s.Object("n")
			if err != nil || started.Found || now.GetUID() != started.UID || started.UID == s.old {
				t.Errorf("write %d: %+v, %v after %s", nth, started, err, s.seen())
			}
			if strings.Count(s.seen(), "create") != 1 {
				t.Errorf("write %d: %s", nth, s.seen())
			}
		})
	}
}

// The context ends at each request in turn, before or after it takes effect. Another call goes on.
func TestInterruptedReplacement(t *testing.T) {
	for _, answered := range []bool{false, true} {
		for nth := 0; ; nth++ {
			ended := false
			synctest.Test(t, func(t *testing.T) {
				s := newReplacing(t, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				requests := 0
				s.Refuse = func(r *http.Request) error {
					if requests++; requests == nth+1 {
						ended = true
						cancel()
						if !answered || r.Method == http.MethodGet {
							return context.Canceled
						}
					}
					return nil
				}
				s.Lose = func(*http.Request) bool { return ctx.Err() != nil && t.Context().Err() == nil && requests == nth+1 }
				_, err := s.client().Start(ctx, replacement("k"))
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("request %d: %v after %s", nth, err, s.seen())
				}
				if made := strings.Contains(s.seen(), "create"); made && err != nil && !errors.Is(err, ErrUnknownOutcome) {
					t.Errorf("request %d: it was created, and %v", nth, err)
				}
				s.Set(func() { s.Refuse, s.Lose = nil, nil })
				started, err := s.client().Start(t.Context(), replacement("k"))
				if err != nil || started.UID == s.old || s.Object("n").GetUID() != started.UID || strings.Count(s.seen(), "create") != 1 {
					t.Errorf("request %d, again: %+v, %v after %s", nth, started, err, s.seen())
				}
			})
			if !ended {
				if nth < 8 {
					t.Errorf("only %d requests", nth)
				}
				break
			}
		}
	}
}

// Of replacements that begin at the same time, one wins. The others leave its workflow alone.
func TestReplacementsAtOnce(t *testing.T) {
	for _, same := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			s.Latency = 10 * time.Millisecond
			c := s.client()
			const callers = 5
			results := make(chan Result[*StartResult], callers)
			for i := range callers {
				key := fmt.Sprint("k", i)
				if same {
					key = "k"
				}
				go func() { results <- ResultOf(c.Start(t.Context(), replacement(key))) }()
			}
			won, found := 0, 0
			for range callers {
				switch started, err := (<-results).Unwrap(); {
				case err == nil && started.Found:
					found++
				case err == nil:
					won++
				case !errors.Is(err, ErrAlreadyExists):
					t.Error(err)
				}
			}
			if won != 1 || same != (found == callers-1) {
				t.Errorf("same %t: %d won, %d found", same, won, found)
			}
			if strings.Contains(s.seen(), "stop new") || strings.Contains(s.seen(), "delete new") || strings.Count(s.seen(), "create") != 1 {
				t.Errorf("same %t: %s", same, s.seen())
			}
		})
	}
}

// Another client gets the name while a replacement is under way.
func TestReplacementOfALaterWorkflow(t *testing.T) {
	for name, tc := range map[string]struct {
		write string        // after which the name is taken, or "" for the beginning
		after time.Duration // and how long after
		lost  bool          // the answer to the stop is lost
	}{
		"before the checks":              {"", 15 * time.Millisecond, false}, // the first request is answered after 10 ms
		"before the stop":                {"", 45 * time.Millisecond, false},
		"after the stop":                 {http.MethodPatch, time.Millisecond, false},
		"after a stop without an answer": {http.MethodPatch, time.Millisecond, true},
		"before the deletion":            {http.MethodPatch, reaction + time.Millisecond, false},
		"during the deletion":            {http.MethodDelete, reaction / 2, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			s.Latency = 10 * time.Millisecond
			take := sync.OnceFunc(func() {
				time.AfterFunc(tc.after, func() {
					s.Remove("n")
					s.Put("n", nil)
					s.Set(func() { s.Others = map[string][]string{"pods": {"n-1"}} }) // of the later one, so not awaited
				})
			})
			s.Wrote = func(method string, obj *unstructured.Unstructured) {
				s.react(method, obj)
				if method == tc.write {
					take()
				}
			}
			if tc.write == "" {
				take()
			}
			s.Lose = func(r *http.Request) bool { return tc.lost && r.Method == http.MethodPatch }
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := s.client().Start(ctx, replacement(""))
			later := s.Object("n")
			if !errors.Is(err, ErrAlreadyExists) || later.GetUID() == s.old || later.GetDeletionTimestamp() != nil || strings.Contains(s.seen(), "new") {
				t.Errorf("%s: %v after %s", name, err, s.seen())
			}
			if shutdown, _, _ := unstructured.NestedString(later.Object, "spec", "shutdown"); shutdown != "" {
				t.Errorf("%s: it was stopped", name)
			}
		})
	}
}

// However long a replacement takes, the create is retried as usual.
func TestCreateAfterALongReplacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, nil)
		s.Others = map[string][]string{"pods": {"n-1"}}
		time.AfterFunc(2*DefaultRetryFor, func() { s.Set(func() { s.Others = nil }) })
		refused := false
		s.Refuse = func(r *http.Request) error {
			if r.Method != http.MethodPost || r.URL.Query().Get("dryRun") != "" || refused {
				return nil
			}
			refused = true
			return apierrors.NewServiceUnavailable("later")
		}
		if _, err := s.client().Start(t.Context(), replacement("")); err != nil || !refused {
			t.Errorf("%v, refused %t", err, refused)
		}
	})
}

// Nothing is changed unless the new workflow would be accepted and the old one can be deleted.
func TestReplacementIsCheckedFirst(t *testing.T) {
	forbidden := func(method, resource string) func(*http.Request) error {
		return func(r *http.Request) error {
			if r.Method == method && (path.Base(r.URL.Path) == resource || path.Base(path.Dir(r.URL.Path)) == resource) {
				return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", errors.New("no"))
			}
			return nil
		}
	}
	for name, refuse := range map[string]func(*http.Request) error{
		"create": forbidden(http.MethodPost, "workflows"), "delete": forbidden(http.MethodDelete, "workflows"),
		"stop": forbidden(http.MethodPatch, "workflows"), "list pods": forbidden(http.MethodGet, "pods"),
		"list task results": forbidden(http.MethodGet, "workflowtaskresults"),
		"list task sets":    forbidden(http.MethodGet, "workflowtasksets"),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			s.Refuse = refuse
			if _, err := s.client().Start(t.Context(), replacement("")); !errors.Is(err, ErrForbidden) || s.seen() != "" {
				t.Errorf("%s: %v after %s", name, err, s.seen())
			}
		})
	}
	// The old workflow must not be stopped if its end cannot be awaited.
	for _, verb := range []string{"watch", "patch"} {
		s := newReplacing(t, nil)
		s.Denies = func(asked, resource, name string) bool {
			return asked == verb && resource == "workflows" && name == "n"
		}
		if _, err := s.client().Start(t.Context(), replacement("")); !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), verb+" workflows") || s.seen() != "" {
			t.Errorf("%s: %v after %s", verb, err, s.seen())
		}
	}
	s := newReplacing(t, nil)
	req := replacement("")
	req.Entrypoint = "nowhere"
	if _, err := s.client().Start(t.Context(), req); !errors.Is(err, ErrInvalid) || s.seen() != "" {
		t.Errorf("%v after %s", err, s.seen())
	}
}

func TestDryRunOfAReplacement(t *testing.T) {
	s := newReplacing(t, nil)
	req := replacement("k")
	req.DryRun = true
	started, err := s.client().Start(t.Context(), req)
	if err != nil || started.Found || started.Replaced != s.old || started.Name != "n" || started.UID == s.old || s.seen() != "" {
		t.Errorf("%+v, %v after %s", started, err, s.seen())
	}
	s.Remove("n")
	if started, err := s.client().Start(t.Context(), req); err != nil || started.Replaced != "" || s.seen() != "" {
		t.Errorf("on a free name: %+v, %v after %s", started, err, s.seen())
	}
}

func TestReplacementThatAFinalizerHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, func(u *unstructured.Unstructured) { u.SetFinalizers([]string{"test/held"}) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.client().Start(ctx, replacement(""))
		var held *DeletionHeldError
		if !errors.As(err, &held) || !slices.Contains(held.Finalizers, "test/held") || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// Once the old workflow is deleted, an outage of any length only delays the new one.
func TestReplacementSurvivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, nil)
		s.Others = map[string][]string{"pods": {"n-1"}}
		var deleted time.Time
		s.Refuse = func(r *http.Request) error {
			switch {
			case r.Method == http.MethodDelete && deleted.IsZero() && len(s.writes) > 0:
				deleted = time.Now()
			case path.Base(r.URL.Path) == "pods" && !deleted.IsZero():
				if time.Since(deleted) < 3*DefaultRetryFor {
					return apierrors.NewServiceUnavailable("down")
				}
				s.Others = nil
			}
			return nil
		}
		started, err := s.client().Start(t.Context(), replacement(""))
		if err != nil || started.Replaced != s.old || s.seen() != "stop old, delete old, create new" {
			t.Errorf("%+v, %v after %s", started, err, s.seen())
		}
	})
}
