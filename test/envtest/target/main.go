// Command target stands in for the target cluster of a backfill, and for what the workers do in
// it, for demonstrations and specs where pods run nowhere. It serves a double of OpenSearch, or
// with -opensearch uses a real server. While worker pods of the session run, it keeps the working
// state as they would: it lays the shards out, leases them to the pods by name, completes them one
// after the other, and gives up the leases of pods that go. When all shards are completed, it says
// so in the ConfigMap <session>-work, as bulk-load.yaml expects of whoever follows the workers.
//
//	target [flags]      print the URL on a line, and what happens on standard error, until Ctrl-C
//
// The Kubernetes cluster is found by kubectl's rules. The program ends with its parent. Exit codes:
// 0 when it was asked to end, 1 where the address can't be had, 2 for wrong flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	exitFailed   = 1
	exitBadInput = 2

	// lookEvery is how often the pods are listed, and the work goes on.
	lookEvery = 200 * time.Millisecond
	// parentEvery is how often the parent is looked for.
	parentEvery = time.Second
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return exitBadInput // flag has said it
	}
	ctx, stop := untilOrphaned(context.Background())
	defer stop()
	if err := serve(ctx, s, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "target:", err)
		return exitFailed
	}
	return 0
}

// untilOrphaned returns a context that ends with the first SIGINT, SIGTERM or SIGHUP, or when the
// parent has ended, which shows in that another process takes its place.
func untilOrphaned(ctx context.Context) (context.Context, context.CancelFunc) {
	parent := os.Getppid()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for os.Getppid() == parent {
			time.Sleep(parentEvery)
		}
		stop()
	}()
	return ctx, stop
}

// serve serves the double, unless there is a real server, and has the work done, until ctx ends.
func serve(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	kube, err := connect(s)
	if err != nil {
		return err
	}
	var on *target
	if s.opensearch {
		on, err = onServer(os.Getenv("OPENSEARCH_URL"))
	} else {
		on, err = onDouble(ctx, s.address)
	}
	if err != nil {
		return err
	}
	defer on.close()
	fmt.Fprintln(stdout, on.url)

	say := func(format string, args ...any) { fmt.Fprintf(stderr, "target: "+format+"\n", args...) }
	w := newWork(on.store, s, say)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-on.served:
			return err
		case now := <-ticker.C:
			if err := turn(ctx, w, kube, now); err != nil && ctx.Err() == nil {
				say("%v", err) // the API server may be on its way up or down; the next look is soon
			}
		}
	}
}

// turn lets the work go on by what the workers have done since the last.
func turn(ctx context.Context, w *work, kube *kubernetes, now time.Time) error {
	workers, err := kube.workers(ctx)
	if err != nil {
		return err
	}
	over, err := w.advance(ctx, now, workers)
	if err != nil || !over {
		return err
	}
	return kube.report(ctx)
}
