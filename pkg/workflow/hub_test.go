package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
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

// seedsOf is how many orders of events are tried: by default so many that it takes a moment. The
// environment can ask for more, for a change of the hub.
func seedsOf(t *testing.T) uint64 {
	t.Helper()
	const variable = "HUB_SEEDS"
	text := os.Getenv(variable)
	if text == "" {
		return 60
	}
	seeds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return seeds
}

// Whatever happens to the watches, and however often one way to watch takes over from the
// other, each follower sees every version of its workflow, once and in order. Where the server
// has forgotten versions, or a label was changed and changed back, a follower may miss some, but not
// the end.
func TestNoStateIsLost(t *testing.T) {
	for seed := range seedsOf(t) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newStorm(t, seed).run() })
		})
	}
}

// storm is an order of events by chance.
type storm struct {
	t        *testing.T
	rand     *rand.Rand
	server   *watchServer
	client   *WorkflowClient
	ctx      context.Context
	left     []int            // of the workflows, those that run
	versions map[string][]int // all of each workflow
	labels   int              // how many values labels have had
	gaps     bool             // versions may be missed

	running sync.WaitGroup
	mu      sync.Mutex
	seen    map[string][][]int
}

func newStorm(t *testing.T, seed uint64) *storm {
	t.Helper()
	const names = 14
	o := &storm{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), server: newWatchServer(), ctx: t.Context(),
		versions: map[string][]int{}, seen: map[string][][]int{},
	}
	o.left = o.rand.Perm(names)
	o.gaps = seed%3 == 2
	for i := range names {
		name := fmt.Sprint("w", i)
		o.server.put(name, nil)
		o.label(name, "a", fmt.Sprint(i%3))
	}
	o.versions = map[string][]int{}
	for i := range names {
		o.put(i, "Running")
	}
	o.server.late = time.Duration(o.rand.IntN(20)) * time.Millisecond
	o.client = o.server.client(t, Options{})
	return o
}

func (o *storm) put(i int, phase string) {
	name := fmt.Sprint("w", i)
	o.server.phase(name, phase)
	o.versions[name] = append(o.versions[name], o.server.version)
}

func (o *storm) label(name, team, number string) {
	o.server.label(name, map[string]string{"team": team, "number": number})
	o.versions[name] = append(o.versions[name], o.server.version)
}

// relabel gives a workflow labels that none has had, or if versions may be missed, perhaps those
// that it had.
func (o *storm) relabel(i int) {
	o.labels++
	team := fmt.Sprint("new-", o.labels)
	if o.gaps && o.rand.IntN(2) == 0 {
		team = "a"
	}
	o.label(fmt.Sprint("w", i), team, fmt.Sprint(i%3))
}

func (o *storm) follow(name string) {
	o.running.Go(func() {
		var mine []int
		for state, err := range o.client.Watch(o.ctx, name) {
			if err != nil {
				o.t.Errorf("%s, after %v: %v", name, mine, err)
				return
			}
			version, _ := strconv.Atoi(state.ResourceVersion)
			mine = append(mine, version)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.seen[name] = append(o.seen[name], mine)
	})
}

// refuse has the server refuse everything for a while, perhaps with an outage in between.
func (o *storm) refuse() {
	// A feed that has had no watch for blindFor lists, and so may miss states. All phases together
	// and the longest pause after them are shorter than that.
	const (
		phases  = 3
		longest = (blindFor - pace.Longest) / (phases + 1)
	)
	// A call that begins while it is refused ends with that error, so all calls have begun before,
	// and the watches that an earlier fault has ended are open again.
	time.Sleep(pace.Longest + time.Second)
	for _, err := range []error{forbiddenHere(), io.ErrUnexpectedEOF, forbiddenHere()}[:1+o.rand.IntN(phases)] {
		o.server.set(func() { o.server.refuse = func(*http.Request) error { return err } })
		o.server.cut(nil)
		time.Sleep(time.Duration(o.rand.Int64N(int64(longest))))
	}
	o.server.set(func() { o.server.refuse = nil })
}

// reset resets streams in the middle: those that are open, and some of the answers to come.
func (o *storm) reset() {
	every, n := 2+o.rand.IntN(5), 0
	o.server.set(func() {
		o.server.reset = func(*http.Request) bool {
			n++
			return o.gaps && n%every == 0 // what is read again may be later
		}
	})
	o.server.cut(errReset)
}

func (o *storm) run() {
	s, r := o.server, o.rand
	for step := 0; len(o.left) > 0; step++ {
		one := o.left[r.IntN(len(o.left))]
		switch action := r.IntN(18); {
		case action < 4 && step < 200:
			o.put(one, "Running")
		case action < 7:
			o.follow(fmt.Sprint("w", one))
		case action == 7:
			s.cut(nil)
		case action == 8:
			s.cut(io.ErrUnexpectedEOF)
		case action == 9:
			time.Sleep(time.Duration(r.IntN(12_000)) * time.Millisecond)
		case action == 10:
			s.bookmark()
			synctest.Wait()
		case action < 13 && step < 200:
			o.relabel(one)
		case action == 13:
			o.reset()
		case action == 14 && r.IntN(3) == 0:
			o.refuse()
		case action == 15:
			s.put("unreadable", func(u *unstructured.Unstructured) {
				_ = unstructured.SetNestedField(u.Object, []string{brokenValue, deepValue}[r.IntN(2)], "spec", "x")
			})
		case action == 16 && o.gaps:
			s.compact()
		case step > 30:
			o.put(o.left[0], "Succeeded")
			o.left = o.left[1:]
		}
		if r.IntN(3) == 0 {
			synctest.Wait()
		}
	}
	o.running.Wait()
	for name, sequences := range o.seen {
		for _, mine := range sequences {
			o.check(name, mine)
		}
	}
}

func (o *storm) check(name string, mine []int) {
	all := o.versions[name]
	switch {
	case len(mine) == 0 || mine[len(mine)-1] != all[len(all)-1]:
		o.t.Fatalf("%s: saw %v of %v, which is not the end", name, mine, all)
	case !slices.IsSorted(mine) || len(slices.Compact(slices.Clone(mine))) != len(mine):
		o.t.Fatalf("%s: saw %v: not in order, or one twice", name, mine)
	case !o.gaps && !slices.Equal(all[len(all)-min(len(all), len(mine)):], mine):
		o.t.Fatalf("%s: saw %v of %v", name, mine, all)
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
				var begun sync.WaitGroup // some begin with what a list brings later
				for _, name := range names {
					results[name] = make(chan error, 1)
					begun.Add(1)
					first := sync.OnceFunc(begun.Done)
					go func() {
						_, err := c.Wait(t.Context(), name, func(s *status.WorkflowStatus) (bool, error) {
							first()
							return Completed(s)
						})
						results[name] <- err
					}()
				}
				begun.Wait()
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
		lists := s.listsAsked()
		s.compact()
		s.cut(nil)
		for range 2 {
			if r := <-results; r.Err != nil && !errors.Is(r.Err, ErrDeleted) {
				t.Error(r.Err)
			}
		}
		if n := s.listsAsked() - lists; n > count+1 {
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
