package watchhub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// endsAtOnce ends the first workflow, fails unless the wait for it ends, and then ends the others.
func endsAtOnce(t *testing.T, s *apitest.Server, count int, results chan result) {
	t.Helper()
	s.SetPhase("w0", "Succeeded")
	select {
	case r := <-results:
		if r.err != nil || r.status.Name != "w0" {
			t.Error(r)
		}
		count--
	case <-time.After(time.Minute):
		t.Errorf("the end was missed by a watch of %q", s.Selectors())
		s.SetLabels("w1", nil) // widens it
		s.SetPhase("w0", "Failed")
	}
	for i := 1; i <= maxSingle; i++ {
		s.SetPhase(apitest.Name(i), "Succeeded")
	}
	allEnd(t, results, count)
}

// A workflow may lose a label while no watch selects by it, and a row does not show that. The watch that
// then selects by the label must not hide the end of the workflow.
func TestLabelsThatChangeUnseen(t *testing.T) { forBoth(t, testLabelsThatChangeUnseen) }

func testLabelsThatChangeUnseen(t *testing.T, newHub makeHub) {
	const count = maxSingle + 1
	for name, tc := range map[string]struct {
		before  int           // waits that begin before the labels change
		latency time.Duration // of the first reads
	}{
		"8 waits, and a ninth": {before: maxSingle},
		"9 waits":              {before: count, latency: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := labelledServer(count)
				s.Latency = tc.latency
				h := newHub(t, s, Config{})
				results := waits(t.Context(), h, tc.before, completed)
				time.Sleep(narrowAfter / 2)
				s.SetLabels("w0", map[string]string{"team": "b"})
				synctest.Wait()
				s.Bookmark()
				synctest.Wait()
				all := make(chan result, count)
				for i := tc.before; i < count; i++ {
					go func() {
						s, err := wait(t.Context(), h, apitest.Name(i), completed)
						all <- result{s, err}
					}()
				}
				go func() {
					for range tc.before {
						all <- <-results
					}
				}()
				time.Sleep(2 * narrowAfter)
				s.Bookmark()
				time.Sleep(2 * time.Second)
				endsAtOnce(t, s, count, all)
			})
		})
	}
}
