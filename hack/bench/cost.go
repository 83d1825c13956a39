package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

// cost is what one decoding takes.
type cost struct {
	time  time.Duration
	bytes int64
}

// measureDecode decodes the big status in turn with each peer.
func measureDecode(ctx context.Context, rounds int) ([]report.Row, error) {
	u, err := bigObject()
	if err != nil {
		return nil, err
	}
	decoders := []func() error{decoder(u, decodeOurs), decoder(u, decodeOursWhole), decoder(u, decodeArgo)}
	costs := make([][]cost, len(decoders))
	for range rounds {
		for _, n := range rand.Perm(len(decoders)) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			c, err := costOf(decoders[n])
			if err != nil {
				return nil, err
			}
			costs[n] = append(costs[n], c)
		}
	}
	ours, all, argo := medianCost(costs[0]), medianCost(costs[1]), medianCost(costs[2])
	const what, whole, peer = "decode 10,000 nodes", ", with inputs and outputs", "Argo's typed decode"
	return []report.Row{
		timeRow(what, ours, argo, peer, 0.25), allocRow(what, ours, argo, peer, 0.1),
		timeRow(what+whole, all, argo, peer, 0), allocRow(what+whole, all, argo, peer, 0),
	}, nil
}

func decoder[T any](u *unstructured.Unstructured, decode func(*unstructured.Unstructured) (T, error)) func() error {
	return func() error { _, err := decode(u); return err }
}

// costOf decodes a few times, from a clean heap.
func costOf(decode func() error) (cost, error) {
	const times = 3
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took, err := timed(func() error {
		for range times {
			if err := decode(); err != nil {
				return err
			}
		}
		return nil
	})
	runtime.ReadMemStats(&after)
	return cost{time: took / times, bytes: int64(after.TotalAlloc-before.TotalAlloc) / times}, err
}

func medianCost(costs []cost) cost {
	var times []time.Duration
	var bytes []int64
	for _, c := range costs {
		times, bytes = append(times, c.time), append(bytes, c.bytes)
	}
	slices.Sort(bytes)
	return cost{time: median(times), bytes: bytes[len(bytes)/2]}
}

func timeRow(what string, ours, theirs cost, peer string, limit float64) report.Row {
	return report.RatioRow(what, milliseconds(ours.time), peer, milliseconds(theirs.time),
		float64(ours.time)/float64(theirs.time), limit)
}

func allocRow(what string, ours, theirs cost, peer string, limit float64) report.Row {
	return report.RatioRow(what+", allocated", megabytes(ours.bytes), peer, megabytes(theirs.bytes),
		float64(ours.bytes)/float64(theirs.bytes), limit)
}
