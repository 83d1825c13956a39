package watchhub

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

func TestManyWaitsShareOneWatch(t *testing.T) { forBoth(t, testManyWaitsShareOneWatch) }

func testManyWaitsShareOneWatch(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 500
		s := apitest.Of(count)
		s.Latency = 20 * time.Millisecond
		h := newHub(t, s, Config{})
		results := waits(t.Context(), h, count, completed)
		time.Sleep(time.Second)
		if s.Open() != 1 || s.MaxWatches > maxSingle+1 {
			t.Errorf("%d watches are open, %d were", s.Open(), s.MaxWatches)
		}
		if s.Gets > 2*maxReads {
			t.Errorf("%d gets, though a list has them all", s.Gets)
		}
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		if ends := allEnd(t, results, count); len(ends) != count {
			t.Errorf("%d ended", len(ends))
		}
		synctest.Wait()
		if s.Open() != 0 {
			t.Error("a watch is left")
		}
	})
}

func TestFewWaitsHaveAWatchEach(t *testing.T) { forBoth(t, testFewWaitsHaveAWatchEach) }

func testFewWaitsHaveAWatchEach(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.Of(maxSingle)
		h := newHub(t, s, Config{})
		results := waits(t.Context(), h, maxSingle, completed)
		again := waits(t.Context(), h, maxSingle, completed) // the same ones
		synctest.Wait()
		if s.Open() != maxSingle {
			t.Errorf("%d watches", s.Open())
		}
		for i := range maxSingle {
			s.SetPhase(apitest.Name(i), "Failed")
		}
		allEnd(t, results, maxSingle)
		allEnd(t, again, maxSingle)
	})
}

// After a watch's version has expired, the workflows are listed. No end is missed, and a workflow
// that was deleted is distinguished from one that never existed.
func TestExpiredWatch(t *testing.T) { forBoth(t, testExpiredWatch) }

func testExpiredWatch(t *testing.T, newHub makeHub) {
	for _, many := range []bool{false, true} {
		t.Run(fmt.Sprint("many:", many), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				names := []string{"ends", "deleted", "replaced", "goes-on"}
				for i := range map[bool]int{false: 0, true: 20}[many] {
					names = append(names, apitest.Name(i))
				}
				for _, name := range names {
					s.Put(name, nil)
				}
				h := newHub(t, s, Config{})
				results := map[string]chan error{}
				var begun sync.WaitGroup // some begin with what a later list delivers
				for _, name := range names {
					results[name] = make(chan error, 1)
					begun.Add(1)
					first := sync.OnceFunc(begun.Done)
					go func() {
						_, err := wait(t.Context(), h, name, func(s *status.WorkflowStatus) (bool, error) {
							first()
							return completed(s)
						})
						results[name] <- err
					}()
				}
				begun.Wait()
				synctest.Wait()
				s.Set(func() { s.Refuse = func(*http.Request) error { return io.ErrUnexpectedEOF } })
				s.Cut(io.ErrUnexpectedEOF)
				s.SetPhase("ends", "Succeeded")
				s.Remove("deleted")
				s.Remove("replaced")
				s.Put("replaced", nil)
				s.Compact()
				s.Set(func() { s.Refuse = nil })

				if err := <-results["ends"]; err != nil {
					t.Error(err)
				}
				for name, want := range map[string]error{"deleted": ErrDeleted, "replaced": ErrReplaced} {
					err := <-results[name]
					var failed *FollowError
					if !errors.Is(err, want) || !errors.As(err, &failed) || failed.Last == nil || failed.Last.Name != name {
						t.Errorf("%s: %v", name, err)
					}
				}
				if _, err := wait(t.Context(), h, "never", completed); !apierrors.IsNotFound(err) || errors.Is(err, ErrDeleted) {
					t.Error(err)
				}
				for _, name := range names[3:] {
					s.SetPhase(name, "Succeeded")
					if err := <-results[name]; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// The version of a workflow that hasn't changed for long is too old to watch from.
func TestOldVersion(t *testing.T) { forBoth(t, testOldVersion) }

func testOldVersion(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		s.Put("w0", nil)
		s.Put("other", nil)
		s.Compact()
		results := waits(t.Context(), newHub(t, s, Config{}), 1, completed)
		synctest.Wait()
		time.Sleep(time.Second)
		before := s.WatchesAsked()
		time.Sleep(30 * time.Second)
		if now := s.WatchesAsked(); now != before || s.Open() != 1 {
			t.Errorf("the watch is opened again and again: %d times", now)
		}
		s.SetPhase("w0", "Succeeded")
		allEnd(t, results, 1)
	})
}

// A proxy may block all watches.
func TestWatchesFail(t *testing.T) { forBoth(t, testWatchesFail) }

func testWatchesFail(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 30
		s := apitest.Of(count)
		s.Refuse = func(r *http.Request) error {
			if apitest.IsWatch(r) {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
		time.Sleep(time.Minute)
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		began := time.Now()
		allEnd(t, results, count)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestSilentSharedWatchIsReplaced(t *testing.T) { forBoth(t, testSilentSharedWatchIsReplaced) }

func testSilentSharedWatchIsReplaced(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 30
		s := apitest.Of(count)
		s.Mute = true
		h := newHub(t, s, Config{IdleTimeout: 20 * time.Second})
		results := waits(t.Context(), h, count, completed)
		synctest.Wait()
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		began := time.Now()
		allEnd(t, results, count)
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestSlowCallDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, changes = 20, 50
		s := apitest.Of(count)
		h := newHub(t, s, Config{})
		results := waits(t.Context(), h, count, completed)
		time.Sleep(time.Second) // until their watch is open
		slow := make(chan int, 1)
		go func() {
			seen := 0
			_, err := wait(t.Context(), h, "w0", func(s *status.WorkflowStatus) (bool, error) {
				seen++
				time.Sleep(time.Minute)
				return s.Completed(), nil
			})
			if err != nil {
				t.Error(err)
			}
			slow <- seen
		}()
		synctest.Wait()
		for range changes {
			s.SetPhase("w0", "Running")
		}
		began := time.Now()
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
		if time.Since(began) > time.Second {
			t.Error("the others waited")
		}
		if seen := <-slow; seen != changes+2 {
			t.Errorf("the slow one saw %d states of %d", seen, changes+2)
		}
	})
}

// A role that names workflows allows watching each of them, but not all. The hub finds out when the
// number of workflows first exceeds that of single watches, and no call waits longer because of
// that.
func TestNamespaceMayNotBeWatched(t *testing.T) { forBoth(t, testNamespaceMayNotBeWatched) }

func testNamespaceMayNotBeWatched(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 20
		began := time.Now()
		s := apitest.Of(count)
		s.Refuse = func(r *http.Request) error {
			if apitest.OfNamespace(r) {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "", errors.New("only by name"))
			}
			return nil
		}
		h := newHub(t, s, Config{})
		few := waits(t.Context(), h, maxSingle, completed)
		synctest.Wait()
		results := waits(t.Context(), h, count, completed)
		time.Sleep(time.Second)
		if s.Open() != count {
			t.Errorf("%d watches", s.Open())
		}
		defer func() {
			allEnd(t, few, maxSingle)
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
		}()
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}
