// Command demo shows the service on the cluster of KUBECONFIG, which has the example's
// WorkflowTemplate, and the service's account and Role from deploy/. It runs the service as that
// account, and test/envtest/target in place of the target cluster and the workers.
//
//	demo --service PROGRAM --target PROGRAM --config FILE [--yes]
//
// It prints the address of the page and runs until Ctrl-C. With --yes it does by HTTP requests what
// a person would do there, checks the effect of each step, and exits. Exit codes: 0, 1 at the first
// step that fails, 2 for wrong flags.
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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const (
	exitFailed   = 1
	exitBadInput = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the flags on the command line.
type settings struct {
	service, target, config string
	yes                     bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.service, "service", "", "the service's `program`; required")
	flags.StringVar(&s.target, "target", "", "`program` to run in place of the target cluster; required")
	flags.StringVar(&s.config, "config", "", "the backfill's configuration `file`, whose target cluster is replaced; required")
	flags.BoolVar(&s.yes, "yes", false, "run through the demonstration instead of waiting for a person")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %s", flags.Arg(0))
	case s.service == "" || s.target == "" || s.config == "":
		err = errors.New("--service, --target and --config are required")
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
	}
	return s, err
}

func run(ctx context.Context, args []string, out, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return exitBadInput
	}
	if err := show(ctx, s, out, stderr); err != nil {
		fmt.Fprintln(stderr, "demo:", status.Printable(err.Error()))
		return exitFailed
	}
	return 0
}

func show(ctx context.Context, s settings, out, stderr io.Writer) (err error) {
	st, err := newStage(ctx, s)
	if err != nil {
		return err
	}
	defer func() {
		st.clear()
		if err != nil && ctx.Err() == nil {
			st.writeLogs(stderr)
		}
		err = errors.Join(err, os.RemoveAll(st.dir))
	}()
	if err := st.startTarget(ctx); err != nil {
		return err
	}
	if err := st.startService(ctx); err != nil {
		return err
	}
	if s.yes {
		return walk(ctx, st, out)
	}
	fmt.Fprintf(out, `
The service is at  %s

Open that in a browser on this machine, and
  1. press Start: the backfill sets up, and then waits at a gate;
  2. write a name at the gate and press Approve: 4 workers load 100 shards, in half a minute;
  3. scale, pause and resume it as you like. (The workers here print nothing, so there are no logs.)
The same by hand: curl %[1]s/api/v1/backfills ; curl -N %[1]s/api/v1/events ; curl %[1]s/api/v1/past
Its metrics: curl %[2]s

Ctrl-C ends it all.
`, st.url, st.metrics)
	<-ctx.Done()
	return nil
}
