package watchhub

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// However many waits begin, over whatever time, they don't read their workflows one by one.
func TestWaitsThatBeginTogetherShareAList(t *testing.T) {
	forBoth(t, testWaitsThatBeginTogetherShareAList)
}

func testWaitsThatBeginTogetherShareAList(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count, wave = 2000, 100
		s := apitest.Of(count)
		s.Latency = 20 * time.Millisecond
		h := newHub(t, s, Config{})
		results := make(chan error, count)
		for i := range count {
			go func() {
				time.Sleep(time.Duration(i/wave) * gatherInterval / 2) // a second for all
				_, err := wait(t.Context(), h, apitest.Name(i), completed)
				results <- err
			}()
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		// Only calls that don't have to queue read their own workflow.
		if s.Gets > count/4 || s.Lists > 2*count/pageSize {
			t.Errorf("%d gets and %d lists", s.Gets, s.Lists)
		}
		if s.Open() != 1 {
			t.Errorf("%d watches", s.Open())
		}
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		for range count {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// A list that doesn't arrive does not delay a call for long.
func TestListThatDoesNotArrive(t *testing.T) { forBoth(t, testListThatDoesNotArrive) }

func testListThatDoesNotArrive(t *testing.T, newHub makeHub) {
	const count = 200
	isList := func(r *http.Request) bool { return apitest.OfNamespace(r) && !apitest.IsWatch(r) }
	for name, tc := range map[string]struct {
		refuse func(s *apitest.Server) func(*http.Request) error
		within time.Duration
	}{
		"stuck": {func(s *apitest.Server) func(*http.Request) error {
			return func(r *http.Request) error {
				if !isList(r) {
					return nil
				}
				s.Unlock() // other requests are served
				<-r.Context().Done()
				s.Lock()
				return r.Context().Err()
			}
		}, maxListIdle + maxGather},
		"refused": {func(*apitest.Server) func(*http.Request) error {
			return func(r *http.Request) error {
				if isList(r) {
					return apierrors.NewInternalError(fmt.Errorf("no lists today"))
				}
				return nil
			}
		}, maxGather + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.Of(count)
				s.Latency = 10 * time.Millisecond
				s.Refuse = tc.refuse(s)
				h := newHub(t, s, Config{})
				ctx, cancel := context.WithCancel(t.Context())
				seen := make(chan time.Duration, count)
				began := time.Now()
				var watching sync.WaitGroup
				for i := range count {
					watching.Go(func() {
						_ = h.Follow(ctx, Target{Name: apitest.Name(i)}, func(State) (bool, error) {
							seen <- time.Since(began)
							return false, nil
						})
					})
				}
				for range count {
					if took := <-seen; took > tc.within {
						t.Errorf("after %v", took)
					}
				}
				cancel()
				watching.Wait()
			})
		})
	}
}
