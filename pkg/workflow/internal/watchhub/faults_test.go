package watchhub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// A read whose body ends with an error is retried, whatever the error is.
func TestAnswersThatAreReset(t *testing.T) {
	requests := map[string]func(r *http.Request) bool{
		"lists": func(r *http.Request) bool { return path.Base(r.URL.Path) == "workflows" },
		"gets":  func(r *http.Request) bool { return path.Base(r.URL.Path) != "workflows" },
	}
	for name, which := range requests {
		for _, client := range []string{"REST", "rows", "dynamic"} {
			for _, count := range []int{1, 30} {
				t.Run(fmt.Sprintf("%s, %s, %d waits", name, client, count), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := apitest.Of(count)
						s.Latency = time.Millisecond
						odd := false
						s.Reset = func(r *http.Request) bool {
							odd = which(r) && !odd
							return odd
						}
						h := hubsOf(t, s)[client]
						results := waits(t.Context(), h, count, completed)
						time.Sleep(time.Minute)
						s.Compact()
						s.Cut(apitest.ErrReset)
						for i := range count {
							s.SetPhase(apitest.Name(i), "Succeeded")
						}
						allEnd(t, results, count)
					})
				})
			}
		}
	}
}

// Each answer takes longer than a watch may be silent, as on a slow line that first has to carry what is on its
// way for requests that were given up.
func TestAnswersThatTakeLong(t *testing.T) { forBoth(t, testAnswersThatTakeLong) }

func testAnswersThatTakeLong(t *testing.T, newHub makeHub) {
	for _, count := range []int{1, 30} {
		synctest.Test(t, func(t *testing.T) {
			s := apitest.Of(count)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			results := waits(ctx, newHub(t, s, Config{IdleTimeout: 20 * time.Second}), count, completed)
			time.Sleep(time.Minute)
			s.Set(func() { s.Latency = time.Minute })
			s.Cut(nil)
			for i := range count {
				s.SetPhase(apitest.Name(i), "Succeeded")
			}
			allEnd(t, results, count)
		})
	}
}

// If thousands of watches by name end at once, they are not reopened at the same moment.
func TestWatchesByNameAreSpread(t *testing.T) { forBoth(t, testWatchesByNameAreSpread) }

func testWatchesByNameAreSpread(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count, window, most = 1000, 100 * time.Millisecond, 200
		s := apitest.Of(count)
		s.Latency = time.Millisecond
		s.Refuse = func(r *http.Request) error {
			if apitest.OfNamespace(r) {
				return refused()
			}
			return nil
		}
		results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
		time.Sleep(30 * time.Second)
		if s.Open() != count {
			t.Fatalf("%d watches", s.Open())
		}
		s.Set(func() { s.WatchTimes = nil })
		s.Cut(nil)
		time.Sleep(30 * time.Second)
		if s.Open() != count {
			t.Fatalf("%d watches after the break", s.Open())
		}
		slices.SortFunc(s.WatchTimes, time.Time.Compare)
		for i := most; i < len(s.WatchTimes); i++ {
			if apart := s.WatchTimes[i].Sub(s.WatchTimes[i-most]); apart < window {
				t.Fatalf("%d watches were opened within %v", most, apart)
			}
		}
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// The API server stores objects so deep that a list of them can't be parsed. The workflows beside
// them are read nevertheless.
func TestObjectsThatCannotBeRead(t *testing.T) { forBoth(t, testObjectsThatCannotBeRead) }

func testObjectsThatCannotBeRead(t *testing.T, newHub makeHub) {
	for name, value := range map[string]string{"deep": apitest.DeepValue, "broken": apitest.BrokenValue} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const count = 30
				s := apitest.Of(count)
				s.Spoil("other", value)
				h := newHub(t, s, Config{})
				results := waits(t.Context(), h, count, completed)
				time.Sleep(time.Minute)
				s.Spoil("other", value) // an event
				s.Compact()
				s.Cut(io.ErrUnexpectedEOF)
				time.Sleep(time.Minute)
				for i := range count {
					s.SetPhase(apitest.Name(i), "Succeeded")
				}
				allEnd(t, results, count)
			})
		})
	}
}

// A workflow that becomes unreadable ends its own waits with an error, and no others.
func TestWaitOnAnObjectThatCannotBeRead(t *testing.T) { forBoth(t, testWaitOnAnObjectThatCannotBeRead) }

func testWaitOnAnObjectThatCannotBeRead(t *testing.T, newHub makeHub) {
	for _, count := range []int{3, 30} {
		t.Run(fmt.Sprint(count, " waits"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.Of(count)
				results := waits(t.Context(), newHub(t, s, Config{}), count, completed)
				time.Sleep(time.Second)
				s.Spoil("w0", apitest.BrokenValue)
				if r := <-results; !fault.Unreadable(r.err) || r.status.Name != "w0" {
					t.Error(r)
				}
				for i := 1; i < count; i++ {
					s.SetPhase(apitest.Name(i), "Succeeded")
				}
				allEnd(t, results, count-1)
			})
		})
	}
}

// A dynamic client parses a list as a whole, so waits beside such an object continue by name.
func TestObjectsThatADynamicClientCannotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 30
		s := apitest.Of(count)
		s.Spoil("other", apitest.DeepValue)
		h := hubsOf(t, s)["dynamic"]
		results := waits(t.Context(), h, count, completed)
		time.Sleep(time.Minute)
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// The failure of a reflector that others have replaced must not end their calls.
func TestFailureOfAReplacedReflector(t *testing.T) { forBoth(t, testFailureOfAReplacedReflector) }

func testFailureOfAReplacedReflector(t *testing.T, newHub makeHub) {
	synctest.Test(t, func(t *testing.T) {
		const count = 20
		s := apitest.Of(count)
		h := newHub(t, s, Config{})
		results := waits(t.Context(), h, count, completed)
		time.Sleep(time.Second)
		h.mu.Lock()
		old := h.shared
		h.byName = true
		h.unshare()
		h.mu.Unlock()
		old.cancel()
		h.fail(old, errors.New("too late to matter"))
		time.Sleep(time.Second)
		for i := range count {
			s.SetPhase(apitest.Name(i), "Succeeded")
		}
		allEnd(t, results, count)
		synctest.Wait()
		if s.Open() != 0 {
			t.Errorf("%d watches are left open", s.Open())
		}
	})
}
