package backfill

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
)

var errKilled = errors.New("the process was killed")

// killedAfter returns the requests of a process that is killed after its last write has taken
// effect, and whether it was killed.
func killedAfter(writes int) (around fakekube.Around, killed *bool) {
	killed = new(bool)
	return func(write bool, send func() error) error {
		if write {
			if writes--; writes < 0 {
				*killed = true
			}
		}
		if *killed {
			return errKilled
		}
		err := send()
		if write && writes == 0 {
			*killed = true
			return errKilled
		}
		return err
	}, killed
}

// A verb that is killed after any of its writes leads to the same state when it is called again. If
// Start is called instead, the number of workers is not lost.
func TestKilledVerbOfADeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for begin, cases := range map[string]map[string][]string{
			// For each verb, the states that a Start may lead to after it, whatever was written.
			"":            {"Pause": {"4 run"}, "Stop": {"4 run", "3 run"}, "Scale": {"7 run", "4 run"}},
			"Pause":       {"Start": {"4 run"}, "Scale": {"7 run", "4 run"}, "Stop": {"4 run", "3 run"}},
			"Pause Start": {"Pause": {"4 run"}, "Stop": {"4 run", "3 run"}},
			"Stop":        {"Start": {"3 run"}},
		} {
			for verb, mayRun := range cases {
				want := after(t, append(strings.Fields(begin), verb)...)
				killed := true
				for writes := 0; killed; writes++ {
					for _, next := range []string{verb, "Start"} {
						s := newDeployed(t)
						for _, name := range strings.Fields(begin) {
							s.do(s.open(nil, 0), name)
						}
						around, over := killedAfter(writes)
						_ = do(t.Context(), s.open(around, -1), verb)
						killed = *over
						what := fmt.Sprintf("%s after %q, killed after %d writes, then %s", verb, begin, writes, next)
						s.do(s.open(nil, 0), next)
						if got := s.state(); next == verb && got != want {
							t.Errorf("%s: %s, want %s", what, got, want)
						} else if next == "Start" && verb != "Start" && !slices.Contains(mayRun, got) {
							t.Errorf("%s: %s, want one of %v", what, got, mayRun)
						}
					}
				}
			}
		}
	})
}

// A verb between any two requests of another verb leads to the same state as one after the other.
// The exceptions: a Start may restore the number from before a Stop, and a Pause may win over a
// Stop.
func TestVerbOfADeploymentBetweenTheRequestsOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, begin := range []string{"", "Pause", "Pause Start", "Stop"} {
			for _, outer := range verbs() {
				for _, inner := range verbs() {
					before := strings.Fields(begin)
					want := []string{after(t, append(before, outer, inner)...), after(t, append(before, inner, outer)...)}
					if outer == "Stop" || inner == "Stop" {
						switch outer + inner {
						case "StartStop", "StopStart":
							want = append(want, "4 run")
						case "PauseStop", "StopPause":
							want = append(want, "paused, 4 before")
						}
					}
					for at, reached := 1, true; reached; at++ {
						s := newDeployed(t)
						for _, name := range before {
							s.do(s.open(nil, 0), name)
						}
						count := 0
						reached = false
						step := func() {
							if count++; count == at {
								reached = true
								s.do(s.open(nil, 0), inner)
							}
						}
						s.do(s.open(fakekube.Before(step), 0), outer)
						if got := s.state(); reached && !slices.Contains(want, got) {
							t.Errorf("after %q, %s before request %d of %s: %s, want one of %q", begin, inner, at, outer, got, want)
						}
					}
				}
			}
		}
	})
}

// Concurrent verbs, with many orders of their requests, leave the Deployment and its record
// consistent, with a number that one of the verbs set.
func TestConcurrentVerbsOfADeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(400) {
			pick := picker(seed, 7)
			s := newDeployed(t)
			if pick(2) == 0 {
				s.do(s.open(nil, 0), "Pause")
			}
			around := fakekube.Before(func() { time.Sleep(time.Duration(pick(1000)) * time.Microsecond) })
			chosen := make([]string, 2+pick(3))
			var all sync.WaitGroup
			for i := range chosen {
				if chosen[i] = verbs()[pick(2)]; pick(4) == 0 {
					chosen[i] = verbs()[pick(4)]
				}
				all.Go(func() { s.do(s.open(around, 0), chosen[i]) })
			}
			all.Wait()
			may := []string{"paused, 4 before", "paused, 7 before", "4 run", "7 run"}
			if slices.Contains(chosen, "Stop") {
				may = append(may, "stopped", "3 run", "paused, 3 before")
			}
			if got := s.state(); !slices.Contains(may, got) {
				t.Errorf("seed %d, %v concurrently: %s", seed, chosen, got)
			}
		}
	})
}

// After concurrent verbs of which some are killed, the next verb succeeds.
func TestConcurrentVerbsOfADeploymentOfWhichSomeAreKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(600) {
			pick := picker(seed, 11)
			s := newDeployed(t)
			around := fakekube.Before(func() {
				time.Sleep(time.Duration(pick(1000)) * time.Microsecond)
				if pick(12) == 0 {
					runtime.Goexit()
				}
			})
			chosen := make([]string, 2+pick(4))
			var all sync.WaitGroup
			for i := range chosen {
				chosen[i] = verbs()[[]int{0, 0, 1, 1, 1, 3, 2}[pick(7)]]
				all.Go(func() { s.do(s.open(around, 0), chosen[i]) })
			}
			all.Wait()
			last := []string{"Start", "Pause", "Stop"}[pick(3)]
			s.do(s.open(nil, 0), last)
			may := map[string][]string{
				"Start": {"4 run", "7 run"}, "Pause": {"paused, 4 before", "paused, 7 before"}, "Stop": {"stopped"},
			}[last]
			if slices.Contains(chosen, "Stop") {
				may = append(may, "3 run", "paused, 3 before")
				if last == "Pause" {
					may = append(may, "stopped")
				}
			}
			if got := s.state(); !slices.Contains(may, got) {
				t.Errorf("seed %d, %v concurrently, then %s: %s", seed, chosen, last, got)
			}
		}
	})
}
