package main

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// settledMemory collects garbage until that gives nothing any more: pools are emptied at the
// second time, and a stack is cut to the half at each, if a quarter of it is enough. It returns the
// bytes that are in use then, for the heap and for the stacks of goroutines.
func settledMemory() (now int64) {
	const most, enough = 9, 0.99
	for range most {
		last := now
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		now = int64(stats.HeapAlloc + stats.StackInuse)
		if last != 0 && float64(now) > enough*float64(last) {
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
