package workflow

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// A read whose body ends with an error is retried, whatever the error is.
func TestReadsWhoseAnswersAreReset(t *testing.T) {
	for name, which := range map[string]func(r *http.Request) bool{
		"lists": func(r *http.Request) bool { return path.Base(r.URL.Path) == "workflows" },
		"gets":  func(r *http.Request) bool { return path.Base(r.URL.Path) != "workflows" },
	} {
		for _, client := range []string{"NewForConfig", "New"} {
			synctest.Test(t, func(t *testing.T) {
				const count = 30
				s := apitest.Of(count)
				odd := false
				s.Reset = func(r *http.Request) bool {
					odd = which(r) && !odd
					return odd
				}
				c := clientsOf(t, s)[client]
				listed := 0
				for _, err := range c.List(t.Context(), ListOptions{}) {
					if err != nil {
						t.Errorf("%s, %s: %v", name, client, err)
					}
					listed++
				}
				if _, err := c.Get(t.Context(), "w0"); err != nil || listed != count {
					t.Errorf("%s, %s: %d listed, %v", name, client, listed, err)
				}
			})
		}
	}
}

// The API server stores objects so deep that a list of them can't be parsed. Each object that
// cannot be read has an error of its own, and the others are listed.
func TestListOfObjectsThatCannotBeRead(t *testing.T) {
	for value, bad := range map[string]int{apitest.DeepValue: 0, apitest.BrokenValue: 1} {
		const count = 30
		s := apitest.Of(count)
		s.Spoil("other", value)
		states, problems := 0, 0
		for _, err := range clientOf(t, s, Options{}).List(t.Context(), ListOptions{}) {
			var failed *Error
			switch {
			case err == nil:
				states++
			case errors.As(err, &failed) && failed.Name == "other" && errors.Is(err, ErrUnreadable):
				problems++
			default:
				t.Errorf("%s: %v", value, err)
			}
		}
		if problems != bad || states != count+1-bad {
			t.Errorf("%s: %d states, %d errors", value, states, problems)
		}
	}
}

// A dynamic client parses a list as a whole.
func TestListThatADynamicClientCannotRead(t *testing.T) {
	s := apitest.Of(3)
	s.Spoil("other", apitest.DeepValue)
	var last error
	for _, err := range clientsOf(t, s)["New"].List(t.Context(), ListOptions{}) {
		last = err
	}
	var failed *Error
	if !errors.As(last, &failed) || !errors.Is(last, ErrUnreadable) {
		t.Errorf("%v", last)
	}
}

// The API server is asked for no more than workflows that can match. What the label of the end does
// not decide, the client does.
func TestListByOutcome(t *testing.T) {
	s := apitest.New()
	put := func(name, phase string, edit func(*unstructured.Unstructured)) {
		s.Put(name, func(u *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(u.Object, phase, "status", "phase")
			if status.Phase(phase).Completed() {
				u.SetLabels(map[string]string{naming.LabelCompleted: "true"})
				_ = unstructured.SetNestedField(u.Object, "2025-01-02T03:04:05Z", "status", "finishedAt")
			}
			if edit != nil {
				edit(u)
			}
		})
	}
	put("failed", "Failed", nil)
	put("new", "", nil)
	put("paused", "Running", func(u *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(u.Object, true, "spec", "suspend")
	})
	put("running", "Running", nil)
	put("stopped", "Failed", func(u *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(u.Object, "Stop", "spec", "shutdown")
	})
	put("succeeded", "Succeeded", nil)
	var asked string
	s.Refuse = func(r *http.Request) error {
		asked = r.URL.Query().Get("labelSelector")
		return nil
	}
	const unfinished, completed = naming.LabelCompleted + "!=true", naming.LabelCompleted + "=true"
	for _, tc := range []struct {
		opts  ListOptions
		names string
		label string
	}{
		{ListOptions{}, "failed new paused running stopped succeeded", ""},
		{ListOptions{Outcomes: status.UnfinishedOutcomes()}, "new paused running", unfinished},
		{ListOptions{Outcomes: status.CompletedOutcomes()}, "failed stopped succeeded", completed},
		{ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}, "paused", unfinished},
		{ListOptions{Outcomes: []status.Outcome{status.OutcomePending}}, "new", unfinished},
		{ListOptions{Outcomes: []status.Outcome{status.OutcomeStopped, status.OutcomeSucceeded}}, "stopped succeeded", completed},
		{ListOptions{Outcomes: []status.Outcome{status.OutcomeRunning, status.OutcomeFailed}}, "failed running", ""},
		{ListOptions{FinishedBefore: time.Now()}, "failed stopped succeeded", completed},
		{ListOptions{FinishedBefore: time.Now(), Outcomes: []status.Outcome{status.OutcomeRunning, status.OutcomeFailed}}, "failed", completed},
	} {
		var names []string
		for s, err := range clientOf(t, s, Options{}).List(t.Context(), tc.opts) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != tc.names {
			t.Errorf("%+v: %s", tc.opts, got)
		}
		if strings.Contains(asked, naming.LabelCompleted) != (tc.label != "") || !strings.Contains(asked, tc.label) {
			t.Errorf("%+v: asked for %q", tc.opts, asked)
		}
	}
}

func TestListOptionsThatContradict(t *testing.T) {
	now := time.Now()
	for want, opts := range map[string]ListOptions{
		"labelSelector pageSize": {LabelSelector: "a b", PageSize: -1},
		"outcomes[1]":            {Outcomes: []status.Outcome{status.OutcomeFailed, "Walking"}},
		"template":               {ClusterScope: true},
		"createdAfter":           {CreatedAfter: now, CreatedBefore: now.Add(-time.Second)},
		"finishedBefore":         {FinishedBefore: now, Outcomes: status.UnfinishedOutcomes()},
	} {
		s := apitest.New()
		for _, err := range clientOf(t, s, Options{}).List(t.Context(), opts) {
			if got := strings.Join(fieldsOf(t, err), " "); got != want || s.ListsAsked() > 0 {
				t.Errorf("%s, want %s; %d requests", got, want, s.ListsAsked())
			}
		}
	}
}
