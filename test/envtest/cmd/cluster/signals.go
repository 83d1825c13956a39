package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// parentPoll is how often the parent is looked for.
const parentPoll = time.Second

// errOrphaned: the process that started this one has ended.
var errOrphaned = errors.New("parent process has ended")

// signalError is the cause of a context that a signal has ended.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("ended by signal: %s", e.signal) }

const envParent = "ARGOSERVICE_PARENT"

// startedBy is the process whose death ends this one: the parent, or the one that
// envParent names as it was when the command line was put together. The latter
// is still noticed if it died before this program could look.
func startedBy() int {
	if pid, err := strconv.Atoi(os.Getenv(envParent)); err == nil {
		return pid
	}
	return os.Getppid()
}

// untilSignal returns a context that ends with the first SIGINT, SIGTERM or SIGHUP
// (cause: *signalError), or when the parent process has ended (errOrphaned). A
// second SIGINT ends this process at once; the cluster goes with it.
func untilSignal(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	ppid := startedBy()
	_ = os.Unsetenv(envParent) // not what a command that runs in the cluster was started by
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // under nohup it is, and has to stay so
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for {
			if os.Getppid() != ppid {
				cancel(errOrphaned)
			}
			select {
			case <-time.After(parentPoll):
			case s := <-signals:
				if s == syscall.SIGINT && ctx.Err() != nil {
					os.Exit(128 + int(syscall.SIGINT)) // what a shell reports for Ctrl-C
				}
				cancel(&signalError{signal: s.(syscall.Signal)})
			}
		}
	}()
	return ctx
}
