// Command bench measures this library beside plain HTTP requests, kubectl and Argo's own Go
// clients, all in one run on one machine, and prints the ratios as a table. It runs a local
// control plane; `make bench` in the repository's root gets what that needs. With --short it
// measures too little for its figures to mean anything, which shows that it works.
//
// Exit codes: 0; 1 where something failed; 2 for wrong flags; 3 where a ratio misses its limit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

func main() {
	leash.Main()
	root := flag.String("root", ".", "the repository's root `folder`")
	short := flag.Bool("short", false, "a few rounds, without the weight of Argo's clients; no limit counts")
	flag.Parse()
	report.Main("bench", func(ctx context.Context) error {
		return run(ctx, bench{root: *root, size: sizeOf(*short), steps: report.NewSteps(os.Stderr)}, os.Stdout)
	})
}

// size is how much is measured.
type size struct {
	gets, starts, decodes int  // rounds
	peerWeights           bool // of Argo's clients, whose programs take minutes to build
	limits                bool // what misses one is an error
}

// sizeOf returns the size of the published figures, or a short one that shows in seconds that the
// benchmark works.
func sizeOf(short bool) size {
	if short {
		return size{gets: 10, starts: 10, decodes: 1}
	}
	return size{gets: 1000, starts: 400, decodes: 10, peerWeights: true, limits: true}
}

// bench is one run.
type bench struct {
	root  string // the repository's
	size  size
	steps *report.Steps
}

func run(ctx context.Context, b bench, out io.Writer) error {
	weights, err := b.measureWeight(ctx) // first: compilers would disturb the others
	if err != nil {
		return err
	}
	b.steps.Step("decoding %d nodes", decodedNodes)
	decodes, err := measureDecode(ctx, b.size.decodes)
	if err != nil {
		return err
	}
	requests, err := b.measureRequests(ctx)
	if err != nil {
		return err
	}
	rows := slices.Concat(requests, decodes, weights)
	report.WriteHeading(out)
	if err := report.WriteTable(out, rows); err != nil {
		return err
	}
	if b.size.limits && report.Missed(rows) {
		return report.ErrMissed
	}
	return nil
}

// measureRequests measures what goes to an API server.
func (b bench) measureRequests(ctx context.Context) (rows []report.Row, err error) {
	s, err := newScene(ctx, b.root, func(step string) { b.steps.Step("%s", step) })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.cluster.Stop()) }()
	b.steps.Step("reading workflows")
	gets, err := s.measureGet(ctx, b.size.gets)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	b.steps.Step("starting workflows")
	starts, err := s.measureStart(ctx, b.size.starts)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	return append(gets, starts...), nil
}
