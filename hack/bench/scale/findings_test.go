package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i) // of 100 to 1: it has to sort
	}
	for _, tt := range []struct {
		values []float64
		share  float64
		want   float64
	}{
		{hundred, 50, 50}, {hundred, 90, 90}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1},
		{[]float64{7}, 99, 7}, {[]float64{3, 1, 2}, 50, 2}, {[]float64{2, 1}, 99, 2}, {[]float64{1, 2, 3}, 99, 3},
	} {
		if got := percentile(tt.values, tt.share); got != tt.want {
			t.Errorf("p%g of %v: %g, want %g", tt.share, tt.values, got, tt.want)
		}
	}
	if got := percentile([]time.Duration{}, 50); !math.IsNaN(got) {
		t.Errorf("of nothing: %g", got)
	}
	if got := (windows{{rate: 5}, {rate: 1}, {rate: 900}}).of(func(m measured) float64 { return m.rate }); got != 5 {
		t.Errorf("median of windows: %g", got)
	}
}

// window is one that meets the limits, or with slow one that takes so many times as long and as
// much.
func window(workflows int, slow float64) measured {
	n := float64(workflows)
	return measured{
		workflows: workflows, rate: changeRate, memory: int64(5000 * n * slow),
		started: Usage{At: int64(1e5 * n * slow), CPU: int64(1e5 * n * slow), Bytes: int64(n), Requests: 2},
		running: Usage{At: 1e9, CPU: int64(1e8 * slow), Bytes: 2e6, MostOpen: int64(slow)},
		delays: delays{
			fromArrival: slices.Repeat([]time.Duration{time.Duration(slow * 1e6)}, 100),
			fromAnswer:  slices.Repeat([]time.Duration{time.Duration(slow * 2e6)}, 100),
		},
	}
}

