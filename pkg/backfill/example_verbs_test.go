package backfill_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Start again what has failed. The workers go on from where those of the run before were.
func ExampleRunner_Restart() {
	again := func(ctx context.Context, b backfill.Backfill) error {
		st, err := b.Status(ctx)
		if err != nil {
			return err
		}
		if st.State != backfill.StateFailed {
			return nil
		}
		_, err = b.Restart(ctx)
		if errors.Is(err, backfill.ErrRunning) {
			return nil // somebody else was quicker, or pods are left: later again
		}
		return err
	}
	_ = again
}

// Ask for the end, and let others wait for it: the workers are still going when Stop returns.
func ExampleStopper_Stop() {
	stop := func(ctx context.Context, b backfill.Backfill) error {
		return b.Stop(ctx) // one that has ended, or was never started, is a success too
	}
	_ = stop
}

// Reject the gates at which nobody has decided for a day.
func ExampleGatekeeper() {
	reject := func(ctx context.Context, b backfill.Backfill) error {
		gates, err := b.Gates(ctx)
		if err != nil {
			return err
		}
		var ids []string
		for _, gate := range gates {
			if time.Since(gate.Since) > 24*time.Hour {
				ids = append(ids, gate.ID)
			}
		}
		if len(ids) == 0 {
			return nil
		}
		_, err = b.Reject(ctx, backfill.Rejection{Gates: ids, Message: "nobody has decided for a day"})
		if errors.Is(err, workflow.ErrNotSuspended) {
			return nil // decided in the meantime
		}
		return err
	}
	_ = reject
}

// Double the workers of a backfill that runs.
func ExampleKeeper_Scale() {
	double := func(ctx context.Context, b backfill.Backfill, workers int) error {
		err := b.Scale(ctx, 2*workers)
		if errors.Is(err, backfill.ErrNoWorkers) {
			return fmt.Errorf("no step has made them yet: %w", err)
		}
		return err
	}
	_ = double
}

// Put an archive back, so that a backfill goes on from it.
func ExampleKeeper_Restore() {
	restore := func(ctx context.Context, b backfill.Backfill, file string) error {
		written, err := b.Restore(ctx, file)
		if err != nil {
			return err // after written documents; those are left alone the next time
		}
		fmt.Println(written, "documents")
		return nil
	}
	_ = restore
}

// Show what was understood of a configuration. Its secrets mask themselves.
func ExampleReporter_Describe() {
	describe := func(b backfill.Backfill) {
		cfg := b.Describe()
		fmt.Println(cfg.TargetCluster.Endpoint, cfg.Snapshot.Name, cfg.Backfill.Provider)
	}
	_ = describe
}
