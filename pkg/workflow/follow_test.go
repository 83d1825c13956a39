package workflow

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// An end that several calls have waited for is reported once; each of them details how long it took.
func TestEndsAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		c := clientOf(t, s, Options{Observer: r})
		s.Put("w", nil)
		var running sync.WaitGroup
		for range 3 {
			running.Go(func() {
				if _, err := c.Wait(t.Context(), "w", Completed); err != nil {
					t.Error(err)
				}
			})
		}
		slow := 2 * time.Second
		running.Go(func() {
			_, err := c.Wait(t.Context(), "w", func(s *status.WorkflowStatus) (bool, error) {
				time.Sleep(slow)
				return Completed(s)
			})
			if err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute)
		s.SetPhase("w", "Running") // a state that no caller waits for, which the slow one takes its time with
		time.Sleep(time.Millisecond)
		s.SetPhase("w", "Succeeded")
		running.Wait()
		if _, err := c.Wait(t.Context(), "w", Completed); err != nil { // it has ended before
			t.Fatal(err)
		}
		ends := noted[WorkflowEnded](r)
		if len(ends) != 1 || ends[0].Status.Name != "w" || ends[0].Status.Outcome() != status.OutcomeSucceeded {
			t.Errorf("%+v", ends)
		}
		var delays []time.Duration
		for _, e := range noted[Reached](r) {
			if e.Op != OpWait || e.Status.Name != "w" {
				t.Errorf("%+v", e)
			}
			delays = append(delays, e.Delay)
		}
		slices.Sort(delays)
		if len(delays) != 5 || delays[3] > time.Second || delays[4] < slow-time.Second {
			t.Errorf("delays: %v", delays)
		}
		if len(r.alien) > 0 {
			t.Errorf("with no context of theirs: %v", r.alien)
		}
	})
}

func TestWatchesAreObserved(t *testing.T) {
	for name, tc := range map[string]struct {
		cut    error
		refuse bool // and for a while no other watch can be opened
		reason string
	}{
		"closed by the server": {},
		"cut off":              {cut: io.ErrUnexpectedEOF, reason: "Unavailable"},
		"not opened again":     {refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := apitest.New(), &recorder{}
				s.Put("w", nil)
				ctx, cancel := context.WithCancel(t.Context())
				var waiting sync.WaitGroup
				waiting.Go(func() { _, _ = clientOf(t, s, Options{Observer: r}).Wait(ctx, "w", Completed) })
				time.Sleep(time.Second)
				s.Lock()
				if refused := 0; tc.refuse {
					s.Refuse = func(*http.Request) error {
						if refused++; refused <= 2 {
							return apierrors.NewServiceUnavailable("away")
						}
						return nil
					}
				}
				s.Unlock()
				s.Cut(tc.cut)
				time.Sleep(time.Minute)
				cancel()
				waiting.Wait()
				opened, closed := noted[WatchOpened](r), noted[WatchClosed](r)
				if len(opened) != 2 || opened[0].Again || !opened[1].Again || opened[0].Name != "w" || opened[0].Namespace != "ma" {
					t.Errorf("opened: %+v", opened)
				}
				if len(closed) != 2 || Reason(closed[0].Err) != tc.reason || closed[1].Err != nil {
					t.Errorf("closed: %+v", closed)
				}
				var want int
				if tc.refuse {
					want = 2
				}
				retries := noted[Retrying](r)
				if len(retries) != want {
					t.Errorf("retries: %+v", retries)
				}
				for _, e := range retries {
					if e.Op != OpWatch || e.Name != "w" || Reason(e.Err) != "Unavailable" {
						t.Errorf("%+v", e)
					}
				}
			})
		})
	}
}

// A workflow that had ended before is not taken for one that ends, whatever comes of it still.
func TestEndsOfBeforeAreNotObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		s.Put("w", nil)
		s.SetPhase("w", "Succeeded")
		s.Put("w", func(u *unstructured.Unstructured) { u.SetFinalizers([]string{"x/y"}) })
		c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: transport(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete {
				s.Put("w", func(u *unstructured.Unstructured) { u.SetDeletionTimestamp(new(metav1.Now())) })
				return apitest.Answer(http.StatusOK, metav1.Status{Status: metav1.StatusSuccess}), nil
			}
			return s.RoundTrip(req)
		})}, Options{Observer: r})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { s.Remove("w") })
		if err := c.Delete(t.Context(), "w", DeleteOptions{Wait: true}); err != nil {
			t.Fatal(err)
		}
		if ends := noted[WorkflowEnded](r); len(ends) > 0 {
			t.Errorf("%+v", ends)
		}
	})
}

// A retried workflow ends twice, also while one call follows it all the time.
func TestEndAfterRetryIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		s.Put("w", nil)
		c := clientOf(t, s, Options{Observer: r})
		var following sync.WaitGroup
		following.Go(func() {
			for s, err := range c.Watch(t.Context(), "w") {
				if err != nil {
					t.Error(err)
				} else if s.Phase == status.PhaseFailed {
					time.Sleep(time.Hour) // a person is asked what to do
				}
			}
		})
		time.Sleep(time.Second)
		s.SetPhase("w", "Failed")
		time.Sleep(time.Second)
		s.SetPhase("w", "Running")
		following.Go(func() { _, _ = c.Wait(t.Context(), "w", Completed) })
		time.Sleep(time.Second)
		s.SetPhase("w", "Succeeded")
		following.Wait()
		var outcomes []status.Outcome
		for _, e := range noted[WorkflowEnded](r) {
			outcomes = append(outcomes, e.Status.Outcome())
		}
		if !slices.Equal(outcomes, []status.Outcome{status.OutcomeFailed, status.OutcomeSucceeded}) {
			t.Errorf("%v", outcomes)
		}
	})
}

// A watch has reached the end also for whoever leaves the range there.
func TestReachedByWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := apitest.New(), &recorder{}
		s.Put("w", nil)
		time.AfterFunc(time.Minute, func() { s.SetPhase("w", "Succeeded") })
		for state, err := range clientOf(t, s, Options{Observer: r}).Watch(t.Context(), "w") {
			if err != nil {
				t.Fatal(err)
			}
			if state.Completed() {
				break
			}
		}
		if reached := noted[Reached](r); len(reached) != 1 || reached[0].Op != OpWatch || reached[0].Status.Phase != status.PhaseSucceeded {
			t.Errorf("%+v", reached)
		}
		if r.ended[0].err != nil {
			t.Error(r.ended[0].err)
		}
	})
}
