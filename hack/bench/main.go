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

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

func main() {
	leash.Main()
	b := bench{gets: 1000, starts: 400, decodes: 10}
	flag.StringVar(&b.root, "root", ".", "the repository's root `folder`")
	flag.BoolVar(&b.short, "short", false, "a few rounds, without the weight of Argo's clients; no limit counts")
	flag.Parse()
	if b.short {
		b.gets, b.starts, b.decodes = 10, 10, 1
	}
	b.steps = report.NewSteps(os.Stderr)
	report.Main("bench", func(ctx context.Context) error { return b.run(ctx, os.Stdout) })
}

// bench is one run.
type bench struct {
	root                  string // the repository's
	gets, starts, decodes int    // rounds
	short                 bool   // without Argo's clients, whose programs take minutes to build, and without limits
	steps                 *report.Steps
}

func (b bench) run(ctx context.Context, out io.Writer) error {
	weights, err := b.measureWeight(ctx) // first: compilers would disturb the others
	if err != nil {
		return err
	}
	b.steps.Step("decoding %d nodes", decodedNodes)
	decodes, err := measureDecode(ctx, b.decodes)
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
	if !b.short && report.Missed(rows) {
		return report.ErrMissed
	}
	return nil
}

// measureRequests measures what goes to an API server.
func (b bench) measureRequests(ctx context.Context) (rows []report.Row, err error) {
	cluster, err := envtest.Start(ctx, envtest.Options{
		Parts: envtest.APIServer, Definitions: envtest.MinimalDefinitions, Progress: func(step string) { b.steps.Step("%s", step) },
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	if err := cluster.ApplyFile(ctx, bulkload.Manifest(b.root)); err != nil {
		return nil, err
	}
	s, err := newScene(cluster)
	if err != nil {
		return nil, err
	}
	b.steps.Step("reading workflows")
	gets, err := s.measureGet(ctx, b.gets)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	b.steps.Step("starting workflows")
	starts, err := s.measureStart(ctx, b.starts)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	return append(gets, starts...), nil
}
