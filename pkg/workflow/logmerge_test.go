package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestMergeLogs(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	const sources, lines, together = 40, 50, 3
	var all []rawLine
	var logs []*logSource
	var open, most atomic.Int64
	for i := range sources {
		k := &keptLog{end: "\n"}
		began := start.Add(time.Duration(i/together) * time.Minute)
		at := began
		for n := range lines {
			at = at.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
			k.lines = append(k.lines, rawLine{time: at, text: fmt.Sprintf("%d/%d", i, n)})
		}
		all = append(all, k.lines...)
		s := k.source()
		s.state.since = began
		s.open = func(ctx context.Context, query logQuery) (io.ReadCloser, error) {
			body, err := k.open(ctx, query)
			n := open.Add(1)
			for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
			}
			return closer{body, func() { open.Add(-1) }}, err
		}
		logs = append(logs, s)
	}
	random.Shuffle(len(logs), func(i, j int) { logs[i], logs[j] = logs[j], logs[i] })
	logs = append(logs, &logSource{}) // one that has not started is not asked for
	var got []string
	var last time.Time
	next := map[string]int{}
	err := mergeLogs(t.Context(), logs, func(line LogLine) error {
		if line.Time.Before(last) {
			t.Errorf("%s comes after a later one", line.Text)
		}
		last = line.Time
		source, _, _ := strings.Cut(line.Text, "/")
		if line.Text != fmt.Sprintf("%s/%d", source, next[source]) {
			t.Errorf("%s is out of its order", line.Text)
		}
		next[source]++
		got = append(got, line.Text)
		return nil
	})
	if err != nil || len(got) != len(all) {
		t.Errorf("%d lines of %d, %v", len(got), len(all), err)
	}
	if open.Load() != 0 || most.Load() > together+logsAhead {
		t.Errorf("%d are left open, %d were at once, of which %d ran together", open.Load(), most.Load(), together)
	}

	for _, s := range logs[:len(logs)-1] {
		s.position = newLogPosition(time.Time{})
	}
	err = mergeLogs(t.Context(), logs, func(LogLine) error { return errLeft })
	if !errors.Is(err, errLeft) || open.Load() != 0 {
		t.Errorf("left: %v, %d still open", err, open.Load())
	}
}

// The API server is not asked for what there cannot be.
func TestMergeLogsOfPreviousInstances(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		k := &keptLog{lines: regular(), end: "\n"}
		s := k.source()
		s.previous, s.state.restarted = true, restarted
		lines := 0
		if err := mergeLogs(t.Context(), []*logSource{s}, func(LogLine) error { lines++; return nil }); err != nil {
			t.Error(err)
		}
		if asked := len(k.queries) > 0; asked != restarted || (lines > 0) != restarted {
			t.Errorf("restarted %v: asked %v, %d lines", restarted, asked, lines)
		}
	}
}

type closer struct {
	io.ReadCloser
	closed func()
}

func (c closer) Close() error { c.closed(); return c.ReadCloser.Close() }

// Each source's own order stays, even where its times run back.
func TestMergeLogsKeepsOrderOfSource(t *testing.T) {
	a, b := &keptLog{lines: difficult(), end: "\n"}, &keptLog{lines: difficult(), end: "\n"}
	left, right := a.source(), b.source()
	left.line.Pod, right.line.Pod = "left", "right"
	got := map[string][]string{}
	err := mergeLogs(t.Context(), []*logSource{left, right}, func(line LogLine) error {
		got[line.Pod] = append(got[line.Pod], line.Text)
		return nil
	})
	if err != nil || !slices.Equal(got["left"], a.texts()) || !slices.Equal(got["right"], b.texts()) {
		t.Errorf("%v, %q", err, got)
	}
}

func TestOrderLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		lines := make(chan heldLine)
		send := func(after time.Duration, texts ...string) { // "5" was written 5 ms after the start
			time.Sleep(time.Until(start.Add(after)))
			for _, text := range texts {
				ms, err := time.ParseDuration(text + "ms")
				if err != nil {
					t.Error(err)
				}
				lines <- heldLine{order: start.Add(ms), line: LogLine{Text: text}}
			}
		}
		go func() {
			send(100*time.Millisecond, "90", "50", "50", "80")
			send(400*time.Millisecond, "20", "300")
			send(2*time.Second, "1900")
			send(3*time.Second, "10", "2500") // too late for its place
			close(lines)
		}()
		var got []string
		arrived := map[string]time.Duration{}
		err := orderLines(t.Context(), lines, func(line LogLine) error {
			got = append(got, line.Text)
			arrived[line.Text] = time.Since(start)
			return nil
		})
		if want := []string{"20", "50", "50", "80", "90", "300", "1900", "10", "2500"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
		for text, want := range map[string]time.Duration{
			"20": 100*time.Millisecond + orderWithin, "300": 400*time.Millisecond + orderWithin, "1900": 2*time.Second + orderWithin,
			"2500": 3 * time.Second, // nothing more can come
		} {
			if arrived[text] != want {
				t.Errorf("%s was passed on after %v, want %v", text, arrived[text], want)
			}
		}
	})
}

// A line that says to be from the future waits for its turn, while all others pass it. What
// was passed on is not kept by its waiting.
func TestLineOrderKeepsNothingPassedOn(t *testing.T) {
	o := lineOrder{emit: func(LogLine) error { return nil }}
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	if err := o.hold(heldLine{order: start.Add(time.Hour), release: start.Add(orderWithin)}); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 10_000)
	for i := range 10 * holdLines {
		line := heldLine{order: start.Add(time.Duration(i)), release: start.Add(orderWithin), line: LogLine{Text: text}}
		if err := o.hold(line); err != nil {
			t.Fatal(err)
		}
		if i%holdLines != 0 {
			continue
		}
		bytes := 0
		for _, held := range o.arrived {
			bytes += len(held.line.Text)
		}
		if bytes > holdBytes || len(o.arrived) > 2*holdLines {
			t.Fatalf("after %d lines, %d bytes of %d lines are kept", i, bytes, len(o.arrived))
		}
	}
	if n := len(o.byTime); n != holdBytes/len(text)+1 {
		t.Errorf("%d lines are held", n)
	}
}

func TestOrderLinesHoldsLittle(t *testing.T) {
	for name, text := range map[string]string{"short": "x", "long": strings.Repeat("x", MaxLogLine)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				lines := make(chan heldLine)
				var passed atomic.Int64
				go func() {
					for sent := range int64(2 * holdLines) {
						lines <- heldLine{line: LogLine{Text: text}}
						held := sent - passed.Load()
						if held > holdLines+1 || held*int64(len(text)) > holdBytes+2*MaxLogLine {
							t.Errorf("%d lines of %d bytes are held", held, len(text))
						}
					}
					synctest.Wait()
					cancel()
				}()
				err := orderLines(ctx, lines, func(LogLine) error { passed.Add(1); return nil })
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		})
	}
}
