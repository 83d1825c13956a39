package workflow

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// However many waits begin, and however long it takes them to, they don't read one by one.
func TestWaitsThatBeginTogetherShareAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, wave = 2000, 100
		s := serverOf(count)
		s.latency = 20 * time.Millisecond
		c := s.client(t, Options{})
		results := make(chan Result[string], count)
		for i := range count {
			go func() {
				time.Sleep(time.Duration(i/wave) * gatherFor / 2) // a second for all
				_, err := c.Wait(t.Context(), fmt.Sprint("w", i), Completed)
				results <- ResultOf("", err)
			}()
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		// Where nobody has to queue, calls read for themselves.
		if s.gets > count/4 || s.lists > 2*count/DefaultPageSize {
			t.Errorf("%d gets and %d lists", s.gets, s.lists)
		}
		if s.open() != 1 {
			t.Errorf("%d watches", s.open())
		}
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		for range count {
			if r := <-results; r.Err != nil {
				t.Error(r.Err)
			}
		}
	})
}

// A list that doesn't come holds nobody up for long.
func TestListThatDoesNotCome(t *testing.T) {
	const count = 200
	isList := func(r *http.Request) bool { return ofNamespace(r) && !isWatch(r) }
	for name, tc := range map[string]struct {
		refuse func(s *watchServer) func(*http.Request) error
		within time.Duration
	}{
		"stuck": {func(s *watchServer) func(*http.Request) error {
			return func(r *http.Request) error {
				if !isList(r) {
					return nil
				}
				s.mu.Unlock() // everybody else is served
				<-r.Context().Done()
				s.mu.Lock()
				return r.Context().Err()
			}
		}, stuckAfter + gatherMost},
		"refused": {func(*watchServer) func(*http.Request) error {
			return func(r *http.Request) error {
				if isList(r) {
					return apierrors.NewInternalError(fmt.Errorf("no lists today"))
				}
				return nil
			}
		}, gatherMost + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serverOf(count)
				s.latency = 10 * time.Millisecond
				s.refuse = tc.refuse(s)
				c := s.client(t, Options{})
				ctx, cancel := context.WithCancel(t.Context())
				seen := make(chan time.Duration, count)
				began := time.Now()
				var watching sync.WaitGroup
				for i := range count {
					watching.Go(func() {
						for _, err := range c.Watch(ctx, fmt.Sprint("w", i)) {
							if err == nil {
								seen <- time.Since(began)
							}
						}
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
