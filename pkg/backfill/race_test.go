package backfill

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A verb that runs between any two requests of another verb leaves workflow and workers consistent.
func TestVerbBetweenTheRequestsOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, paused := range []bool{false, true} {
			for _, outer := range verbs() {
				for _, inner := range verbs() {
					for at, reached := 1, true; reached; at++ {
						var f *fixture
						count := -1 // -1 means do not count
						reached = false
						var innerErr error
						f = newFixture(t, func() {
							if count < 0 {
								return
							}
							if count++; count == at {
								reached = true
								count = -1
								innerErr = f.do(t.Context(), inner)
							}
						})
						if paused {
							if err := f.do(t.Context(), "Pause"); err != nil {
								t.Fatal(err)
							}
						}
						count = 0
						err := f.do(t.Context(), outer)
						if wrong := f.inconsistency(t); wrong != "" || !nilOrEnded(err) || !nilOrEnded(innerErr) {
							t.Errorf("paused %v: %s before request %d of %s: %s (%v, %v)", paused, inner, at, outer, wrong, err, innerErr)
						}
					}
				}
			}
		}
	})
}

// Concurrent verbs leave everything consistent, with many orders of their requests.
func TestConcurrentVerbs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(400) {
			pick := picker(seed, 7)
			f := newFixture(t, func() { time.Sleep(time.Duration(pick(1000)) * time.Microsecond) })
			if pick(2) == 0 {
				if err := f.do(t.Context(), "Pause"); err != nil {
					t.Fatal(err)
				}
			}
			chosen := make([]string, 2+pick(3))
			outcomes := make([]error, len(chosen))
			for i := range chosen {
				if chosen[i] = verbs()[pick(2)]; pick(4) == 0 {
					chosen[i] = verbs()[pick(4)]
				}
			}
			var all sync.WaitGroup
			for i, name := range chosen {
				all.Go(func() { outcomes[i] = f.do(t.Context(), name) })
			}
			all.Wait()
			for _, err := range outcomes {
				if !nilOrEnded(err) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			if wrong := f.inconsistency(t); wrong != "" {
				t.Errorf("seed %d, %s concurrently: %s (%v)", seed, strings.Join(chosen, ", "), wrong, outcomes)
			}
		}
	})
}

// After concurrent verbs of which some are killed, while another client scales the workers, the
// next verb succeeds and leaves everything consistent.
func TestConcurrentVerbsOfWhichSomeAreKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(600) {
			pick := picker(seed, 11)
			var killing atomic.Bool
			f := newFixture(t, func() {
				time.Sleep(time.Duration(pick(1000)) * time.Microsecond)
				if killing.Load() && pick(12) == 0 {
					runtime.Goexit()
				}
			})
			var all sync.WaitGroup
			chosen := make([]string, 2+pick(4))
			killing.Store(true)
			for i := range chosen {
				chosen[i] = verbs()[[]int{0, 0, 1, 1, 1, 3, 2}[pick(7)]]
				all.Go(func() { _ = f.do(t.Context(), chosen[i]) })
			}
			all.Go(func() {
				time.Sleep(time.Duration(pick(8000)) * time.Microsecond)
				f.scaleAsAnotherClient(t, 1+pick(3))
			})
			all.Wait()
			killing.Store(false)
			last := []string{"Start", "Pause"}[pick(2)]
			if slices.Contains(chosen, "Stop") {
				last = "Stop"
			}
			err := f.do(t.Context(), last)
			if wrong := f.inconsistency(t); wrong != "" || err != nil {
				t.Errorf("seed %d, %s concurrently, then %s: %s (%v)", seed, strings.Join(chosen, ", "), last, wrong, err)
			}
		}
	})
}

// After a Pause that a Start overtakes and that is killed at any point after that, another Start
// restores everything.
func TestKilledPauseThatAStartHasOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for at, reached := 1, true; reached; at++ {
			reached = false
			for last, killed := at, true; killed; last++ { // the last request of the Pause
				count, others := 0, false
				var f *fixture
				f = newFixture(t, func() {
					if others {
						return
					}
					if count++; count == at {
						reached, others = true, true
						if err := f.do(t.Context(), "Start"); err != nil {
							t.Error(err)
						}
						others = false
					}
					if count > last {
						runtime.Goexit()
					}
				})
				killed = true
				var pausing sync.WaitGroup
				pausing.Go(func() {
					if err := f.do(t.Context(), "Pause"); err != nil {
						t.Error(err)
					}
					killed = false
				})
				pausing.Wait()
				others = true
				if err := f.do(t.Context(), "Start"); err != nil {
					t.Error(err)
				}
				if wrong := f.inconsistency(t); wrong != "" || f.run.now().SpecSuspended {
					t.Errorf("Start before request %d of a Pause that was killed after request %d, and then Start: %s", at, last, wrong)
				}
			}
		}
	})
}
