package podlogs

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
	"time"
)

func TestMerge(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	const count, lines, together = 40, 50, 3
	var all []rawLine
	var logs []*containerLog
	var open, most atomic.Int64
	for i := range count {
		k := &keptLog{end: "\n"}
		began := start.Add(time.Duration(i/together) * time.Minute)
		at := began
		for n := range lines {
			at = at.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
			k.lines = append(k.lines, rawLine{time: at, text: fmt.Sprintf("%d/%d", i, n)})
		}
		all = append(all, k.lines...)
		l := k.log()
		l.state.since = began
		l.open = func(ctx context.Context, q query) (io.ReadCloser, error) {
			body, err := k.open(ctx, q)
			n := open.Add(1)
			for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
			}
			return closer{body, func() { open.Add(-1) }}, err
		}
		logs = append(logs, l)
	}
	random.Shuffle(len(logs), func(i, j int) { logs[i], logs[j] = logs[j], logs[i] })
	logs = append(logs, &containerLog{}) // the log of a container that has not started is not requested
	var got []string
	var last time.Time
	next := map[string]int{}
	err := merge(t.Context(), logs, func(line Line) error {
		if line.Time.Before(last) {
			t.Errorf("%s comes after a later one", line.Text)
		}
		last = line.Time
		log, _, _ := strings.Cut(line.Text, "/")
		if line.Text != fmt.Sprintf("%s/%d", log, next[log]) {
			t.Errorf("%s is out of order", line.Text)
		}
		next[log]++
		got = append(got, line.Text)
		return nil
	})
	if err != nil || len(got) != len(all) {
		t.Errorf("%d lines of %d, %v", len(got), len(all), err)
	}
	if open.Load() != 0 || most.Load() > together+openAhead {
		t.Errorf("%d logs are still open; %d were open at the same time, when %d containers ran", open.Load(), most.Load(), together)
	}

	for _, l := range logs[:len(logs)-1] {
		l.position = newPosition(time.Time{})
	}
	err = merge(t.Context(), logs, func(Line) error { return errStop })
	if !errors.Is(err, errStop) || open.Load() != 0 {
		t.Errorf("stopped: %v, %d still open", err, open.Load())
	}
}

// A previous instance is requested only if there may be one.
func TestMergeOfPreviousInstances(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		k := &keptLog{lines: regular(), end: "\n"}
		l := k.log()
		l.previous, l.state.restarted = true, restarted
		lines := 0
		if err := merge(t.Context(), []*containerLog{l}, func(Line) error { lines++; return nil }); err != nil {
			t.Error(err)
		}
		if requested := len(k.queries) > 0; requested != restarted || (lines > 0) != restarted {
			t.Errorf("restarted %v: requested %v, %d lines", restarted, requested, lines)
		}
	}
}

// Each log keeps its own order, even if its times decrease.
func TestMergeKeepsOrderOfEachLog(t *testing.T) {
	a, b := &keptLog{lines: difficult(), end: "\n"}, &keptLog{lines: difficult(), end: "\n"}
	left, right := a.log(), b.log()
	left.line.Pod, right.line.Pod = "left", "right"
	got := map[string][]string{}
	err := merge(t.Context(), []*containerLog{left, right}, func(line Line) error {
		got[line.Pod] = append(got[line.Pod], line.Text)
		return nil
	})
	if err != nil || !slices.Equal(got["left"], a.texts()) || !slices.Equal(got["right"], b.texts()) {
		t.Errorf("%v, %q", err, got)
	}
}
