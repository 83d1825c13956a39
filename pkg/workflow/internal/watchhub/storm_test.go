package watchhub

import (
	"context"
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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// seedsOf returns how many orders of events are tried. An environment variable can raise the
// number, e.g. after a change of the hub.
func seedsOf(t *testing.T) uint64 {
	t.Helper()
	const variable = "HUB_SEEDS"
	text := os.Getenv(variable)
	if text == "" {
		return 40
	}
	seeds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return seeds
}

// Whatever happens to the watches, and however often single and shared watches replace each other,
// each call sees every version of its workflow, once and in order. If the server has compacted
// versions, or a label was changed and changed back, a call may miss some versions, but not the
// end. A call that needs ends only sees no more than the first state and the end.
func TestNoStateIsLost(t *testing.T) { forBoth(t, testNoStateIsLost) }

func testNoStateIsLost(t *testing.T, newHub makeHub) {
	for seed := range seedsOf(t) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newStorm(t, seed, newHub).run() })
		})
	}
}

// storm is a random order of events.
type storm struct {
	t        *testing.T
	rand     *rand.Rand
	server   *apitest.Server
	hub      *Hub
	ctx      context.Context
	left     []int            // running workflows
	versions map[string][]int // all of each workflow
	labels   int              // number of label values so far
	gaps     bool             // versions may be missed

	running sync.WaitGroup
	mu      sync.Mutex
	seen    map[string][][]int
}

func newStorm(t *testing.T, seed uint64, newHub makeHub) *storm {
	t.Helper()
	const names = 14
	o := &storm{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), server: apitest.New(), ctx: t.Context(),
		versions: map[string][]int{}, seen: map[string][][]int{},
	}
	o.left = o.rand.Perm(names)
	o.gaps = seed%3 == 2
	for i := range names {
		name := apitest.Name(i)
		o.server.Put(name, nil)
		o.label(name, "a", fmt.Sprint(i%3))
	}
	o.versions = map[string][]int{}
	for i := range names {
		o.put(i, "Running")
	}
	o.server.Late = time.Duration(o.rand.IntN(20)) * time.Millisecond
	o.hub = newHub(t, o.server, Config{})
	return o
}

func (o *storm) put(i int, phase string) {
	name := apitest.Name(i)
	o.server.SetPhase(name, phase)
	o.versions[name] = append(o.versions[name], o.server.Version)
}

func (o *storm) label(name, team, number string) {
	o.server.SetLabels(name, map[string]string{"team": team, "number": number})
	o.versions[name] = append(o.versions[name], o.server.Version)
}

// relabel gives a workflow new labels, or perhaps its old ones if versions may be missed.
func (o *storm) relabel(i int) {
	o.labels++
	team := fmt.Sprint("new-", o.labels)
	if o.gaps && o.rand.IntN(2) == 0 {
		team = "a"
	}
	o.label(apitest.Name(i), team, fmt.Sprint(i%3))
}

func (o *storm) follow(name string) {
	o.running.Go(func() {
		var mine []int
		err := o.hub.Follow(o.ctx, Target{Name: name, EndOnly: o.hub.ofRows}, func(s State) (bool, error) {
			version, _ := strconv.Atoi(s.Status.ResourceVersion)
			mine = append(mine, version)
			return s.Status.Completed(), nil
		})
		if err != nil {
			o.t.Errorf("%s, after %v: %v", name, mine, err)
			return
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.seen[name] = append(o.seen[name], mine)
	})
}

// refuse makes the server refuse all requests for a while, perhaps with an outage in between.
func (o *storm) refuse() {
	// A reflector that has had no watch for relistAfter lists, and so may miss states. All phases
	// together and the longest pause after them are shorter than that.
	const (
		phases  = 3
		longest = (relistAfter - pace.Longest) / (phases + 1)
	)
	// A call that begins during the refusals ends with that error. So all calls have begun before,
	// and the watches that an earlier fault ended are open again.
	time.Sleep(pace.Longest + time.Second)
	for _, err := range []error{refused(), io.ErrUnexpectedEOF, refused()}[:1+o.rand.IntN(phases)] {
		o.server.Set(func() { o.server.Refuse = func(*http.Request) error { return err } })
		o.server.Cut(nil)
		time.Sleep(time.Duration(o.rand.Int64N(int64(longest))))
	}
	o.server.Set(func() { o.server.Refuse = nil })
}

// reset resets streams: those that are open, and some of the later responses.
func (o *storm) reset() {
	every, n := 2+o.rand.IntN(5), 0
	o.server.Set(func() {
		o.server.Reset = func(*http.Request) bool {
			n++
			return o.gaps && n%every == 0 // a second read may return a later version
		}
	})
	o.server.Cut(apitest.ErrReset)
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
			s.Cut(nil)
		case action == 8:
			s.Cut(io.ErrUnexpectedEOF)
		case action == 9:
			time.Sleep(time.Duration(r.IntN(12_000)) * time.Millisecond)
		case action == 10:
			s.Bookmark()
			synctest.Wait()
		case action < 13 && step < 200:
			o.relabel(one)
		case action == 13:
			o.reset()
		case action == 14 && r.IntN(3) == 0:
			o.refuse()
		case action == 15:
			s.Spoil("unreadable", []string{apitest.BrokenValue, apitest.DeepValue}[r.IntN(2)])
		case action == 16 && o.gaps:
			s.Compact()
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
	case o.hub.ofRows && len(mine) > 2:
		o.t.Fatalf("%s: saw %v, more than the first state and the end", name, mine)
	case !slices.IsSorted(mine) || len(slices.Compact(slices.Clone(mine))) != len(mine):
		o.t.Fatalf("%s: saw %v: not in order, or one twice", name, mine)
	case !o.gaps && !o.hub.ofRows && !slices.Equal(all[len(all)-min(len(all), len(mine)):], mine):
		o.t.Fatalf("%s: saw %v of %v", name, mine, all)
	}
}
