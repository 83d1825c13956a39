package workflow

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// If a controller is down, every wait asks for a diagnostic, and one search answers them all.
func TestOneSearchForManyDiagnostics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 300
		s := apitest.New()
		s.Put("taken-up", func(u *unstructured.Unstructured) {
			u.SetLabels(map[string]string{naming.LabelPhase: "Running", naming.LabelInstanceID: "theirs"})
		})
		for i := range count {
			putWaiting(s, fmt.Sprint("w", i), "mine")
		}
		searches := countSearches(s, nil)
		s.Latency = 100 * time.Millisecond
		results := waits(t.Context(), clientOf(t, s, Options{}), count, NotPickedUp)
		for range count {
			r := <-results
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if d := r.Data.StartDiagnostic; !d.Searched || len(d.Served) != 1 || d.Served[0] != "theirs" {
				t.Fatalf("%+v", d)
			}
		}
		if n := searches(); n != 2 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestSearchIsSharedAndNotKeptForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s searches
		looks, ok := 0, true
		look := func(context.Context) ([]string, bool) {
			time.Sleep(time.Second)
			looks++
			return []string{fmt.Sprint(looks)}, ok
		}
		find := func(id, served string, found bool) {
			t.Helper()
			if got, ok := s.find(t.Context(), id, look); len(got) != 1 || got[0] != served || ok != found {
				t.Errorf("%s: got %v, %t, want %s, %t", id, got, ok, served, found)
			}
		}
		find("a", "1", true)
		find("a", "1", true)
		find("b", "2", true)
		time.Sleep(foundFor)
		ok = false
		find("a", "3", false)
		find("a", "4", false) // a failed search is not kept
		ok = true
		find("a", "5", true)
	})
}

// The end of one call's context does not end a search for another call.
func TestSearchIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s searches
		look := func(ctx context.Context) ([]string, bool) {
			select {
			case <-ctx.Done():
				return nil, false
			case <-time.After(5 * time.Second):
				return []string{"found"}, true
			}
		}
		first, end := context.WithTimeout(t.Context(), 2*time.Second)
		defer end()
		go s.find(first, "a", look)
		synctest.Wait()
		second, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		if _, ok := s.find(second, "a", look); ok {
			t.Error("found before it was searched")
		}
		if served, ok := s.find(t.Context(), "a", look); !ok || len(served) != 1 {
			t.Error(served, ok)
		}
	})
}

// A search that has completed is shared even if the context of the call that ran it ends at that
// moment.
func TestSearchThatWasThroughIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s searches
		first, end := context.WithCancel(t.Context())
		s.find(first, "a", func(context.Context) ([]string, bool) {
			end()
			return []string{"found"}, true
		})
		served, ok := s.find(t.Context(), "a", func(context.Context) ([]string, bool) { return nil, false })
		if !ok || len(served) != 1 {
			t.Error(served, ok)
		}
	})
}

// A server that keeps answering 429 does not delay the waits.
func TestSearchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		putWaiting(s, "w", "mine")
		countSearches(s, apierrors.NewTooManyRequests("later", 60))
		began := time.Now()
		now, err := clientOf(t, s, Options{}).Wait(t.Context(), "w", NotPickedUp)
		if err != nil || now.StartDiagnostic.Searched {
			t.Errorf("%+v, %v", now, err)
		}
		if took := time.Since(began); took > DefaultDiagnoseStartAfter+searchFor+time.Second {
			t.Errorf("after %s", took)
		}
	})
}

// countSearches counts the requests of searches. If refusal is not nil, it is the answer.
func countSearches(s *apitest.Server, refusal error) func() int {
	n := 0
	s.Refuse = func(r *http.Request) error {
		if r.URL.Query().Get("limit") != "1" {
			return nil
		}
		n++
		return refusal
	}
	return func() int {
		s.Lock()
		defer s.Unlock()
		return n
	}
}
