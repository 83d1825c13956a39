package main

import "runtime"

// memory is what is in use after garbage was collected: the heap, and the stacks of goroutines, in bytes.
type memory struct{ Heap, Stacks int64 }

// settledMemory collects garbage until that gives nothing any more: pools are emptied at the
// second time, and a stack is cut to the half at each, if a quarter of it is enough.
func settledMemory() memory {
	const most, enough = 8, 0.99
	last := collect()
	for range most {
		now := collect()
		if now.total() > enough*last.total() {
			return now
		}
		last = now
	}
	return last
}

func collect() memory {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return memory{Heap: int64(stats.HeapAlloc), Stacks: int64(stats.StackInuse)}
}

func (m memory) since(before memory) memory {
	return memory{Heap: m.Heap - before.Heap, Stacks: m.Stacks - before.Stacks}
}

func (m memory) total() float64 { return float64(m.Heap + m.Stacks) }
