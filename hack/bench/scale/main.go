// Command scale measures what it takes to wait for thousands of workflows: with this library, with
// client-go's dynamic informer and by polling, each in a process of its own, in turn, on one local
// control plane on which workflows change all the time. It prints its findings as a table;
// `make bench-scale` in the repository's root gets what that needs. With --short it measures too
// little for its figures to mean anything, which shows that it works.
//
// Exit codes: 0; 1 if something failed; 2 for wrong flags; 3 if a limit is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

func main() {
	leash.Main()
	short := flag.Bool("short", false, "a few seconds at two small sizes, without a graph; no limit counts")
	graph := flag.String("graph", "", "`file` for the graph (SVG); none by default")
	peer := flag.Bool("peer", false, "for this program itself: wait as the parent process asks")
	flag.Parse()
	report.Main("scale", func(ctx context.Context) error {
		if *peer {
			return runPeer()
		}
		return run(ctx, extentOf(*short, *graph))
	})
}

// extent is how much is measured.
type extent struct {
	sizes          []size // ascending, at least two; the limits are for the last
	window, warmUp time.Duration
	graph          string // file; "": none
	limits         bool   // a missed limit is an error
}

// size is a number of workflows, and how often ours and the informer are measured with them in
// turn. Polling is slow, so it is measured once.
type size struct {
	workflows, windows int
	polled             bool
}

// extentOf returns the extent of the published figures, or a short one. One API server can't answer
// enough requests for polling 10,000 workflows.
func extentOf(short bool, graph string) extent {
	if short {
		return extent{sizes: []size{{20, 1, true}, {60, 1, false}}, window: 2 * time.Second, warmUp: time.Second}
	}
	return extent{
		sizes: []size{{100, 2, true}, {1000, 2, true}, {10_000, 3, false}}, window: 10 * time.Second, warmUp: 2 * time.Second,
		graph: graph, limits: true,
	}
}

func run(ctx context.Context, e extent) (err error) {
	// All that is measured goes through one API server, which on two processors does not reach the
	// rate if it collects garbage as often as by default. It inherits the environment; the
	// processes that are measured do not.
	if err := os.Setenv("GOGC", "400"); err != nil {
		return err
	}
	steps := report.NewSteps(os.Stderr)
	cluster, err := envtest.Start(ctx, envtest.Options{
		Parts: envtest.APIServer, Definitions: envtest.MinimalDefinitions, Progress: func(step string) { steps.Step("%s", step) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	if err := os.Unsetenv("GOGC"); err != nil {
		return err
	}
	b := &bench{findings: findings{extent: e}, cluster: cluster, steps: steps}
	for _, s := range e.sizes {
		if err := b.measure(ctx, s); err != nil {
			return fmt.Errorf("%d workflows: %w", s.workflows, err)
		}
		// Without old versions, etcd stays below its limit.
		if err := cluster.Compact(ctx); err != nil {
			return err
		}
	}
	report.WriteHeading(os.Stdout)
	return b.write(os.Stdout)
}
