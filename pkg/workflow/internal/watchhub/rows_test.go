package watchhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// setStatus sets phase and message of w0.
func setStatus(s *apitest.Server, phase, message string) {
	s.Put("w0", func(u *unstructured.Unstructured) {
		_ = unstructured.SetNestedStringMap(u.Object, map[string]string{"phase": phase, "message": message}, "status")
	})
}

// followEnd follows a workflow to its end, and returns the phases and messages that were shown.
func followEnd(ctx context.Context, h *Hub, name string) (shown []string, last *status.WorkflowStatus, err error) {
	err = h.Follow(ctx, Target{Name: name, EndOnly: true}, func(s State) (bool, error) {
		last = s.Status
		shown = append(shown, fmt.Sprintf("%s %s", s.Status.Phase, s.Status.Message))
		return s.Status.Completed(), nil
	})
	return shown, last, err
}

// Whatever the watches bring, only the first state and the end are shown. Where tables can be had, and
// show the phase, they are used.
func TestOnlyEndsAreShown(t *testing.T) {
	for name, tc := range map[string]struct {
		source string
		change func(s *apitest.Server)
		tables int // watches
	}{
		"rows":             {source: "REST", tables: 1},
		"no tables":        {source: "REST", change: func(s *apitest.Server) { s.NoTables = true }},
		"no phases":        {source: "REST", change: func(s *apitest.Server) { s.NoPhases = true }, tables: 1},
		"a dynamic client": {source: "dynamic"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.Of(1)
				if tc.change != nil {
					tc.change(s)
				}
				h := hubsOf(t, s)[tc.source]
				time.AfterFunc(time.Second, func() { setStatus(s, "Running", "one") })
				time.AfterFunc(time.Minute, func() { setStatus(s, "Running", "two") })
				time.AfterFunc(2*time.Minute, func() { setStatus(s, "Succeeded", "three") })
				shown, _, err := followEnd(t.Context(), h, "w0")
				if want := []string{"Running ", "Succeeded three"}; err != nil || !slices.Equal(shown, want) {
					t.Errorf("saw %q, %v", shown, err)
				}
				if s.Tables != tc.tables {
					t.Errorf("%d watches of tables", s.Tables)
				}
			})
		})
	}
}

// refuseGets makes gets of a workflow fail until the test releases them.
func refuseGets(s *apitest.Server, refusing func() bool) {
	s.Set(func() {
		s.Refuse = func(r *http.Request) error {
			if path.Base(r.URL.Path) != "workflows" && refusing() {
				return apitest.ErrReset
			}
			return nil
		}
	})
}

// A workflow that is gone when it is read at its end is shown as its last row was.
func TestEndThatIsGone(t *testing.T) {
	for name, after := range map[string]func(s *apitest.Server){
		"deleted": func(s *apitest.Server) { s.Remove("w0") },
		"replaced": func(s *apitest.Server) {
			s.Remove("w0")
			s.Put("w0", nil)
		},
	} {
		for _, count := range []int{1, 20} {
			t.Run(fmt.Sprintf("%s, %d waits", name, count), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := apitest.Of(count)
					h := newHub(t, s, Config{})
					ctx, cancel := context.WithCancel(t.Context())
					others := make(chan error, count)
					for i := 1; i < count; i++ {
						go func() {
							_, _, err := followEnd(ctx, h, apitest.Name(i))
							others <- err
						}()
					}
					time.AfterFunc(time.Minute, func() {
						until := time.Now().Add(time.Second)
						refuseGets(s, func() bool { return time.Now().Before(until) })
						setStatus(s, "Failed", "as it was")
						after(s)
					})
					shown, last, err := followEnd(ctx, h, "w0")
					if want := []string{"Running ", "Failed as it was"}; err != nil || !slices.Equal(shown, want) {
						t.Errorf("saw %q, %v", shown, err)
					}
					if last.Name != "w0" || last.UID == "" || last.Nodes != nil || !errors.Is(last.NodesErr, status.ErrNodesNotRead) {
						t.Errorf("%+v", last)
					}
					cancel()
					for range count - 1 {
						if err := <-others; !errors.Is(err, context.Canceled) {
							t.Error(err)
						}
					}
				})
			})
		}
	}
}

