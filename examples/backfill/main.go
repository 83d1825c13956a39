// Command backfill starts the backfill that a configuration file describes, or finds the
// one that is running, and follows it to its end.
//
// It exits with 0 if the backfill succeeded, 1 if it failed or the cluster could not be
// used, 2 if what it was given is wrong, 130 if it was interrupted. The backfill goes on
// without it: run the same command again to follow it again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	exitOK          = 0
	exitFailed      = 1
	exitBadInput    = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := exitCode(ctx, run(ctx, os.Args[1:], os.Stdin, os.Stdout), os.Stderr)
	stop()
	os.Exit(code)
}

// exitCode tells the user in one line what went wrong, and the shell by a number.
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
	var failed *failedError
	var bad *inputError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return exitOK
	case errors.As(err, &failed):
		return exitFailed // the tree and the summary have said it all
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "backfill: interrupted; the workflow goes on, run the same command to follow it again")
		return exitInterrupted
	}
	fmt.Fprintln(stderr, "backfill:", err)
	if errors.As(err, &bad) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, backfill.ErrNoSnapshot) ||
		errors.Is(err, workflow.ErrInvalid) || errors.Is(err, workflow.ErrUnsupported) ||
		errors.Is(err, workflow.ErrTemplateNotFound) || errors.Is(err, workflow.ErrConflict) {
		return exitBadInput
	}
	return exitFailed
}

// inputError is a mistake on the command line.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func run(ctx context.Context, args []string, stdin *os.File, stdout *os.File) error {
	flags, err := parseFlags(args)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(flags.config)
	if err != nil {
		return &inputError{err}
	}
	cfg, err := backfill.ParseConfig(data)
	if err != nil {
		return fmt.Errorf("%s: %w", flags.config, err)
	}
	flags.apply(&cfg)

	client, err := connect(cfg, flags)
	if err != nil {
		return err
	}
	b, err := backfill.New(cfg, backfill.Dependencies{Workflows: client})
	if err != nil {
		return fmt.Errorf("%s: %w", flags.config, err)
	}
	f := follower{
		workflows: client,
		view:      newView(stdout),
		approver:  approver{yes: flags.yes, name: flags.approver, in: stdin, out: stdout},
	}
	started, err := b.Start(ctx)
	if err != nil {
		return err
	}
	f.view.started(started)
	last, err := f.follow(ctx, started.Workflow.Name)
	if err != nil {
		return err
	}
	return report(stdout, started.Session, last, time.Now())
}
