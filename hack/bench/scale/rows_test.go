package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// window is one that meets the limits, or with slow one that takes so many times as long and as much.
func window(workflows int, slow float64) measured {
	n := float64(workflows)
	return measured{
		workflows: workflows, rate: 200, memory: memory{Heap: int64(3000 * n * slow), Stacks: int64(2000 * n * slow)},
		started: usage{At: int64(1e5 * n * slow), CPU: int64(1e5 * n * slow), In: int64(n), Requests: 2},
		running: usage{At: 1e9, CPU: int64(1e8 * slow), In: 2e6, MostOpen: int64(slow)},
		delays: delays{
			fromArrival: slices.Repeat([]time.Duration{time.Duration(slow * 1e6)}, 100),
			fromAnswer:  slices.Repeat([]time.Duration{time.Duration(slow * 2e6)}, 100),
		},
	}
}

func findingsOf(slowness float64) *findings {
	f := &findings{objectBytes: 12_000, paged: listed{WithGarbage: int64(10e6 * slowness)}, atOnce: listed{WithGarbage: 900e6}}
	for _, size := range []int{100, 1000, 10000} {
		slow := 1.0
		if size == 10000 {
			slow = slowness
		}
		f.sizes = append(f.sizes, atSize{workflows: size, windows: map[string]windows{
			ours: {window(size, slow)}, informer: {window(size, 3)}, polling: {window(size, 50)},
		}})
	}
	return f
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		slowness float64
		missed   []string
	}{
		{1, nil},
		{1.5, []string{"heap and stacks, per workflow, of 10,000 waits", "time until", "CPU until"}},
		{2, []string{"heap and stacks, per workflow |", "at the client to its return, p99"}},
		{3, []string{"watches open"}},
		{26, []string{"write answered to its return, p99"}},
		{40, []string{"List of 10,000"}},
	} {
		var out bytes.Buffer
		err := findingsOf(tt.slowness).write(&out, config{rate: 200})
		if (err != nil) != (tt.missed != nil) || err != nil && !errors.Is(err, errMissed) {
			t.Errorf("%g: %v", tt.slowness, err)
		}
		for _, what := range tt.missed {
			found := false
			for line := range strings.Lines(out.String()) {
				found = found || strings.Contains(line, what) && strings.Contains(line, "**missed**")
			}
			if !found {
				t.Errorf("%g: no limit is missed for %q:\n%s", tt.slowness, what, out.String())
			}
		}
		if tt.missed == nil && strings.Contains(out.String(), "missed") {
			t.Error(out.String())
		}
	}
}

// Where the informer is slow as well, it is not ours that misses the limit for an idle machine.
func TestBusyMachine(t *testing.T) {
	at := findingsOf(30).largest()
	if r := at.delayRow(); !r.Missed {
		t.Errorf("%+v", r)
	}
	at.windows[informer] = windows{window(10000, 30)}
	if r := at.delayRow(); r.Missed || !strings.Contains(r.What, "not idle") {
		t.Errorf("%+v", r)
	}
}

func TestNotesSayWhatTheFiguresDoNot(t *testing.T) {
	f := findingsOf(1)
	if notes := f.notes(config{rate: 200}); len(notes) > 0 {
		t.Errorf("%q", notes)
	}
	w := &f.largest().windows[ours][0]
	w.rate, w.running.Held, w.delays.unmatched = 120, 1, 30
	w.unseen, w.running.Failed, w.delays.untold = 9, 8, 7
	notes := strings.Join(f.notes(config{rate: 200}), "\n")
	for _, want := range []string{"only 120 changes", "noted late", "30 % of the ends", "9 workflows were not seen", "8 requests failed", "7 ends were not told"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in\n%s", want, notes)
		}
	}
}

func TestGraphIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images", "scale.svg")
	if err := findingsOf(1).write(&bytes.Buffer{}, config{rate: 200, graph: path}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(text, []byte("<svg")) {
		t.Errorf("%.20s, %v", text, err)
	}
}
