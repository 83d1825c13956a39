package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
)

// course is a work of three shards, of which each takes two seconds, and the time in it.
type course struct {
	t       *testing.T
	work    *work
	cluster *double.Cluster
	now     time.Time
}

func newCourse(t *testing.T) *course {
	cluster := double.New(double.Options{})
	s := settings{session: "s", shards: 3, perShard: 2 * time.Second, lease: time.Minute}
	return &course{t, newWork(doubled{cluster}, s, func(string, ...any) {}), cluster, time.Unix(1_000_000, 0)}
}

// after lets time pass with these workers, and returns how the items are: . waiting, c completed,
// or the holder's name.
func (c *course) after(d time.Duration, workers ...string) (items string, over bool) {
	c.t.Helper()
	c.now = c.now.Add(d)
	over, err := c.work.advance(c.t.Context(), c.now, workers)
	if err != nil {
		c.t.Fatal(err)
	}
	found, err := itemsOf(c.cluster.Documents(c.work.index))
	if err != nil {
		c.t.Fatal(err)
	}
	var parts []string
	for shard := range c.work.shards {
		i := found[fmt.Sprintf("logs-%02d__%d__0", shard/2, shard%2)]
		switch {
		case i == nil:
			parts = append(parts, "-")
		case i.CompletedAt != 0:
			parts = append(parts, "c")
		case i.leased(c.now):
			parts = append(parts, i.Holder)
		default:
			parts = append(parts, ".")
		}
	}
	return strings.Join(parts, " "), over
}

func (c *course) expect(d time.Duration, want string, workers ...string) {
	c.t.Helper()
	if got, over := c.after(d, workers...); got != want || over {
		c.t.Fatalf("%q, over: %v; want %q", got, over, want)
	}
}

func TestWorkIsSharedOutAndDone(t *testing.T) {
	c := newCourse(t)
	c.expect(0, "- - -")
	if indices := c.cluster.Indices(); len(indices) != 0 {
		t.Fatalf("without a worker: %v", indices)
	}
	c.expect(time.Second, "- - -", "p", "q")
	if text := string(c.cluster.Get(c.work.index, layout)); strings.Contains(text, "completedAt") || text == "" {
		t.Fatalf("before the items are there: %s", text)
	}
	c.expect(time.Second, ". . .", "p", "q")
	c.expect(time.Second, "p q .", "p", "q")
	c.expect(time.Second, "p q .", "p", "q")
	c.expect(time.Second, "c c p", "p", "q")
	c.expect(0, "c c .")                // paused
	c.expect(time.Hour, "c c .")        // for long
	c.expect(time.Second, "c c r", "r") // by others
	c.expect(time.Second, "c c q", "q") // r has gone, and q is there at once
	c.expect(time.Second, "c c q", "q")
	got, over := c.after(time.Second, "q")
	if got != "c c c" || !over {
		t.Fatalf("%q, over: %v", got, over)
	}
	if _, over := c.after(time.Second); over {
		t.Error("nobody is there who could say that it is over")
	}
	if _, over := c.after(time.Second, "x"); !over {
		t.Error("who comes later finds that it is over")
	}
}

// A spec that pauses the work has to find it undone.
func TestNoMoreIsDoneUntilThePause(t *testing.T) {
	c := newCourse(t)
	c.work.untilPaused = 1
	c.after(0, "a", "b")
	c.after(0, "a", "b")
	c.expect(0, "a b .", "a", "b")
	c.expect(time.Hour/100, "c b a", "a", "b")
	c.expect(2*time.Second, "c b a", "a", "b")
	c.expect(0, "c . .")
	c.expect(0, "c a .", "a")
	c.expect(2*time.Second, "c c a", "a")
}

func TestWorkGoesOnFromARestoredIndex(t *testing.T) {
	c := newCourse(t)
	for range 3 {
		c.after(time.Second, "p")
	}
	documents := c.cluster.Documents(c.work.index)
	c.cluster.DeleteIndex(c.work.index)
	c.work = newWork(doubled{c.cluster}, settings{session: "s", shards: 9, perShard: time.Second, lease: time.Minute}, c.work.say)
	for id, source := range documents {
		if err := c.cluster.Put(c.work.index, id, source); err != nil {
			t.Fatal(err)
		}
	}
	c.work.shards = 3
	c.expect(time.Second, ". . .") // the lease was another's
	c.expect(time.Second, "q . .", "q")
}

func TestWhatIsNoItemIsAnError(t *testing.T) {
	c := newCourse(t)
	if err := c.cluster.Put(c.work.index, "x", map[string]any{"completedAt": "soon"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.work.advance(c.t.Context(), c.now, nil); err == nil || !strings.Contains(err.Error(), "item x") {
		t.Errorf("%v", err)
	}
	if _, err := itemsOf(map[string]json.RawMessage{"y": []byte(`{}`)}); err != nil {
		t.Error(err)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{
		{"x"}, {"-shards", "0"}, {"-per-shard", "0s"}, {"-until-paused", "-1"}, {"-lease", "1ms"}, {"-session", ""}, {"-namespace", ""}, {"-nonsense"},
	} {
		if code := run(args, io.Discard, io.Discard); code != exitBadInput {
			t.Errorf("%v: %d", args, code)
		}
	}
	if code := run([]string{"-h"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("help: %d", code)
	}
	if s, err := parse(nil, io.Discard); err != nil || s.session != "demo" || s.shards != 12 {
		t.Errorf("%+v, %v", s, err)
	}
}