func findingsOf(slowness float64) *findings {
	f := &findings{extent: extentOf(false, ""), objectBytes: 12_000, paged: int64(10e6 * slowness), atOnce: 900e6}
	for _, s := range f.extent.sizes {
		at := atSize{workflows: s.workflows, windows: map[string]windows{informer: {window(s.workflows, 3)}, ours: {window(s.workflows, slowness)}}}
		if s.polled {
			at.windows[ours], at.windows[polling] = windows{window(s.workflows, 1)}, windows{window(s.workflows, 50)}
		}
		f.sizes = append(f.sizes, at)
	}
	return f
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := findingsOf(1).write(&out); err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		"10,000 waits, 200 changes a second, a quarter of them ends:\n",
		"| watches open at once | 1 | dynamic informer, no waiter | 3 | 0.33 × | ≤ 2 | ok |",
		"| heap and stacks, per workflow | 5.00 KB | dynamic informer, no waiter | 15.00 KB | 0.33 × | ≤ 8 KB | ok |",
		"| time until all are seen | 1.00 s | dynamic informer, no waiter | 3.00 s | 0.33 × |  |  |",
		"| CPU | 10.0 % of one | dynamic informer, no waiter | 30.0 % of one | 0.33 × |  |  |",
		"| event at the client to its return, p99 | 1.00 ms | dynamic informer, no waiter | 3.00 ms | 0.33 × | ≤ 0.5 × | ok |",
		"| write answered to its return, p99 | 2.00 ms | dynamic informer, no waiter | 6.00 ms | 0.33 × | ≤ 50 ms on an idle machine | ok |",
		"| heap and stacks, per workflow, of 1,000 waits | 5.00 KB | polling `Get` | 250.00 KB | 1/50 × |  |  |",
		"| bytes, of 1,000 waits | 2.00 MB/s | polling `Get` | 2.00 MB/s | 1.00 × |  |  |",
		"| heap and stacks, per workflow, of 10,000 waits | 5.00 KB | ours, of 1,000 waits | 5.00 KB | 1.00 × | ≤ 1.2 × | ok |",
		"| CPU until all are seen, per workflow, of 10,000 waits | 100 µs | ours, of 1,000 waits | 100 µs | 1.00 × | ≤ 1.2 × | ok |",
		"| requests until all are seen, per workflow, of 10,000 waits | 0.0002 | ours, of 1,000 waits | 0.0020 | 0.10 × | ≤ 1.2 × | ok |",
		"| bytes, per workflow, of 10,000 waits | 0.20 KB/s | ours, of 1,000 waits | 2.00 KB/s | 0.10 × | ≤ 1.2 × | ok |",
		"| requests, per workflow, of 10,000 waits | 0.0000/s | ours, of 1,000 waits | 0.0000/s | 0.00 × | ≤ 1.2 × | ok |",
		"| List of 10,000, most memory | 10.00 MB | a page of 100 as JSON | 1.20 MB | 8.33 × | ≤ 30 × | ok |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	if limits := strings.Count(out.String(), "| ok |\n"); limits != 13 || strings.Contains(out.String(), "changes a second were made") {
		t.Errorf("%d limits in\n%s", limits, out.String())
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		slowness float64
		missed   []string
	}{
		{1.5, []string{"heap and stacks, per workflow, of 10,000 waits", "time until", "CPU until"}},
		{2, []string{"heap and stacks, per workflow |", "at the client to its return, p99"}},
		{3, []string{"watches open"}},
		{26, []string{"write answered to its return, p99"}},
		{40, []string{"List of 10,000"}},
	} {
		var out bytes.Buffer
		f := findingsOf(tt.slowness)
		if err := f.write(&out); !errors.Is(err, report.ErrMissed) {
			t.Errorf("%g: %v", tt.slowness, err)
		}
		for _, what := range tt.missed {
			missed := func(line string) bool { return strings.Contains(line, what) && strings.Contains(line, "**missed**") }
			if !slices.ContainsFunc(strings.Split(out.String(), "\n"), missed) {
				t.Errorf("%g: no limit is missed for %q:\n%s", tt.slowness, what, out.String())
			}
		}
		f.extent.limits = false
		if err := f.write(io.Discard); err != nil {
			t.Errorf("%g, without limits: %v", tt.slowness, err)
		}
	}
	if short := extentOf(true, "scale.svg"); short.limits || short.graph != "" {
		t.Errorf("a short run has limits, or overwrites the published graph: %+v", short)
	}
}

// If the informer is slow as well, it is not ours that misses the limit for an idle machine.
func TestBusyMachine(t *testing.T) {
	at := findingsOf(30).sizes[2]
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
	w := &f.sizes[2].windows[ours][0]
	w.rate, w.running.Late, w.running.Failed, w.delays.fromArrival = 120, 1, 8, w.delays.fromArrival[:70]
	var out strings.Builder
	f.writeNotes(&out)
	for _, want := range []string{"10,000 waits, ours: only 120 changes", "noted late, 1 times", "30 % of the ends", "8 requests failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestGraph(t *testing.T) {
	f := findingsOf(1)
	f.sizes[0].windows[polling][0].running.CPU = 0 // has no place on a logarithmic axis
	path := filepath.Join(t.TempDir(), "scale.svg")
	var pictures [2][]byte
	for i := range pictures {
		err := f.draw(path)
		if err != nil {
			t.Fatal(err)
		}
		if pictures[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pictures[0], pictures[1]) {
		t.Error("the same figures give another picture")
	}
	var document struct{ XMLName xml.Name }
	if err := xml.Unmarshal(pictures[0], &document); err != nil || document.XMLName.Local != "svg" {
		t.Errorf("%v, %v", document, err)
	}
	for _, want := range []string{"fill:#FFFFFF", "workflows waited for", "heap and stacks, MB", "CPU, % of one", "10000", informerName, "sans-serif"} {
		if !bytes.Contains(pictures[0], []byte(want)) {
			t.Errorf("no %q", want)
		}
	}
}
