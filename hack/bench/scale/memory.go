package main

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// Memory is what is in use after garbage was collected: the heap, and the stacks of goroutines, in
// bytes.
type Memory struct{ Heap, Stacks int64 }

func (m Memory) since(before Memory) Memory {
	return Memory{Heap: m.Heap - before.Heap, Stacks: m.Stacks - before.Stacks}
}

func (m Memory) total() float64 { return float64(m.Heap + m.Stacks) }

// settledMemory collects garbage until that gives nothing any more: pools are emptied at the
// second time, and a stack is cut to the half at each, if a quarter of it is enough.
func settledMemory() (now Memory) {
	const most, enough = 9, 0.99
	for range most {
		last := now
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		now = Memory{Heap: int64(stats.HeapAlloc), Stacks: int64(stats.StackInuse)}
		if last != (Memory{}) && now.total() > enough*last.total() {
			break
		}
	}
	return now
}

// watchHeap reads the size of the heap, with its garbage, every millisecond until the function that
// it returns is called. That function returns by how much the heap has grown at most.
func watchHeap() (highest func() int64) {
	now := func() int64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	before, most := now(), int64(0)
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, now()-before)
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	return func() int64 {
		close(done)
		watching.Wait()
		return most
	}
}
