package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"
)

// envParent names the process that started this one, see startedBy.
const envParent = "ARGOSERVICE_PARENT"

// errOrphaned is the cause of a context that ended because the parent process did.
var errOrphaned = errors.New("stopped: the process that started this has ended")

// startedBy is the process whose death ends this one: the parent, or the one that
// envParent names as it was when the command line was put together. The latter
// is still noticed if it died before this program could look.
func startedBy(getppid func() int) int {
	if pid, err := strconv.Atoi(os.Getenv(envParent)); err == nil {
		return pid
	}
	return getppid()
}

// untilOrphaned returns a context that ends when the process that started this one
// has ended: a killed make must not leave a build behind. getppid is os.Getppid,
// which changes then.
func untilOrphaned(ctx context.Context, getppid func() int, poll time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	parent := startedBy(getppid)
	_ = os.Unsetenv(envParent) // not what a command that this one runs was started by
	if getppid() != parent {
		cancel(errOrphaned)
	}
	go func() {
		ticker := time.NewTicker(poll)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if getppid() != parent {
					cancel(errOrphaned)
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
