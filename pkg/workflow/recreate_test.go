package workflow

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// failedPast archives a failed workflow w with two steps, of which the first one succeeded.
func failedPast(t *testing.T, s *collecting, message string) *unstructured.Unstructured {
	t.Helper()
	s.Put("w", func(wf *unstructured.Unstructured) {
		wf.SetLabels(map[string]string{naming.LabelCompleted: "true", naming.LabelPhase: "Failed", naming.LabelArchiving: "Persisted"})
		_ = unstructured.SetNestedMap(wf.Object, map[string]any{
			"w":   map[string]any{"id": "w", "name": "w", "type": "Steps", "phase": "Failed", "children": []any{"w-1", "w-2", "w-3"}},
			"w-1": map[string]any{"id": "w-1", "name": "w.one", "displayName": "one", "type": "Suspend", "phase": "Succeeded", "boundaryID": "w", "message": message},
			"w-2": map[string]any{"id": "w-2", "name": "w.two", "displayName": "two", "type": "Pod", "phase": "Failed", "boundaryID": "w"},
			"w-3": map[string]any{"id": "w-3", "name": "w.three", "displayName": "three", "type": "Suspend", "phase": "Succeeded", "boundaryID": "w", "message": message},
		}, "status", "nodes")
	})
	return s.archived(t, s.Server, "w", "Failed", monday)
}

func TestRetryOfThePast(t *testing.T) {
	for name, message := range map[string]string{"small": "", "larger than the API server takes": strings.Repeat("long ", 150_000)} {
		synctest.Test(t, func(t *testing.T) {
			s := newCollecting(t)
			c := clientOf(t, s.Server, Options{History: s.historyStore})
			old := failedPast(t, s, message)
			got, err := c.Retry(t.Context(), "w", RetryOptions{UID: old.GetUID()})
			if err != nil || got.UID == old.GetUID() || got.Completed() || got.Source != status.SourceLive || s.made != 1 {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
			nodes := got.NodesByID()
			if got.NodesErr != nil || nodes["w-1"] == nil || nodes["w-1"].Phase != status.NodeSucceeded || nodes["w-2"] != nil || got.Labels[naming.LabelArchiving] != "" {
				t.Errorf("%s: %+v, %v", name, nodes, got.Labels)
			}
			if message != "" && len(s.Object("w").Object["status"].(map[string]any)["compressedNodes"].(string)) > 1<<20 {
				t.Errorf("%s: the nodes are not compressed", name)
			}
			if _, err := c.Retry(t.Context(), "w", RetryOptions{}); !errors.Is(err, ErrNotCompleted) {
				t.Errorf("%s, again: %v", name, err)
			}
		})
	}
}

// What is left of the deleted workflow would be taken for that of the new one.
func TestRetryOfThePastWaitsForRemains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		c := clientOf(t, s.Server, Options{History: s.historyStore, RetryFor: time.Minute})
		failedPast(t, s, "")
		s.Others = map[string][]string{"pods": {"w-two-1"}}
		gone := time.AfterFunc(10*time.Second, func() { s.Set(func() { s.Others = nil }) })
		began := time.Now()
		if _, err := c.Retry(t.Context(), "w", RetryOptions{}); err != nil || time.Since(began) < 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		gone.Stop()
		s.Remove("w")
		s.Set(func() { s.Others = map[string][]string{"workflowtaskresults": {"w-1"}} })
		if _, err := c.Retry(t.Context(), "w", RetryOptions{}); !errors.Is(err, ErrUnavailable) || s.made != 1 {
			t.Errorf("%v", err)
		}
	})
}

