package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// usage is what a process has used since its start.
type usage struct {
	At       int64 `json:"at"`
	CPU      int64 `json:"cpu"` // nanoseconds, user and system
	In       int64 `json:"in"`
	Out      int64 `json:"out"`
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
	Dialled  int64 `json:"dialled"` // connections made
	Held     int64 `json:"held"`
	MostOpen int64 `json:"mostOpen"`
}

func (m *meter) usage(c clock) (usage, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return usage{}, fmt.Errorf("read own usage: %w", err)
	}
	return usage{
		At: c.now(), CPU: own.Utime.Nano() + own.Stime.Nano(), In: m.in.Load(), Out: m.out.Load(),
		Requests: m.requests.Load(), Failed: m.failed.Load(), Dialled: m.dialled.Load(), Held: m.held.Load(), MostOpen: m.mostOpen.Load(),
	}, nil
}

// since is what was used since an earlier moment; MostOpen is up to now.
func (u usage) since(before usage) usage {
	return usage{
		At: u.At - before.At, CPU: u.CPU - before.CPU, In: u.In - before.In, Out: u.Out - before.Out,
		Requests: u.Requests - before.Requests, Failed: u.Failed - before.Failed, Dialled: u.Dialled - before.Dialled, Held: u.Held - before.Held, MostOpen: u.MostOpen,
	}
}

// bytes is what went over the wire.
func (u usage) bytes() float64 { return float64(u.In + u.Out) }

// perSecond is a count as a rate.
func (u usage) perSecond(count float64) float64 {
	return count / time.Duration(u.At).Seconds()
}

// memory is what is in use after garbage was collected: the heap, and the stacks of goroutines.
type memory struct {
	Heap       int64 `json:"heap"`
	Stacks     int64 `json:"stacks"`
	Goroutines int   `json:"goroutines"`
}

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
	return memory{Heap: int64(stats.HeapAlloc), Stacks: int64(stats.StackInuse), Goroutines: runtime.NumGoroutine()}
}

func (m memory) since(before memory) memory {
	return memory{Heap: m.Heap - before.Heap, Stacks: m.Stacks - before.Stacks, Goroutines: m.Goroutines - before.Goroutines}
}

func (m memory) total() float64 { return float64(m.Heap + m.Stacks) }
