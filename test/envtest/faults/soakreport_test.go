package faults_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// say prints the progress of the run.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stdout, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

func megabytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// add adds the counts of another verdict.
func (v *verdict) add(other *verdict) {
	v.InFlight += other.InFlight
	v.Lost += other.Lost
	v.Duplicated += other.Duplicated
	v.Wrong += other.Wrong
	v.problems = append(v.problems, other.problems...)
}

// report adds notes with the results that have no column in the table.
func (k *soak) report() {
	note("%d starts in %.0f s, %.1f a second", k.started, k.took.Seconds(), k.rate())
	note("faults: %s", k.faults)
	for i := range 3 {
		from, to := len(k.samples)*i/3, len(k.samples)*(i+1)/3
		if from == to {
			continue
		}
		low := least(k.samples[from:to], heapOf)
		note("least heap of third %d: %.1f MB, with %d goroutines", i+1, megabytes(low.heap), low.goroutines)
	}
	note("up to the last third the heap grew by %.0f bytes for each start", k.growth())
}

// A process that leaks memory with each start is detected. One that is busy at times is not.
func TestGrowth(t *testing.T) {
	g := NewWithT(t)
	soakOf := func(kept uint64) *soak {
		k := &soak{judged: 30_000}
		for i := range 60 {
			started := (i + 1) * 500
			s := sample{started: started, heap: 20<<20 + uint64(started)*kept}
			if i%4 != 0 {
				s.heap += uint64(i) << 16 // in flight
			}
			k.samples = append(k.samples, s)
		}
		return k
	}
	g.Expect(soakOf(0).growth()).To(BeNumerically("~", 0, 1))
	g.Expect(soakOf(2 * growth).growth()).To(BeNumerically("~", 2*growth, 1))
	g.Expect((&soak{}).growth()).To(BeZero())
	for _, kept := range []uint64{0, growth / 2} {
		before, last := soakOf(kept).lows()
		g.Expect(last.heap).To(BeNumerically("<", before.allows(last.started)))
	}

	// Requests in flight during the whole second third do not hide growth.
	busy := soakOf(2 * growth)
	for i := range 20 {
		busy.samples[20+i].heap += 64 << 20
	}
	before, last := busy.lows()
	g.Expect(last.heap).To(BeNumerically(">", before.allows(last.started)))
}
