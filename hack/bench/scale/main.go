// Command scale measures what it takes to wait for thousands of workflows: with this library, with
// client-go's dynamic informer and by polling, each in a process of its own, in turn, on one local control
// plane on which workflows change all the time. It prints what it found as a table;
// `make bench-scale` in the repository's root gets what that needs. With --short it measures too
// little for its figures to mean anything, which shows that it works.
//
// Exit codes: 0; 1 where something failed; 2 for wrong flags; 3 where a limit is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

// errMissed ends a run in which a limit was missed.
var errMissed = errors.New("a limit is missed")

func main() {
	leash.Main()
	c, err := parseConfig(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if c.peer != "" {
		err = runPeer(ctx, c.peer, os.Stdin, os.Stdout)
	} else {
		err = run(ctx, c, os.Stdout, report.NewSteps(os.Stderr))
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
	}
	switch {
	case errors.Is(err, errMissed):
		os.Exit(3)
	case err != nil:
		os.Exit(1)
	}
}
