package backfill_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Restart a backfill that has failed. Its workers continue where those of the previous run stopped.
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
			return nil // another client restarted it first, or pods remain: try again later
		}
		return err
	}
	_ = again
}

// Stop a backfill without waiting: the workers are still running when Stop returns.
func ExampleStopper_Stop() {
	stop := func(ctx context.Context, b backfill.Backfill) error {
		return b.Stop(ctx) // also succeeds if it has ended or was never started
	}
	_ = stop
}

// Reject the gates that have waited for more than a day.
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
		_, err = b.Reject(ctx, workflow.Decision{Gates: ids, Message: "no decision for a day"})
		if errors.Is(err, workflow.ErrNotSuspended) {
			return nil // decided in the meantime
		}
		return err
	}
	_ = reject
}

// List how the runs of a session have ended, also of those whose workflow was deleted. The client has a
// History, such as a journal.
func ExampleRuns() {
	list := func(ctx context.Context, client workflow.Reader, session string) error {
		for run, err := range backfill.Runs(ctx, client, session) {
			if err != nil {
				return err
			}
			if run.State.Completed() {
				fmt.Println(run.Number, run.State, run.Workflow.EndTime, run.Workflow.Source)
			}
		}
		return nil
	}
	_ = list
}

// Double the workers of a running backfill.
func ExampleKeeper_Scale() {
	double := func(ctx context.Context, b backfill.Backfill, workers int) error {
		err := b.Scale(ctx, 2*workers)
		if errors.Is(err, backfill.ErrNoWorkers) {
			return fmt.Errorf("no step has created them yet: %w", err)
		}
		return err
	}
	_ = double
}

// Restore an archive, so that a backfill continues from it.
func ExampleKeeper_Restore() {
	restore := func(ctx context.Context, b backfill.Backfill, file string) error {
		written, err := b.Restore(ctx, file)
		if err != nil {
			return err // after that many documents; the next call skips them
		}
		fmt.Println(written, "documents")
		return nil
	}
	_ = restore
}

// Print a configuration as it was read. Its secrets are masked.
func ExampleReporter_Describe() {
	describe := func(b backfill.Backfill) {
		cfg := b.Describe()
		fmt.Println(cfg.TargetCluster.Endpoint, cfg.Snapshot.Name, cfg.Backfill.Provider)
	}
	_ = describe
}
