// Command rollout is a service that migrates off kubectl. It starts and watches workflows through
// the router of pkg/legacy, goes from shadow reads over 10 % and 50 % to 100 % of the native
// client, throws the kill switch while workflows run, and returns to 100 %.
//
// The exit code is 0 if all guarantees held, 1 if one did not (the output names it) or the cluster
// could not be used, 2 for invalid input, and 130 after an interrupt. It always deletes the
// workflows that it created, unless --keep is given.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	exitOK          = 0
	exitBroken      = 1
	exitBadInput    = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C doesn't wait for the clean-up
	code := exitCode(ctx, run(ctx, os.Args[1:], os.LookupEnv, os.Stdout), os.Stderr)
	stop()
	os.Exit(code)
}

// inputError is a usage error.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// exitCode prints the error and returns the exit code. ctx ends with a signal.
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
	var left *leftError
	var bad *inputError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "rollout: interrupted")
		if errors.As(err, &left) {
			complain(stderr, left)
		}
		return exitInterrupted
	}
	complain(stderr, err)
	if errors.As(err, &bad) || errors.Is(err, workflow.ErrInvalid) || errors.Is(err, workflow.ErrTemplateNotFound) ||
		errors.Is(err, legacy.ErrKubectlMissing) || errors.Is(err, legacy.ErrKubectlTooOld) {
		return exitBadInput
	}
	return exitBroken
}

// run runs the whole rollout. Unusable input is an error at once; a violated guarantee is a
// [*brokenError] at the end.
func run(ctx context.Context, args []string, lookup lookupFunc, stdout io.Writer) error {
	f, err := parseFlags(args)
	if err != nil {
		return err
	}
	notes := &ledger{}
	router, err := connect(f, lookup, notes)
	if err != nil {
		return err
	}
	helper, err := connect(f, lookup, nil) // for what is not part of the rollout
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if err := nothingThere(limited, helper, f.run); err != nil {
		return err
	}
	w := &walk{flags: f, out: stdout, ledger: notes, router: router}
	if decided := router.Rollout(); decided != (legacy.Rollout{Salt: decided.Salt}) {
		err = w.asDecided(limited, decided)
	} else {
		err = w.allPhases(limited, func() (*legacy.Router, error) { return connect(f, killed(lookup), notes) })
	}
	err = errors.Join(err, w.kept()) // also if the rollout was interrupted
	if f.keep {
		return err
	}
	deleted, left := cleanUp(ctx, helper, f.run)
	w.say("deleted %d workflows", deleted)
	return errors.Join(err, left)
}

// lookupFunc reads a variable of the environment, as [os.LookupEnv] does.
type lookupFunc = func(string) (string, bool)

// killed returns an environment in which the kill switch was thrown.
func killed(lookup lookupFunc) lookupFunc {
	return func(name string) (string, bool) {
		if name == legacy.EnvForce {
			return "false", true
		}
		return lookup(name)
	}
}
