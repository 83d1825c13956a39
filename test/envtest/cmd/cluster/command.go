package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

const (
	// exitNotFound is what a shell reports for a command that isn't there.
	exitNotFound = 127

	// endGrace is what a command gets to end by itself after Ctrl-C, and after SIGTERM.
	endGrace = 10 * time.Second
)

// runCommand runs a command to its end and returns its exit code. When ctx ends the
// command is asked to end, and killed if it takes too long.
func runCommand(ctx context.Context, c *envtest.Cluster, command []string) (int, error) {
	cmd, err := c.Command(command[0], command[1:]...)
	if err != nil {
		return exitNotFound, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return exitNotFound, fmt.Errorf("start command: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = end(ctx, cmd, done)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return 1, fmt.Errorf("wait for command: %w", err)
	}
	return 0, nil
}

// end makes a command end and returns the result of its Wait.
func end(ctx context.Context, cmd *exec.Cmd, done <-chan error) error {
	var grace time.Duration
	var signalled *signalError
	if errors.As(context.Cause(ctx), &signalled) && signalled.signal == syscall.SIGINT {
		grace = endGrace // from a terminal: the command has got it as well
	}
	for _, next := range []os.Signal{syscall.SIGTERM, os.Kill} {
		select {
		case err := <-done:
			return err
		case <-time.After(grace):
		}
		_ = cmd.Process.Signal(next) // fails when it has just ended
		grace = endGrace
	}
	return <-done
}
