package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// showFollowing shows a backfill's progress until it has ended. It returns an error if the backfill
// didn't succeed.
func (c *command) showFollowing(ctx context.Context) error {
	v := c.newView()
	last, err := c.showAll(ctx, v)
	v.close()
	if err != nil {
		return err
	}
	if err := v.conclude(last); err != nil {
		return err
	}
	return outcomeError(last)
}

// showAll returns the last status.
func (c *command) showAll(ctx context.Context, v view) (*backfill.Status, error) {
	var last *backfill.Status
	opts := backfill.FollowOptions{PodsEvery: min(c.every, backfill.DefaultPodsEvery), ShardsEvery: c.every}
	for st, err := range c.backfill.Follow(ctx, opts) {
		if err != nil {
			return nil, err
		}
		last = st
		if err := v.show(st); err != nil {
			return nil, err
		}
	}
	if last == nil {
		return nil, errors.New("no status of the backfill was received")
	}
	return last, nil
}

// outcomeError returns nil for a backfill that has succeeded, with all documents as far as that is
// known. Without a workflow, only the shards tell.
func outcomeError(st *backfill.Status) error {
	if st.Shards.Success() && st.Shards.Data.State == backfill.ShardsCompletedWithErrors {
		return fmt.Errorf("backfill %q has completed with errors: %s", st.Session, failedText(st.FailedDocuments))
	}
	shardsDone := st.Shards.Success() && st.Shards.Data.State == backfill.ShardsCompleted
	switch {
	case st.State == backfill.StateSucceeded, st.Run == 0 && st.State == backfill.StateStopped && shardsDone:
		return nil
	case st.State == backfill.StateNotStarted:
		return fmt.Errorf("backfill %q: %w", st.Session, backfill.ErrNotStarted)
	}
	if err := st.Workflow.Err(); err != nil {
		return fmt.Errorf("backfill %q has ended %s: %w", st.Session, st.State, err)
	}
	return fmt.Errorf("backfill %q has ended %s", st.Session, st.State)
}
