package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// parentEvery is how often the parent is looked for.
const parentEvery = time.Second

// untilOrphaned returns a context that ends with the first SIGINT, SIGTERM or SIGHUP, or when the
// parent has ended, which shows in that another process takes its place.
func untilOrphaned(ctx context.Context) (context.Context, context.CancelFunc) {
	parent := os.Getppid()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		ticker := time.NewTicker(parentEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if os.Getppid() != parent {
					stop()
					return
				}
			}
		}
	}()
	return ctx, stop
}
