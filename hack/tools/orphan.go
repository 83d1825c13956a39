package main

import (
	"context"
	"errors"
	"time"
)

// errOrphaned is the cause of a context that ended because the parent process did.
var errOrphaned = errors.New("stopped: the process that started this has ended")

// untilOrphaned returns a context that ends when the process that started this one
// has ended: a killed make must not leave a build behind. getppid is os.Getppid,
// which changes then.
func untilOrphaned(ctx context.Context, getppid func() int, poll time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	parent := getppid()
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
