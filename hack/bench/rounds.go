package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// kubectlEvery: kubectl takes a hundred times as long, so fewer times have to do.
const kubectlEvery = 20

// peer is one of several ways to do the same thing.
type peer struct {
	name string
	// once does it and returns how long it took, without what had to be prepared.
	once func(context.Context) (time.Duration, error)
	// every is 20 if it takes part in one round of 20, and 0 if in all.
	every int
}

// race has the peers do it in turn, each round in another order, so that whatever slows the
// machine down slows all of them. It returns each one's median.
func race(ctx context.Context, rounds int, peers []peer) (map[string]time.Duration, error) {
	const warmUp = 20
	times := map[string][]time.Duration{}
	for i := range rounds + warmUp {
		for _, n := range rand.Perm(len(peers)) {
			p := peers[n]
			if p.every > 1 && i%p.every != 0 {
				continue
			}
			took, err := p.once(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if i >= warmUp {
				times[p.name] = append(times[p.name], took)
			}
		}
	}
	medians := map[string]time.Duration{}
	for name, all := range times {
		medians[name] = median(all)
	}
	return medians, nil
}

func median[T cmp.Ordered](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// timing returns a peer's once, which calls do with arg.
func timing[A, R any](do func(context.Context, A) (R, error), arg A) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) { return timed(ctx, do, arg) }
}

// timed calls do with arg, and returns how long that took.
func timed[A, R any](ctx context.Context, do func(context.Context, A) (R, error), arg A) (time.Duration, error) {
	start := time.Now()
	_, err := do(ctx, arg)
	return time.Since(start), err
}
