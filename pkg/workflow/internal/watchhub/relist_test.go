package watchhub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// A list of many pages completes even if one response in five is lost.
func TestPagesAreRetried(t *testing.T) { forBoth(t, testPagesAreRetried) }

func testPagesAreRetried(t *testing.T, newHub makeHub) {
	for name, followed := range map[string]int{"all": 400, "those followed": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := apitest.Of(3000)
				results := waits(t.Context(), newHub(t, s, Config{}), followed, completed)
				synctest.Wait()
				lists, firsts := 0, 0
				s.Lock()
				s.Mute = true // so that only lists deliver the ends
				s.Refuse = func(r *http.Request) error {
					query := r.URL.Query()
					if path.Base(r.URL.Path) != "workflows" || apitest.IsWatch(r) {
						return nil
					}
					if query.Get("continue") == "" && query.Get("fieldSelector") == "" {
						firsts++
					}
					if lists++; lists%5 == 0 {
						return apierrors.NewInternalError(errors.New("lost"))
					}
					return nil
				}
				s.Unlock()
				s.Cut(nil)
				for i := range followed {
					s.SetPhase(apitest.Name(i), "Succeeded")
				}
				s.Compact()
				allEnd(t, results, followed)
				if firsts != 1 {
					t.Errorf("%d lists were begun", firsts)
				}
			})
		})
	}
}

// A call reads its workflow after a list was requested, and the server answers the list at a later
// version. The call must see what happened in between.
func TestNothingIsLostWhileAListIsAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		all    int           // workflows in the namespace; if there are many, only the watched ones are read
		answer time.Duration // delay of the call's read
		remove bool
	}{
		"ends, few":                        {all: 20},
		"ends, many":                       {all: 3000},
		"is deleted, few":                  {all: 20, remove: true},
		"is deleted, many":                 {all: 3000, remove: true},
		"ends, answered after the list":    {all: 3000, answer: 4 * time.Second},
		"deleted, answered after the list": {all: 20, answer: 4 * time.Second, remove: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const followed, late = 10, "w15"
				s := apitest.Of(tc.all)
				asked := make(chan struct{}, 1)
				var slow atomic.Bool
				h := hubFor(t, &rest.Config{Host: "http://script", QPS: -1, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					if slow.Load() && path.Base(r.URL.Path) == "workflows" && r.URL.Query().Get("limit") != "" {
						select {
						case asked <- struct{}{}:
						default:
						}
						time.Sleep(2 * time.Second)
					}
					resp, err := s.RoundTrip(r)
					if path.Base(r.URL.Path) == late {
						time.Sleep(tc.answer)
					}
					return resp, err
				})}, Config{})
				ctx, end := context.WithCancel(t.Context())
				others := waits(ctx, h, followed, completed)
				synctest.Wait()
				slow.Store(true)
				s.Compact()
				s.Cut(nil)
				<-asked
				time.AfterFunc(time.Second, func() {
					if tc.remove {
						s.Remove(late)
					} else {
						s.SetPhase(late, "Succeeded")
					}
				})
				began := time.Now()
				_, err := wait(ctx, h, late, func(s *status.WorkflowStatus) (bool, error) {
					if tc.remove {
						return false, nil
					}
					return completed(s)
				})
				if tc.remove && !errors.Is(err, ErrDeleted) || !tc.remove && err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("after %s", took)
				}
				end()
				for range followed {
					<-others
				}
			})
		})
	}
}

// After etcd was restored from a backup, versions are lower, and states may be older.
func TestRestoredServer(t *testing.T) { forBoth(t, testRestoredServer) }

func testRestoredServer(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := apitest.Of(count)
		results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
		synctest.Wait()
		s.Restore(50)
		s.Cut(io.ErrUnexpectedEOF)
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// In a namespace with many workflows, only the watched ones are read.
func TestFewInALargeNamespace(t *testing.T) { forBoth(t, testFewInALargeNamespace) }

func testFewInALargeNamespace(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count, all = 10, 3000
		s := apitest.Of(all)
		results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
		synctest.Wait()
		s.Remove("w1")
		s.SetPhase("w2", "Succeeded")
		lists := s.ListsAsked()
		s.Compact()
		s.Cut(nil)
		for range 2 {
			if r := <-results; r.err != nil && !errors.Is(r.err, ErrDeleted) {
				t.Error(r.err)
			}
		}
		if n := s.ListsAsked() - lists; n > count+1 {
			t.Errorf("%d lists", n)
		}
		for i := range count {
			if i != 1 && i != 2 {
				s.SetPhase(apitest.Name(i), "Succeeded")
			}
		}
		allEnd(t, results, count-2)
	})
}

// They are read several at a time, so that all are read before the next fault.
func TestManyInALargeNamespaceAreReadSideBySide(t *testing.T) {
	forBoth(t, testManyInALargeNamespaceAreReadSideBySide)
}

func testManyInALargeNamespaceAreReadSideBySide(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count, all = 160, 3000
		s := apitest.Of(all)
		results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
		synctest.Wait()
		s.Lock()
		s.Latency, s.Mute = time.Second, true
		s.Unlock()
		s.Cut(nil)
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		s.Compact()
		began := time.Now()
		if ends := allEnd(t, results, count); len(ends) != count {
			t.Errorf("%d ended", len(ends))
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("after %s", took)
		}
	})
}

// A list over a dynamic client also reports how many items remain.
func TestFewInALargeNamespaceOverADynamicClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, all = 10, 3000
		s := apitest.Of(all)
		results := waits(t.Context(), hubsOf(t, s)["dynamic"], count, completed)
		synctest.Wait()
		lists := s.ListsAsked()
		s.Compact()
		s.Cut(nil)
		time.Sleep(10 * time.Second)
		if n := s.ListsAsked() - lists; n > count+1 {
			t.Errorf("%d lists", n)
		}
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
