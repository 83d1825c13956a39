// Command rollout is a service that leaves kubectl: it starts and follows workflows through the
// router of pkg/legacy, and walks from shadow reads over 10 % and 50 % to 100 % of the native
// client, throws the kill switch while workflows run, and comes back.
//
// It exits with 0 if all was as promised, 1 if something was not, which it names, or the cluster
// could not be used, 2 if what it was given is wrong, 130 if it was interrupted. The workflows
// that it has made are deleted in each case, unless --keep is given.
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

// inputError is a mistake on the command line.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// exitCode tells the user what went wrong, and the shell by a number. ctx ends with a signal.
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

// run does all of it. What cannot be used is an error at once; what was not as promised is a
// [*brokenError] in the end.
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
	helper, err := connect(f, lookup, nil) // for what is no part of the walk
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
	err = errors.Join(err, w.kept()) // also of a walk that didn't come to its end
	if f.keep {
		return err
	}
	deleted, left := cleanUp(ctx, helper, f.run)
	w.say("deleted %d workflows", deleted)
	return errors.Join(err, left)
}

// lookupFunc reads a variable of the environment, as [os.LookupEnv] does.
type lookupFunc = func(string) (string, bool)

// killed is an environment in which the kill switch was thrown.
func killed(lookup lookupFunc) lookupFunc {
	return func(name string) (string, bool) {
		if name == legacy.EnvForce {
			return "false", true
		}
		return lookup(name)
	}
}
