// Package report is what the programs that measure have in common: they tell how far they
// are, and print what they found as a table.
package report

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// ErrMissed ends a run in which a limit was missed.
var ErrMissed = errors.New("a limit is missed")

// Main calls run with a context that ends when the process is interrupted. If run fails, Main
// prints the error after the program's name and exits: with 3 for ErrMissed, with 1 for any other
// error.
func Main(program string, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
	if errors.Is(err, ErrMissed) {
		os.Exit(3)
	}
	os.Exit(1)
}
