package watchhub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// putNew creates a workflow that no controller has picked up.
func putNew(s *apitest.Server, name string) {
	s.Put(name, func(u *unstructured.Unstructured) { unstructured.RemoveNestedField(u.Object, "status") })
}

// A workflow without a phase is diagnosed once, unless a controller has picked it up by the time
// the call receives it.
func TestDiagnosis(t *testing.T) {
	for name, tc := range map[string]struct {
		slow  time.Duration // the second visit
		phase time.Duration // when a controller picks the workflow up
		want  int
	}{
		"late":               {phase: time.Minute, want: 1},
		"soon":               {phase: 5 * time.Second},
		"soon, a slow visit": {phase: 5 * time.Second, slow: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				putNew(s, "w")
				diagnosed, shown := 0, 0
				h := newHub(t, s, Config{
					DiagnoseAfter: 10 * time.Second,
					Diagnose: func(_ context.Context, s *status.WorkflowStatus) *status.StartDiagnostic {
						diagnosed++
						return &status.StartDiagnostic{InstanceID: s.Name}
					},
				})
				time.AfterFunc(time.Second, func() { s.Put("w", nil) })
				time.AfterFunc(tc.phase, func() { s.SetPhase("w", "Succeeded") })
				visits := 0
				err := h.Follow(t.Context(), Target{Name: "w"}, func(state State) (bool, error) {
					if visits++; visits == 2 {
						time.Sleep(tc.slow)
					}
					if d := state.Status.StartDiagnostic; d != nil {
						shown++
						if d.InstanceID != "w" || !state.Arrived.IsZero() {
							t.Errorf("%+v, arrived %v", d, state.Arrived)
						}
					}
					return state.Status.Completed(), nil
				})
				if err != nil || diagnosed != tc.want || shown != tc.want {
					t.Errorf("diagnosed %d times, shown %d times, %v", diagnosed, shown, err)
				}
			})
		})
	}
}

// The first call that sees the end of a workflow is distinguished from the others. A state that is
// already known is not delivered.
func TestTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		s.Put("w", nil)
		h := newHub(t, s, Config{})
		known, err := wait(t.Context(), h, "w", func(*status.WorkflowStatus) (bool, error) { return true, nil })
		if err != nil {
			t.Fatal(err)
		}
		ends := make(chan bool, 2)
		for range 2 {
			go func() {
				err := h.Follow(t.Context(), Target{Name: "w", UID: known.UID, Known: known}, func(state State) (bool, error) {
					if !state.Status.Completed() || state.Arrived.IsZero() {
						t.Errorf("saw %s, arrived %v", state.Status.Phase, state.Arrived)
					}
					ends <- state.FirstEnd
					return true, nil
				})
				if err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		s.SetPhase("w", "Succeeded")
		if first, second := <-ends, <-ends; first == second {
			t.Errorf("both saw the first end: %t", first)
		}

		other := Target{Name: "w", UID: "another"}
		if err := h.Follow(t.Context(), other, func(State) (bool, error) { return true, nil }); !errors.Is(err, ErrReplaced) {
			t.Error(err)
		}
		s.Remove("w")
		gone := Target{Name: "w", UID: known.UID, Known: known}
		err = h.Follow(t.Context(), gone, func(State) (bool, error) { return true, nil })
		var failed *FollowError
		if !errors.Is(err, ErrDeleted) || !errors.As(err, &failed) || failed.Last != known {
			t.Error(err)
		}
		// A workflow with a UID has existed, even if this call has not seen it.
		unseen := Target{Name: "w", UID: known.UID}
		err = h.Follow(t.Context(), unseen, func(State) (bool, error) { return true, nil })
		if !errors.Is(err, ErrDeleted) || !errors.As(err, &failed) || failed.Last != nil {
			t.Error(err)
		}
	})
}

// When the context ends, the error has the context's cause and the last state.
func TestEndOfContext(t *testing.T) { forBoth(t, testEndOfContext) }

func testEndOfContext(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.Of(1)
		cause := errors.New("the deploy is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		_, err := wait(ctx, newHub(t, s, Config{}), "w0", completed)
		var failed *FollowError
		if !errors.As(err, &failed) || !errors.Is(err, cause) || failed.Last == nil || failed.Last.Name != "w0" {
			t.Error(err)
		}
		synctest.Wait()
		if s.Open() != 0 {
			t.Errorf("%d watches are left", s.Open())
		}
	})
}
