package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// doneResult is the result of a verb that returns no data.
type doneResult struct {
	Session string `json:"session"`
	Message string `json:"message"`
}

func (r doneResult) lines() ([]string, error) {
	return []string{fmt.Sprintf("backfill %q %s", r.Session, r.Message)}, nil
}

// done converts what a call has returned.
func (c *command) done(err error, message string) (result, error) {
	if err != nil {
		return nil, err
	}
	return doneResult{c.session(), message}, nil
}

func create(ctx context.Context, c *command) (result, error) {
	return c.done(c.backfill.Create(ctx), "can be started, or is")
}

func start(ctx context.Context, c *command) (result, error) {
	return c.started(ctx, c.backfill.Start)
}

func restart(ctx context.Context, c *command) (result, error) {
	return c.started(ctx, c.backfill.Restart)
}

func (c *command) started(ctx context.Context, by func(context.Context) (*backfill.Status, error)) (result, error) {
	st, err := by(ctx)
	if err != nil {
		return nil, err
	}
	if c.follow {
		return nil, c.showFollowing(ctx)
	}
	return statusResult{st, c.hints()}, nil
}

func pause(ctx context.Context, c *command) (result, error) {
	return c.done(c.backfill.Pause(ctx), "is paused; start resumes it")
}

func scale(ctx context.Context, c *command) (result, error) {
	workers, err := strconv.Atoi(c.operands[0])
	if err != nil {
		return nil, &inputError{fmt.Errorf("scale: %q is not a number of workers", c.operands[0])}
	}
	return c.done(c.backfill.Scale(ctx, workers), fmt.Sprintf("should have %d workers", workers))
}

func stop(ctx context.Context, c *command) (result, error) {
	if !c.wait {
		return c.done(c.backfill.Stop(ctx), "was asked to stop, unless it has ended")
	}
	st, err := c.backfill.StopAndWait(ctx)
	if err != nil {
		return nil, err
	}
	return statusResult{st, c.hints()}, nil
}