// An end that is none any more when it is read is not shown: the workflow was retried.
func TestEndThatIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.Of(1)
		time.AfterFunc(time.Minute, func() {
			until := time.Now().Add(time.Second)
			refuseGets(s, func() bool { return time.Now().Before(until) })
			setStatus(s, "Failed", "at first")
			setStatus(s, "Running", "again")
		})
		time.AfterFunc(2*time.Minute, func() { setStatus(s, "Succeeded", "then") })
		shown, _, err := followEnd(t.Context(), newHub(t, s, Config{}), "w0")
		if want := []string{"Running ", "Succeeded then"}; err != nil || !slices.Equal(shown, want) {
			t.Errorf("saw %q, %v", shown, err)
		}
	})
}

// The last state of a wait that ends without an end is the first one, with what the last row shows.
func TestLastRow(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(s *apitest.Server)
		want error
	}{
		"the context ends": {func(*apitest.Server) {}, context.DeadlineExceeded},
		"it is deleted":    {func(s *apitest.Server) { s.Remove("w0") }, ErrDeleted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				putNew(s, "w0")
				time.AfterFunc(time.Second, func() { setStatus(s, "Running", "so far") })
				time.AfterFunc(2*time.Second, func() { tc.end(s) })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				shown, _, err := followEnd(ctx, newHub(t, s, Config{}), "w0")
				var failed *FollowError
				if len(shown) != 1 || !errors.Is(err, tc.want) || !errors.As(err, &failed) {
					t.Fatalf("saw %q, %v", shown, err)
				}
				if last := failed.Last; last == nil || last.Phase != status.PhaseRunning || last.Message != "so far" || last.NodesErr != nil {
					t.Errorf("%+v", last)
				}
			})
		})
	}
}

// A workflow without a phase is diagnosed, unless a row shows by then that a controller has picked it up.
func TestDiagnosisOfRows(t *testing.T) {
	for name, tc := range map[string]struct {
		picked time.Duration
		want   int
	}{
		"in time":  {5 * time.Second, 0},
		"too late": {time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				putNew(s, "w")
				diagnosed := 0
				h := newHub(t, s, Config{
					DiagnoseAfter: 10 * time.Second,
					Diagnose: func(context.Context, *status.WorkflowStatus) *status.StartDiagnostic {
						diagnosed++
						return &status.StartDiagnostic{}
					},
				})
				time.AfterFunc(tc.picked, func() { s.SetPhase("w", "Running") })
				time.AfterFunc(2*time.Minute, func() { s.SetPhase("w", "Succeeded") })
				shown, last, err := followEnd(t.Context(), h, "w")
				if err != nil || diagnosed != tc.want || len(shown) != 2+tc.want || last.StartDiagnostic != nil {
					t.Errorf("diagnosed %d times, saw %q, %v", diagnosed, shown, err)
				}
			})
		})
	}
}

// Of calls that follow a workflow by rows and by states, one sees its end first.
func TestFirstEndOfBothKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.Of(1)
		h := newHub(t, s, Config{})
		first := make(chan bool, 2)
		for _, endOnly := range []bool{false, true} {
			go func() {
				_ = h.Follow(t.Context(), Target{Name: "w0", EndOnly: endOnly}, func(s State) (bool, error) {
					if s.Status.Completed() {
						first <- s.FirstEnd
					}
					return s.Status.Completed(), nil
				})
			}()
		}
		synctest.Wait()
		s.SetPhase("w0", "Succeeded")
		if one, other := <-first, <-first; one == other {
			t.Errorf("both saw the first end: %t", one)
		}
	})
}
