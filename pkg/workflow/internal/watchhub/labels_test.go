package watchhub

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
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// labelledServer returns a server with workflows of one team.
func labelledServer(count int) *apitest.Server {
	s := apitest.Of(count)
	for i := range count {
		s.SetLabels(apitest.Name(i), map[string]string{"team": "a"})
	}
	return s
}

// A label may change at any time, even before the shared watch that would hide the change is
// opened.
func TestLabelsThatChange(t *testing.T) { forBoth(t, testLabelsThatChange) }

func testLabelsThatChange(t *testing.T, newHub makeHub) {
	for name, tc := range map[string]struct {
		before, after int               // waits that begin before and after the labels change
		labels        map[string]string // new labels of half of the workflows of those before
		slow          bool              // the conditions are slow, so that no call looks at the new labels
	}{
		"8 waits, and a ninth":                    {before: maxSingle, after: 1, labels: map[string]string{"team": "b"}},
		"8 waits, removed, and a ninth":           {before: maxSingle, after: 1},
		"8 waits with slow conditions, and 4":     {before: maxSingle, after: 4, labels: map[string]string{"team": "b"}, slow: true},
		"9 waits, before the watch is narrowed":   {before: maxSingle + 1, after: 3, labels: map[string]string{"team": "b"}},
		"20 waits, before the watch is narrowed":  {before: 20, after: 3, labels: map[string]string{"team": "b"}},
		"20 waits with slow conditions, narrowed": {before: 20, after: 3, labels: map[string]string{"team": "b"}, slow: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := labelledServer(tc.before + tc.after)
				h := newHub(t, s, Config{})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				until := func(s *status.WorkflowStatus) (bool, error) {
					if tc.slow && !s.Completed() {
						time.Sleep(time.Minute)
					}
					return s.Completed(), nil
				}
				results := waits(ctx, h, tc.before, until)
				synctest.Wait()
				for i := range tc.before / 2 {
					s.SetLabels(apitest.Name(i), tc.labels)
				}
				synctest.Wait()
				ninth := make(chan error, tc.after)
				for i := range tc.after {
					go func() {
						_, err := wait(ctx, h, fmt.Sprint("w", tc.before+i), completed)
						ninth <- err
					}()
				}
				time.Sleep(narrowAfter + time.Second)
				s.Bookmark()
				synctest.Wait()
				for i := range tc.before + tc.after {
					s.SetPhase(apitest.Name(i), "Succeeded")
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

// narrowed starts waits, and returns once their watch is narrowed to the labels of their workflows.
func narrowed(t *testing.T, s *apitest.Server, count int, until condition) (*Hub, chan result) {
	t.Helper()
	h := newHub(t, s, Config{})
	results := waits(t.Context(), h, count, until)
	time.Sleep(narrowAfter + 5*time.Second)
	s.Bookmark()
	synctest.Wait()
	if got := s.Selectors(); !slices.Equal(got, []string{";team=a"}) {
		t.Fatalf("%q", got)
	}
	return h, results
}

// States that a filter has hidden are delivered later.
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
		s.Set(func() { s.Latency = 50 * time.Millisecond })
		message := func(text string) {
			s.Put("w0", func(u *unstructured.Unstructured) {
				_ = unstructured.SetNestedField(u.Object, text, "status", "message")
			})
		}
		message("one")
		s.SetLabels("w0", map[string]string{"team": "b"})
		message("two")
		message("three")
		synctest.Wait()
		s.SetPhase("w0", "Succeeded")
		if r := <-results; r.err != nil || r.status.Name != "w0" {
			t.Fatal(r)
		}
		if want := []string{"", "one", "one", "two", "three", "three"}; !slices.Equal(seen, want) {
			t.Errorf("saw %q, want %q", seen, want)
		}
		for i := 1; i < count; i++ {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count-1)
	})
}

// If many workflows are deleted or get other labels at once, they are not all read at once. Watches
// are reopened only if that helps.
func TestBurstsUnderAFilter(t *testing.T) {
	const count = 500
	for name, tc := range map[string]struct {
		change func(s *apitest.Server, name string)
		want   error
		reads  int // upper bound
		opened int // watches, upper bound
	}{
		"deleted":    {(*apitest.Server).Remove, ErrDeleted, count, maxReads},
		"relabelled": {func(s *apitest.Server, name string) { s.SetLabels(name, map[string]string{"team": "b"}) }, nil, count, 2 * maxReads},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := labelledServer(count)
				_, results := narrowed(t, s, count, completed)
				var before int
				s.Set(func() { s.Latency, s.MaxReads, before = 5*time.Millisecond, 0, s.Gets+s.Lists })
				opened := s.WatchesAsked()
				for i := range count {
					tc.change(s, apitest.Name(i))
				}
				time.Sleep(10 * time.Second)
				if tc.want == nil {
					for i := range count {
						s.SetPhase(apitest.Name(i), "Succeeded")
					}
				}
				for range count {
					if r := <-results; !errors.Is(r.err, tc.want) {
						t.Fatal(r.err)
					}
				}
				s.Set(func() {
					if s.MaxReads > maxReads || s.Gets+s.Lists-before > tc.reads {
						t.Errorf("%d reads at once, %d in all", s.MaxReads, s.Gets+s.Lists-before)
					}
				})
				if n := s.WatchesAsked() - opened; n > tc.opened {
					t.Errorf("%d watches were opened", n)
				}
			})
		})
	}
}

