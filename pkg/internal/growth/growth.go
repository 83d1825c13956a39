package growth

import (
	"runtime"
	"testing"
	"time"
)

// size is the number of items of the smaller of two measurements: enough to take longer than the
// errors of the clock and the scheduler.
const size = 1_000

// Linear fails t if the work for four times as many items takes more than 9 times as long: 4 times
// is linear, 16 times quadratic. prepare prepares the work for n items and is not measured. Linear
// compares the shortest of several measurements of processor time, and accepts one ratio that is
// small enough, since goroutines of the same process may disturb a measurement.
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

// Allocated returns how many bytes the process allocated while do ran, including those that were
// freed.
func Allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
