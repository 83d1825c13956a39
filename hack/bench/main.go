// Command bench measures this library beside plain HTTP requests, kubectl and Argo's own Go
// clients, all in one run on one machine, and prints the ratios as a table. It runs a local
// control plane; `make bench` in the repository's root gets what that needs.
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
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

// errMissed ends a run in which a limit was missed.
var errMissed = errors.New("a limit is missed")

func main() {
	leash.Main()
	root := flag.String("root", ".", "the repository's root `folder`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, *root, os.Stdout, report.NewSteps(os.Stderr))
	stop()
	switch {
	case errors.Is(err, errMissed):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(3)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, out io.Writer, steps *report.Steps) error {
	rows, err := measureWeight(ctx, root, steps) // first: compilers would disturb the others
	if err != nil {
		return err
	}
	steps.Step("decoding %d nodes", decodedNodes)
	more, err := measureDecode(ctx)
	if err != nil {
		return err
	}
	rows = append(more, rows...)
	if more, err = measureRequests(ctx, root, steps); err != nil {
		return err
	}
	rows = append(more, rows...)

	fmt.Fprintf(out, "%s, %d CPUs, %s/%s, %s\n\n", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if err := report.WriteTable(out, rows); err != nil {
		return err
	}
	if report.Missed(rows) {
		return errMissed
	}
	return nil
}

// measureRequests measures what goes to an API server.
func measureRequests(ctx context.Context, root string, steps *report.Steps) (rows []report.Row, err error) {
	s, err := newScene(ctx, root, func(step string) { steps.Step("%s", step) })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.cluster.Stop()) }()
	steps.Step("reading workflows")
	gets, err := s.measureGet(ctx)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	steps.Step("starting workflows")
	starts, err := s.measureStart(ctx)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	return append(gets, starts...), nil
}
