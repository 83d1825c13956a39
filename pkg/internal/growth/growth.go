// Package growth helps tests to show that work grows in proportion to its input, and what memory it
// takes. Only tests use it.
package growth

import (
	"runtime"
	"testing"
	"time"
)

// size is how much the smaller of two measurements works on: enough to take longer than what a
// clock or a scheduler adds.
const size = 1_000

// Linear fails t if work takes out of proportion longer for four times as much: 4 times as long is
// linear, 16 times quadratic. prepare makes the work for n items and is not measured. What counts is
// the time of the processor, which other processes don't change; since this one may be at work in
// other ways too, the shortest of several measurements, and one ratio that is small enough.
func Linear(t testing.TB, what string, prepare func(n int) (work func())) {
	t.Helper()
	var ratio float64
	for range 15 {
		if ratio = float64(shortest(prepare(4*size))) / float64(shortest(prepare(size))); ratio < 9 {
			return
		}
	}
	t.Errorf("%s: 4 times as many nodes take %.1f times as long", what, ratio)
}

func shortest(work func()) time.Duration {
	least := time.Duration(0)
	for range 3 {
		began := used()
		work()
		if took := used() - began; least == 0 || took < least {
			least = took
		}
	}
	return least
}

// Allocated is how many bytes the process has allocated while do ran, also those that were freed
// meanwhile. The detector of races adds to it.
func Allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