// An event that arrives after its watch was cancelled is dropped: the position would skip what the
// watch did not deliver.
func TestEventsAfterACutAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := labelledServer(count)
		s.Put("other", nil)
		s.SetLabels("other", map[string]string{"team": "b"})
		s.Late = 20 * time.Millisecond
		h, results := narrowed(t, s, count, completed)
		other := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		go func() {
			_, err := wait(ctx, h, "other", completed)
			other <- err
		}()
		synctest.Wait() // it has read it, and the filter that would hide it is removed
		s.SetPhase("other", "Succeeded")
		s.SetPhase("w0", "Running") // is still delivered, and has the later version
		if err := <-other; err != nil {
			t.Error(err)
		}
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// A call that reads its workflow while another call widens the filter may have missed what the
// filter hid until then.
func TestFilterIsWidenedWhileACallReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := labelledServer(count)
		for _, name := range []string{"quick", "slow"} {
			s.Put(name, nil)
			s.SetLabels(name, map[string]string{"team": "b"})
		}
		hold := make(chan struct{})
		h, results := narrowed(t, s, count, completed)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		ends := make(chan error, 2)
		wait := func(name string) {
			go func() {
				_, err := wait(ctx, h, name, func(st *status.WorkflowStatus) (bool, error) {
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
		s.SetPhase("slow", "Succeeded")
		s.SetPhase("w0", "Running") // so that the position is later
		synctest.Wait()
		wait("quick")
		synctest.Wait()
		close(hold)
		s.SetPhase("quick", "Succeeded")
		for range 2 {
			if err := <-ends; err != nil {
				t.Error(err)
			}
		}
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// The watch of the namespace is narrowed to the labels that all watched workflows have in common. A
// workflow that loses its label does not count as deleted.
func TestSharedLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := apitest.New()
		for i := range count {
			s.Put(apitest.Name(i), nil)
			s.SetLabels(apitest.Name(i), map[string]string{"team": "a", "n": fmt.Sprint(i), "workflows.argoproj.io/phase": "Running"})
		}
		h := newHub(t, s, Config{})
		results := waits(t.Context(), h, count, completed)
		synctest.Wait()
		time.Sleep(narrowAfter + time.Second)
		s.Bookmark()
		synctest.Wait()
		if got := s.Selectors(); !slices.Equal(got, []string{";team=a"}) {
			t.Errorf("%q", got)
		}

		s.SetLabels("w0", map[string]string{"team": "b"})
		synctest.Wait()
		s.SetPhase("w0", "Succeeded")
		if r := <-results; r.err != nil || r.status.Name != "w0" {
			t.Fatal(r)
		}
		if got := s.Selectors(); !slices.Equal(got, []string{";"}) {
			t.Errorf("%q", got)
		}

		s.Remove("w1")
		if r := <-results; !errors.Is(r.err, ErrDeleted) {
			t.Error(r)
		}
		for i := 2; i < count; i++ {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count-2)
	})
}

// Workflows are deleted under a filter, some after they have ended.
func TestDeletedUnderAFilter(t *testing.T) { forBoth(t, testDeletedUnderAFilter) }

func testDeletedUnderAFilter(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := apitest.New()
		for i := range count {
			s.Put(apitest.Name(i), nil)
			s.SetLabels(apitest.Name(i), map[string]string{"team": "a"})
		}
		h := newHub(t, s, Config{})
		results := waits(t.Context(), h, count, completed)
		synctest.Wait()
		time.Sleep(narrowAfter + time.Second)
		s.Bookmark()
		synctest.Wait()
		for i := range count {
			name := apitest.Name(i)
			if i%2 == 0 {
				s.SetPhase(name, "Succeeded")
			}
			s.Remove(name)
		}
		var deleted, ended int
		for range count {
			switch r := <-results; {
			case errors.Is(r.err, ErrDeleted):
				deleted++
			case r.err == nil:
				ended++
			default:
				t.Error(r.err)
			}
		}
		if deleted != count/2 || ended != count/2 {
			t.Errorf("%d deleted, %d ended", deleted, ended)
		}
	})
}
