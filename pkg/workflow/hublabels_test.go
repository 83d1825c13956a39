package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// labelledServer has so many workflows of one team.
func labelledServer(count int) *watchServer {
	s := serverOf(count)
	for i := range count {
		s.label(fmt.Sprint("w", i), map[string]string{"team": "a"})
	}
	return s
}

// A label may change at any time, also before the watch is shared that it would be hidden from.
func TestLabelsThatChange(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after int               // waits that begin before the labels change, and after
		labels        map[string]string // that half of those before get
		slow          bool              // the conditions are slow, so that nobody looks at the new labels
	}{
		"8 waits, and a ninth":                    {before: fewFollowed, after: 1, labels: map[string]string{"team": "b"}},
		"8 waits, removed, and a ninth":           {before: fewFollowed, after: 1},
		"8 waits with slow conditions, and 4":     {before: fewFollowed, after: 4, labels: map[string]string{"team": "b"}, slow: true},
		"9 waits, before the watch is narrowed":   {before: fewFollowed + 1, after: 3, labels: map[string]string{"team": "b"}},
		"20 waits, before the watch is narrowed":  {before: 20, after: 3, labels: map[string]string{"team": "b"}},
		"20 waits with slow conditions, narrowed": {before: 20, after: 3, labels: map[string]string{"team": "b"}, slow: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := labelledServer(tc.before + tc.after)
				c := s.client(t, Options{})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				until := func(s *status.WorkflowStatus) (bool, error) {
					if tc.slow && !s.Completed() {
						time.Sleep(time.Minute)
					}
					return s.Completed(), nil
				}
				results := waits(ctx, c, tc.before, until)
				synctest.Wait()
				for i := range tc.before / 2 {
					s.label(fmt.Sprint("w", i), tc.labels)
				}
				synctest.Wait()
				ninth := make(chan error, tc.after)
				for i := range tc.after {
					go func() {
						_, err := c.Wait(ctx, fmt.Sprint("w", tc.before+i), Completed)
						ninth <- err
					}()
				}
				time.Sleep(narrowAfter + time.Second)
				s.bookmark()
				synctest.Wait()
				for i := range tc.before + tc.after {
					s.phase(fmt.Sprint("w", i), "Succeeded")
				}
				allEnd(t, results, tc.before)
				for range tc.after {
					if err := <-ninth; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// narrowed has so many waits under the filter that their workflows have in common.
func narrowed(t *testing.T, s *watchServer, count int, until Condition) (*WorkflowClient, chan Result[*status.WorkflowStatus]) {
	t.Helper()
	c := s.client(t, Options{})
	results := waits(t.Context(), c, count, until)
	time.Sleep(narrowAfter + 5*time.Second)
	s.bookmark()
	synctest.Wait()
	if got := s.selectors(); !slices.Equal(got, []string{";team=a"}) {
		t.Fatalf("%q", got)
	}
	return c, results
}

// The states that a filter has hidden are delivered once it is known that it did.
func TestEveryStateIsSeenOverAChangeOfLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := labelledServer(count)
		var seen []string
		_, results := narrowed(t, s, count, func(st *status.WorkflowStatus) (bool, error) {
			if st.Name == "w0" {
				seen = append(seen, st.Message)
			}
			return st.Completed(), nil
		})
		s.set(func() { s.latency = 50 * time.Millisecond })
		message := func(text string) {
			s.put("w0", func(u *unstructured.Unstructured) {
				_ = unstructured.SetNestedField(u.Object, text, "status", "message")
			})
		}
		message("one")
		s.label("w0", map[string]string{"team": "b"})
		message("two")
		message("three")
		synctest.Wait()
		s.phase("w0", "Succeeded")
		if r := <-results; r.Err != nil || r.Data.Name != "w0" {
			t.Fatal(r)
		}
		if want := []string{"", "one", "one", "two", "three", "three"}; !slices.Equal(seen, want) {
			t.Errorf("saw %q, want %q", seen, want)
		}
		for i := 1; i < count; i++ {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count-1)
	})
}

// However many workflows are deleted or get other labels at once, the API server is not asked about
// all of them at once, and watches are opened again only if that helps.
func TestBurstsUnderAFilter(t *testing.T) {
	const count = 500
	for name, tc := range map[string]struct {
		change func(s *watchServer, name string)
		want   error
		reads  int // at most
		opened int // watches, at most
	}{
		"deleted":    {(*watchServer).remove, ErrDeleted, count, readsAtOnce},
		"relabelled": {func(s *watchServer, name string) { s.label(name, map[string]string{"team": "b"}) }, nil, count, 2 * readsAtOnce},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := labelledServer(count)
				_, results := narrowed(t, s, count, Completed)
				var before int
				s.set(func() { s.latency, s.reads, before = 5*time.Millisecond, 0, s.gets+s.lists })
				opened := s.watchesAsked()
				for i := range count {
					tc.change(s, fmt.Sprint("w", i))
				}
				time.Sleep(10 * time.Second)
				if tc.want == nil {
					for i := range count {
						s.phase(fmt.Sprint("w", i), "Succeeded")
					}
				}
				for range count {
					if r := <-results; !errors.Is(r.Err, tc.want) {
						t.Fatal(r.Err)
					}
				}
				s.set(func() {
					if s.reads > readsAtOnce || s.gets+s.lists-before > tc.reads {
						t.Errorf("%d reads at once, %d in all", s.reads, s.gets+s.lists-before)
					}
				})
				if n := s.watchesAsked() - opened; n > tc.opened {
					t.Errorf("%d watches were opened", n)
				}
			})
		})
	}
}

// What a watch still brings after it was cut off is not taken: the position would pass what it
// did not bring.
func TestNothingIsTakenAfterACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := labelledServer(count)
		s.put("other", nil)
		s.label("other", map[string]string{"team": "b"})
		s.late = 20 * time.Millisecond
		c, results := narrowed(t, s, count, Completed)
		other := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		go func() {
			_, err := c.Wait(ctx, "other", Completed)
			other <- err
		}()
		synctest.Wait() // it has read it, and the filter that would hide it is cut off
		s.phase("other", "Succeeded")
		s.phase("w0", "Running") // is still brought, and has the later version
		if err := <-other; err != nil {
			t.Error(err)
		}
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// A call that reads its workflow while another call has the filter widened may have missed what
// the filter hid until then.
func TestFilterIsWidenedWhileACallReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := labelledServer(count)
		for _, name := range []string{"quick", "slow"} {
			s.put(name, nil)
			s.label(name, map[string]string{"team": "b"})
		}
		hold := make(chan struct{})
		c, results := narrowed(t, s, count, Completed)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		ends := make(chan error, 2)
		wait := func(name string) {
			go func() {
				_, err := c.Wait(ctx, name, func(st *status.WorkflowStatus) (bool, error) {
					if name == "slow" {
						<-hold // between the read and the watch
					}
					return st.Completed(), nil
				})
				ends <- err
			}()
		}
		wait("slow")
		synctest.Wait()
		s.phase("slow", "Succeeded")
		s.phase("w0", "Running") // so that the position is later than that
		synctest.Wait()
		wait("quick")
		synctest.Wait()
		close(hold)
		s.phase("quick", "Succeeded")
		for range 2 {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}
