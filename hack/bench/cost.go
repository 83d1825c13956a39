package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

// measureDecode decodes the big status in turn with each decoder.
func measureDecode(ctx context.Context, rounds int) ([]report.Row, error) {
	u, err := bigObject(ctx)
	if err != nil {
		return nil, err
	}
	all := decoders(ctx)
	times, bytes := make([][]time.Duration, len(all)), make([][]int64, len(all))
	for range rounds {
		for _, n := range rand.Perm(len(all)) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			took, allocated, err := costOf(func() error { return all[n].decode(u) })
			if err != nil {
				return nil, err
			}
			times[n], bytes[n] = append(times[n], took), append(bytes[n], allocated)
		}
	}
	const ours, everything, argo = 0, 1, 2 // as decoders has them
	const peer = "Argo's typed decode"
	besideArgo := func(what string, n int, timeLimit, bytesLimit float64) []report.Row {
		return []report.Row{
			timeRow(what, median(times[n]), peer, median(times[argo]), timeLimit),
			bytesRow(what+", allocated", median(bytes[n]), peer, median(bytes[argo]), bytesLimit),
		}
	}
	return append(besideArgo("decode 10,000 nodes", ours, 0.25, 0.1),
		besideArgo("decode 10,000 nodes, with inputs and outputs", everything, 0, 0)...), nil
}

// costOf decodes a few times, from a clean heap. It returns what one decoding takes.
func costOf(decode func() error) (took time.Duration, allocated int64, err error) {
	const times = 3
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range times {
		if err := decode(); err != nil {
			return 0, 0, err
		}
	}
	took = time.Since(start) / times
	runtime.ReadMemStats(&after)
	return took, int64(after.TotalAlloc-before.TotalAlloc) / times, nil
}
