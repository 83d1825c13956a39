package workflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// A list of many pages comes to its end also where one answer in five is lost.
func TestPagesAreReadAgain(t *testing.T) {
	for name, followed := range map[string]int{"all": 400, "those followed": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serverOf(3000)
				results := waits(t.Context(), s.client(t, Options{}), followed, Completed)
				synctest.Wait()
				lists, firsts := 0, 0
				s.mu.Lock()
				s.mute = true // so that only lists tell of the ends
				s.refuse = func(r *http.Request) error {
					query := r.URL.Query()
					if path.Base(r.URL.Path) != "workflows" || isWatch(r) {
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
				s.mu.Unlock()
				s.cut(nil)
				for i := range followed {
					s.phase(fmt.Sprint("w", i), "Succeeded")
				}
				s.compact()
				allEnd(t, results, followed)
				if firsts != 1 {
					t.Errorf("%d lists were begun", firsts)
				}
			})
		})
	}
}

// Who reads a workflow while the feed has asked for a list, which the server then makes of a later
// version, is told of what came in between.
func TestNothingIsLostWhileAListIsAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		all    int           // workflows in the namespace: of many, only those are read that are followed
		answer time.Duration // to what the call reads
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
				s := serverOf(tc.all)
				asked := make(chan struct{}, 1)
				var slow atomic.Bool
				c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: transport(func(r *http.Request) (*http.Response, error) {
					if slow.Load() && path.Base(r.URL.Path) == "workflows" && r.URL.Query().Get("limit") != "" {
						select {
						case asked <- struct{}{}:
						default:
						}
						time.Sleep(2 * time.Second)
					}
					resp, err := s.serve(r)
					if path.Base(r.URL.Path) == late {
						time.Sleep(tc.answer)
					}
					return resp, err
				})}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				ctx, end := context.WithCancel(t.Context())
				others := waits(ctx, c, followed, Completed)
				synctest.Wait()
				slow.Store(true)
				s.compact()
				s.cut(nil)
				<-asked
				time.AfterFunc(time.Second, func() {
					if tc.remove {
						s.remove(late)
					} else {
						s.phase(late, "Succeeded")
					}
				})
				began := time.Now()
				_, err = c.Wait(ctx, late, func(s *status.WorkflowStatus) (bool, error) {
					if tc.remove {
						return false, nil
					}
					return Completed(s)
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
