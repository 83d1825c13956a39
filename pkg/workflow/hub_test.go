package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// serverOf is a server with so many workflows that run, of the names w0, w1 and so on.
func serverOf(count int) *watchServer {
	s := newWatchServer()
	for i := range count {
		s.put(fmt.Sprint("w", i), nil)
	}
	return s
}

// waits starts a wait on each of so many workflows.
func waits(ctx context.Context, c *WorkflowClient, count int, until Condition) (results chan Result[*status.WorkflowStatus]) {
	results = make(chan Result[*status.WorkflowStatus], count)
	for i := range count {
		go func() { results <- ResultOf(c.Wait(ctx, fmt.Sprint("w", i), until)) }()
	}
	return results
}

func allEnd(t *testing.T, results chan Result[*status.WorkflowStatus], count int) map[string]int {
	t.Helper()
	ends := map[string]int{}
	for range count {
		r := <-results
		if r.Err != nil {
			t.Error(r.Err)
			continue
		}
		ends[r.Data.Name]++
	}
	return ends
}

func TestManyWaitsShareOneWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 500
		s := serverOf(count)
		s.latency = 20 * time.Millisecond
		c := s.client(t, Options{})
		results := waits(t.Context(), c, count, Completed)
		time.Sleep(time.Second)
		if s.open() != 1 || s.most > fewFollowed+1 {
			t.Errorf("%d watches are open, %d were", s.open(), s.most)
		}
		if s.gets > 2*readsAtOnce {
			t.Errorf("%d gets, though a list has them all", s.gets)
		}
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		if ends := allEnd(t, results, count); len(ends) != count {
			t.Errorf("%d ended", len(ends))
		}
		synctest.Wait()
		if s.open() != 0 {
			t.Error("a watch is left")
		}
	})
}

func TestFewWaitsHaveAWatchEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serverOf(fewFollowed)
		c := s.client(t, Options{})
		results := waits(t.Context(), c, fewFollowed, Completed)
		again := waits(t.Context(), c, fewFollowed, Completed) // the same ones
		synctest.Wait()
		if s.open() != fewFollowed {
			t.Errorf("%d watches", s.open())
		}
		for i := range fewFollowed {
			s.phase(fmt.Sprint("w", i), "Failed")
		}
		allEnd(t, results, fewFollowed)
		allEnd(t, again, fewFollowed)
	})
}