// One call creates one workflow, whatever is lost, and never takes another client's for its own.
func TestRetryOfThePastUnderFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		lost  func(s *collecting) // after a create whose answer is lost; nil: none is lost
		rival bool
		want  error
		made  int
	}{
		"its answer is lost": {func(*collecting) {}, false, nil, 1},
		"its answer is lost, and it ends and is collected": {func(s *collecting) { s.collect("w", tuesday) }, false, nil, 1},
		"its answer is lost, and another client is first":  {nil, true, ErrUnknownOutcome, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newCollecting(t)
			failedPast(t, s, "")
			lost := tc.lost == nil
			s.Lose = func(r *http.Request) bool {
				if lost || r.Method != http.MethodPost {
					return false
				}
				lost = true
				go tc.lost(s)
				return true
			}
			s.Refuse = func(r *http.Request) error {
				if r.Method == http.MethodPost && tc.rival {
					tc.rival = false
					go s.SetPhase("w", "Running")
					return io.ErrUnexpectedEOF
				}
				return nil
			}
			got, err := clientOf(t, s.Server, Options{History: s.historyStore}).Retry(t.Context(), "w", RetryOptions{})
			if !errors.Is(err, tc.want) || s.made != tc.made {
				t.Errorf("%s: %v, %d creates", name, err, s.made)
			}
			if err == nil && got.Completed() != (got.Source == status.SourceHistory) {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
}

func TestPermissionsForARetryOfThePast(t *testing.T) {
	s := newCollecting(t)
	s.Denies = func(verb, resource, _ string) bool { return verb == "create" && resource == "workflows" }
	for _, history := range []History{nil, s.historyStore} {
		err := clientOf(t, s.Server, Options{History: history}).CheckPermissions(t.Context(), OpRetry)
		if missing := errors.Is(err, ErrForbidden); missing != (history != nil) || err != nil && !missing {
			t.Errorf("%v: %v", history != nil, err)
		}
	}
}

func TestRetryOfWhatTheHistoryCannotRetry(t *testing.T) {
	s := newCollecting(t)
	c := clientOf(t, s.Server, Options{History: s.historyStore})
	s.archived(t, s.Server, "running", "Running", monday)
	if _, err := c.Retry(t.Context(), "running", RetryOptions{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	s.collect("succeeded", monday)
	if _, err := c.Retry(t.Context(), "succeeded", RetryOptions{}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	if s.made != 0 {
		t.Errorf("%d creates", s.made)
	}
}

// The answer to the write of a Retry is lost, and the workflow runs again and is deleted before the call reads
// it. The history only has the end of the run before, which says nothing about that write: what ran must not run
// once more.
func TestLostRetryOfWhichTheHistoryDoesNotKnow(t *testing.T) {
	for name, omitted := range map[string]string{"an archive that is behind": "", "a history of parts": "spec"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newCollecting(t)
				old := failedPast(t, s, "")
				s.Put("w", func(wf *unstructured.Unstructured) { wf.Object = old.DeepCopy().Object })
				if omitted != "" {
					set(s.kept[0], omitted, "metadata", "annotations", naming.AnnotationAbridged)
				}
				sent := 0
				s.Refuse = func(r *http.Request) error {
					if r.Method != http.MethodPut {
						return nil
					}
					sent++
					go s.Remove("w")
					return io.ErrUnexpectedEOF
				}
				got, err := clientOf(t, s.Server, Options{History: s.historyStore}).Retry(t.Context(), "w", RetryOptions{})
				if !errors.Is(err, ErrUnknownOutcome) || s.made != 0 || sent != 1 {
					t.Errorf("%+v, %v, %d writes, %d creates", got, err, sent, s.made)
				}
			})
		})
	}
}

// The answer to the create of a Retry is lost, the workflow runs and is deleted, and another client has its
// name by then. So it is not known that nothing happened.
func TestLostRetryOfThePastWhoseNameIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		failedPast(t, s, "")
		lost := false
		s.Lose = func(*http.Request) bool {
			if lost {
				return false
			}
			lost = true
			go func() {
				s.Remove("w")
				s.SetPhase("w", "Running") // another client's
			}()
			return true
		}
		_, err := clientOf(t, s.Server, Options{History: s.historyStore}).Retry(t.Context(), "w", RetryOptions{})
		if !errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("%v", err)
		}
	})
}

// While a Retry waits for what is left of the deleted workflow, another client retries it, and that run
// succeeds and is collected. The steps that succeeded in it must not run again.
func TestRetryOfThePastThatWasRetriedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		c := clientOf(t, s.Server, Options{History: s.historyStore, RetryFor: time.Minute})
		failedPast(t, s, "")
		s.Others = map[string][]string{"pods": {"w-two-1"}}
		time.AfterFunc(5*time.Second, func() { s.SetPhase("w", "Running") }) // the other client's, with pods of its own
		time.AfterFunc(8*time.Second, func() { s.collect("w", tuesday) })
		time.AfterFunc(10*time.Second, func() { s.Set(func() { s.Others = nil }) })
		if got, err := c.Retry(t.Context(), "w", RetryOptions{}); err == nil || s.made != 0 {
			t.Errorf("it is made to run again from the run before: %+v, %v, %d creates", got, err, s.made)
		}
	})
}

// A Retry that is repeated with the UID of the workflow that failed, after its new run has succeeded and was
// collected. While that run was in the cluster, the error was ErrReplaced.
func TestRepeatedRetryOfOnePastRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCollecting(t)
		c := clientOf(t, s.Server, Options{History: s.historyStore})
		old := failedPast(t, s, "")
		if _, err := c.Retry(t.Context(), "w", RetryOptions{UID: old.GetUID()}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Retry(t.Context(), "w", RetryOptions{UID: old.GetUID()}); !errors.Is(err, ErrReplaced) {
			t.Errorf("while it runs: %v", err)
		}
		s.collect("w", tuesday)
		again, err := c.Retry(t.Context(), "w", RetryOptions{UID: old.GetUID()})
		if !errors.Is(err, ErrReplaced) || s.made != 1 {
			t.Errorf("after it has succeeded, it was created %d times: %+v, %v", s.made, again, err)
		}
	})
}
