package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// exitInterrupted is what a shell reports for Ctrl-C.
const exitInterrupted = 128 + int(syscall.SIGINT)

// parentPoll is how often the parent is looked for.
const parentPoll = time.Second

// errOrphaned: the process that started this one has ended.
var errOrphaned = errors.New("parent process has ended")

// signalError is the cause of a context that a signal has ended.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("ended by signal: %s", e.signal) }

func (e *signalError) exitCode() int { return 128 + int(e.signal) }

// untilSignal returns a context that ends with the first SIGINT, SIGTERM or SIGHUP
// (cause: *signalError), or when the parent process has ended (errOrphaned). A
// second SIGINT ends this process at once; the cluster goes with it. The returned
// function gives back the signals.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	stopped := make(chan struct{})
	go func() {
		ppid := os.Getppid()
		tick := time.NewTicker(parentPoll)
		defer tick.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-tick.C:
				if os.Getppid() != ppid {
					cancel(errOrphaned)
				}
			case s := <-signals:
				if s == syscall.SIGINT && ctx.Err() != nil {
					os.Exit(exitInterrupted)
				}
				if s, ok := s.(syscall.Signal); ok {
					cancel(&signalError{signal: s})
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(stopped)
		cancel(nil)
	}
}