// Whatever happens to the watches, and however often one way to watch takes over from the
// other, each follower sees every version of its workflow, once and in order.
func TestNoStateIsLost(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { loseNoState(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func loseNoState(t *testing.T, r *rand.Rand) {
	const names = 14
	s := newWatchServer()
	versions := map[string][]int{} // all of each workflow
	put := func(i int, done bool) {
		name := fmt.Sprint("w", i)
		phase := "Running"
		if done {
			phase = "Succeeded"
		}
		s.phase(name, phase)
		versions[name] = append(versions[name], s.version)
	}
	for i := range names {
		put(i, false)
		s.label(fmt.Sprint("w", i), map[string]string{"team": "a", "number": fmt.Sprint(i % 3)})
		versions[fmt.Sprint("w", i)] = []int{s.version}
	}
	c := s.client(t, Options{})
	var running sync.WaitGroup
	var mu sync.Mutex
	seen := map[string][][]int{}
	follow := func(name string) {
		running.Go(func() {
			var mine []int
			for state, err := range c.Watch(t.Context(), name) {
				if err != nil {
					t.Error(err)
					return
				}
				version, _ := strconv.Atoi(state.ResourceVersion)
				mine = append(mine, version)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[name] = append(seen[name], mine)
		})
	}
	left := rand.Perm(names)
	for step := 0; len(left) > 0; step++ {
		switch action := r.IntN(12); {
		case action < 4 && step < 200:
			put(left[r.IntN(len(left))], false)
		case action < 7:
			follow(fmt.Sprint("w", left[r.IntN(len(left))]))
		case action == 7:
			s.cut(nil)
		case action == 8:
			s.cut(io.ErrUnexpectedEOF)
		case action == 9:
			time.Sleep(time.Duration(r.IntN(8000)) * time.Millisecond)
		case action == 10:
			s.bookmark()
			synctest.Wait()
		case step > 30:
			put(left[0], true)
			left = left[1:]
		}
		if r.IntN(3) == 0 {
			synctest.Wait()
		}
	}
	running.Wait()
	for name, sequences := range seen {
		all := versions[name]
		for _, mine := range sequences {
			if len(mine) == 0 || !slices.Equal(all[len(all)-min(len(all), len(mine)):], mine) {
				t.Fatalf("%s: saw %v of %v", name, mine, all)
			}
		}
	}
}

// After a watch's version has expired, what is left is read: no end is missed, and what is gone
// is told apart from what never was.
func TestExpiredWatch(t *testing.T) {
	for _, many := range []bool{false, true} {
		t.Run(fmt.Sprint("many:", many), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newWatchServer()
				names := []string{"ends", "deleted", "replaced", "goes-on"}
				for i := range map[bool]int{false: 0, true: 20}[many] {
					names = append(names, fmt.Sprint("w", i))
				}
				for _, name := range names {
					s.put(name, nil)
				}
				c := s.client(t, Options{})
				results := map[string]chan error{}
				for _, name := range names {
					results[name] = make(chan error, 1)
					go func() {
						_, err := c.Wait(t.Context(), name, Completed)
						results[name] <- err
					}()
				}
				synctest.Wait()
				s.mu.Lock()
				s.refuse = func(*http.Request) error { return io.ErrUnexpectedEOF }
				s.mu.Unlock()
				s.cut(io.ErrUnexpectedEOF)
				s.phase("ends", "Succeeded")
				s.remove("deleted")
				s.remove("replaced")
				s.put("replaced", nil)
				s.compact()
				s.mu.Lock()
				s.refuse = nil
				s.mu.Unlock()

				if err := <-results["ends"]; err != nil {
					t.Error(err)
				}
				for name, want := range map[string]error{"deleted": ErrDeleted, "replaced": ErrReplaced} {
					err := <-results[name]
					var gone *GoneError
					if !errors.Is(err, want) || !errors.As(err, &gone) || gone.Last == nil || gone.Last.Name != name {
						t.Errorf("%s: %v", name, err)
					}
				}
				if _, err := c.Wait(t.Context(), "never", Completed); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrDeleted) {
					t.Error(err)
				}
				for _, name := range names[3:] {
					s.phase(name, "Succeeded")
					if err := <-results[name]; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// A workflow that hasn't changed for long has a version that nobody can watch from.
func TestVersionOfLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newWatchServer()
		s.put("w0", nil)
		s.put("other", nil)
		s.compact()
		results := waits(t.Context(), s.client(t, Options{}), 1, Completed)
		synctest.Wait()
		time.Sleep(time.Second)
		before := s.watchesAsked()
		time.Sleep(30 * time.Second)
		if now := s.watchesAsked(); now != before || s.open() != 1 {
			t.Errorf("the watch is opened again and again: %d times", now)
		}
		s.phase("w0", "Succeeded")
		allEnd(t, results, 1)
	})
}

// Something on the way lets no watch through.
func TestWatchesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 30
		s := serverOf(count)
		s.refuse = func(r *http.Request) error {
			if isWatch(r) {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		results := waits(t.Context(), s.client(t, Options{}), count, Completed)
		time.Sleep(time.Minute)
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		began := time.Now()
		allEnd(t, results, count)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestSilentSharedWatchIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 30
		s := serverOf(count)
		s.mute = true
		c := s.client(t, Options{WatchSilence: 20 * time.Second})
		results := waits(t.Context(), c, count, Completed)
		synctest.Wait()
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		began := time.Now()
		allEnd(t, results, count)
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// The watch of the namespace brings only what all that is followed have in common; and a
// workflow that loses its label is not taken for deleted.
func TestSharedLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := newWatchServer()
		for i := range count {
			s.put(fmt.Sprint("w", i), nil)
			s.label(fmt.Sprint("w", i), map[string]string{"team": "a", "n": fmt.Sprint(i), labelPhase: "Running"})
		}
		c := s.client(t, Options{})
		results := waits(t.Context(), c, count, Completed)
		synctest.Wait()
		time.Sleep(narrowAfter + time.Second)
		s.bookmark()
		synctest.Wait()
		if got := s.selectors(); !slices.Equal(got, []string{";team=a"}) {
			t.Errorf("%q", got)
		}

		s.label("w0", map[string]string{"team": "b"})
		synctest.Wait()
		s.phase("w0", "Succeeded")
		if r := <-results; r.Err != nil || r.Data.Name != "w0" {
			t.Fatal(r)
		}
		if got := s.selectors(); !slices.Equal(got, []string{";"}) {
			t.Errorf("%q", got)
		}

		s.remove("w1")
		if r := <-results; !errors.Is(r.Err, ErrDeleted) {
			t.Error(r)
		}
		for i := 2; i < count; i++ {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count-2)
	})
}

// Deleted under a filter, after it has ended.
func TestDeletedUnderAFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := newWatchServer()
		for i := range count {
			s.put(fmt.Sprint("w", i), nil)
			s.label(fmt.Sprint("w", i), map[string]string{"team": "a"})
		}
		c := s.client(t, Options{})
		results := waits(t.Context(), c, count, Completed)
		synctest.Wait()
		time.Sleep(narrowAfter + time.Second)
		s.bookmark()
		synctest.Wait()
		for i := range count {
			name := fmt.Sprint("w", i)
			if i%2 == 0 {
				s.phase(name, "Succeeded")
			}
			s.remove(name)
		}
		var deleted, ended int
		for range count {
			switch r := <-results; {
			case errors.Is(r.Err, ErrDeleted):
				deleted++
			case r.Err == nil:
				ended++
			default:
				t.Error(r.Err)
			}
		}
		if deleted != count/2 || ended != count/2 {
			t.Errorf("%d deleted, %d ended", deleted, ended)
		}
	})
}

func TestSlowConsumerDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, changes = 20, 50
		s := serverOf(count)
		c := s.client(t, Options{})
		results := waits(t.Context(), c, count, Completed)
		time.Sleep(time.Second) // until their watch is open
		slow := make(chan int, 1)
		go func() {
			seen := 0
			_, err := c.Wait(t.Context(), "w0", func(s *status.WorkflowStatus) (bool, error) {
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
			s.phase("w0", "Running")
		}
		began := time.Now()
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
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

func TestRefusals(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Group: argoGroup, Resource: "workflows"}, "", errors.New("no"))
	for _, count := range []int{1, 30} {
		t.Run(fmt.Sprint("waits:", count), func(t *testing.T) {
			set := func(s *watchServer, refuse func(*http.Request) error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.refuse = refuse
			}
			setup := func(t *testing.T) (*watchServer, chan Result[*status.WorkflowStatus]) {
				s := serverOf(count)
				results := waits(t.Context(), s.client(t, Options{RetryFor: 20 * time.Second}), count, Completed)
				time.Sleep(time.Second) // until the watch is open
				set(s, func(*http.Request) error { return forbidden })
				s.cut(nil)
				return s, results
			}
			t.Run("are borne for a while", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, results := setup(t)
					time.Sleep(15 * time.Second)
					set(s, nil)
					for i := range count {
						s.phase(fmt.Sprint("w", i), "Succeeded")
					}
					allEnd(t, results, count)
				})
			})
			t.Run("end the waits when they last", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, results := setup(t)
					began := time.Now()
					for range count {
						if r := <-results; !errors.Is(r.Err, ErrForbidden) {
							t.Error(r)
						}
					}
					if took := time.Since(began); took < 20*time.Second || took > 30*time.Second {
						t.Errorf("after %s", took)
					}
				})
			})
			t.Run("are told at once at the beginning", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := serverOf(count)
					set(s, func(r *http.Request) error {
						if isWatch(r) {
							return forbidden
						}
						return nil
					})
					began := time.Now()
					results := waits(t.Context(), s.client(t, Options{}), count, Completed)
					for range count {
						if r := <-results; !errors.Is(r.Err, ErrForbidden) {
							t.Error(r)
						}
					}
					if time.Since(began) > time.Second {
						t.Errorf("after %s", time.Since(began))
					}
				})
			})
		})
	}
}

// A role that names workflows allows to watch each of them, but not all. That is found out when
// one more is followed than there are watches for by name; nobody waits longer for it.
func TestNamespaceMayNotBeWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 20
		began := time.Now()
		s := serverOf(count)
		s.refuse = func(r *http.Request) error {
			if ofNamespace(r) {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "", errors.New("only by name"))
			}
			return nil
		}
		c := s.client(t, Options{})
		few := waits(t.Context(), c, fewFollowed, Completed)
		synctest.Wait()
		results := waits(t.Context(), c, count, Completed)
		time.Sleep(time.Second)
		if s.open() != count {
			t.Errorf("%d watches", s.open())
		}
		defer func() {
			allEnd(t, few, fewFollowed)
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
		}()
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// etcd was restored from a backup: versions go back, and so may states.
func TestRestoredServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 12
		s := serverOf(count)
		results := waits(t.Context(), s.client(t, Options{}), count, Completed)
		synctest.Wait()
		s.restore(50)
		s.cut(io.ErrUnexpectedEOF)
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		allEnd(t, results, count)
	})
}

// Of a namespace with many workflows only those are read that are followed.
func TestFewInALargeNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, all = 10, 3000
		s := serverOf(all)
		results := waits(t.Context(), s.client(t, Options{}), count, Completed)
		synctest.Wait()
		s.remove("w1")
		s.phase("w2", "Succeeded")
		s.mu.Lock()
		lists := s.lists
		s.oldest, s.history = s.version, nil
		s.mu.Unlock()
		s.cut(nil)
		for range 2 {
			if r := <-results; r.Err != nil && !errors.Is(r.Err, ErrDeleted) {
				t.Error(r.Err)
			}
		}
		if n := s.lists - lists; n > count+1 {
			t.Errorf("%d lists", n)
		}
		for i := range count {
			if i != 1 && i != 2 {
				s.phase(fmt.Sprint("w", i), "Succeeded")
			}
		}
		allEnd(t, results, count-2)
	})
}

// They are read some at a time, so that all are read before the next fault comes.
func TestManyInALargeNamespaceAreReadSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, all = 160, 3000
		s := serverOf(all)
		results := waits(t.Context(), s.client(t, Options{}), count, Completed)
		synctest.Wait()
		s.mu.Lock()
		s.latency, s.mute = time.Second, true
		s.mu.Unlock()
		s.cut(nil)
		for i := range count {
			s.phase(fmt.Sprint("w", i), "Succeeded")
		}
		s.compact()
		began := time.Now()
		if ends := allEnd(t, results, count); len(ends) != count {
			t.Errorf("%d ended", len(ends))
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("after %s", took)
		}
	})
}
