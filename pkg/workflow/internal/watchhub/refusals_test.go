package watchhub

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

func TestRefusals(t *testing.T) { forBoth(t, testRefusals) }

func testRefusals(t *testing.T, newHub makeHub) {
	for _, count := range []int{1, 30} {
		t.Run(fmt.Sprint("waits:", count), func(t *testing.T) {
			set := func(s *apitest.Server, refuse func(*http.Request) error) { s.Set(func() { s.Refuse = refuse }) }
			setup := func(t *testing.T) (*apitest.Server, chan result) {
				s := apitest.Of(count)
				results := waits(t.Context(), newHub(t, s, Config{RetryFor: 20 * time.Second}), count, completed)
				time.Sleep(time.Second) // until the watch is open
				set(s, func(*http.Request) error { return refused() })
				s.Cut(nil)
				return s, results
			}
			t.Run("are retried for a while", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, results := setup(t)
					time.Sleep(15 * time.Second)
					set(s, nil)
					for i := range count {
						s.SetPhase(apitest.Name(i), "Succeeded")
					}
					allEnd(t, results, count)
				})
			})
			t.Run("end the waits when they last", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, results := setup(t)
					began := time.Now()
					for range count {
						if r := <-results; !apierrors.IsForbidden(r.err) {
							t.Error(r)
						}
					}
					if took := time.Since(began); took < 20*time.Second || took > 30*time.Second {
						t.Errorf("after %s", took)
					}
				})
			})
			t.Run("end the waits at once at the beginning", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := apitest.Of(count)
					set(s, func(r *http.Request) error {
						if apitest.IsWatch(r) {
							return refused()
						}
						return nil
					})
					began := time.Now()
					results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
					for range count {
						if r := <-results; !apierrors.IsForbidden(r.err) {
							t.Error(r)
						}
					}
					if time.Since(began) > time.Second {
						t.Errorf("after %s", time.Since(began))
					}
				})
			})
		})
	}
}

// Access counts as lost only after uninterrupted refusals for RetryFor.
func TestRefusalsAroundOutages(t *testing.T) { forBoth(t, testRefusalsAroundOutages) }

func testRefusalsAroundOutages(t *testing.T, newHub makeHub) {
	const count = 30
	for name, tc := range map[string]struct {
		phases []error // results of requests, for 8 s each
		lost   bool
	}{
		"before an outage":          {phases: []error{refused(), io.ErrUnexpectedEOF}},
		"before and after it":       {phases: []error{refused(), io.ErrUnexpectedEOF, refused()}},
		"between two outages":       {phases: []error{io.ErrUnexpectedEOF, refused(), io.ErrUnexpectedEOF}},
		"before an outage and long": {phases: []error{refused(), io.ErrUnexpectedEOF, refused(), refused(), refused()}, lost: true},
	} {
		for _, few := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", few: ", few), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					waiting := map[bool]int{false: count, true: 3}[few]
					s := apitest.Of(waiting)
					results := waits(t.Context(), newHub(t, s, Config{RetryFor: 15 * time.Second}), waiting, completed)
					time.Sleep(time.Second)
					for _, err := range tc.phases {
						s.Set(func() { s.Refuse = func(*http.Request) error { return err } })
						s.Cut(nil)
						time.Sleep(8 * time.Second)
					}
					s.Set(func() { s.Refuse = nil })
					for i := range waiting {
						s.SetPhase(apitest.Name(i), "Succeeded")
					}
					for range waiting {
						if r := <-results; tc.lost && !apierrors.IsForbidden(r.err) || !tc.lost && r.err != nil {
							t.Error(r.err)
						}
					}
				})
			})
		}
	}
}

// A call that finds out whether its workflow was deleted retries refusals for as long as a watch
// does.
func TestRefusalsOfTheReadOfADeletedWorkflow(t *testing.T) {
	for name, tc := range map[string]struct {
		lasts time.Duration
		want  func(error) bool
	}{
		"for a while": {10 * time.Second, func(err error) bool { return errors.Is(err, ErrDeleted) }},
		"for longer":  {time.Minute, apierrors.IsForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const count = 12
				s := labelledServer(count)
				_, results := narrowed(t, s, count, completed)
				s.Set(func() {
					s.Refuse = func(r *http.Request) error {
						if apitest.IsWatch(r) {
							return nil
						}
						return refused()
					}
				})
				time.AfterFunc(tc.lasts, func() { s.Set(func() { s.Refuse = nil }) })
				s.Remove("w0")
				began := time.Now()
				if r := <-results; !tc.want(r.err) {
					t.Error(r)
				}
				if took := time.Since(began); took > retryFor+10*time.Second {
					t.Errorf("after %v", took)
				}
				time.Sleep(tc.lasts)
				for i := 1; i < count; i++ {
					s.SetPhase(apitest.Name(i), "Succeeded")
				}
				allEnd(t, results, count-1)
			})
		})
	}
}
