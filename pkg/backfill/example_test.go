package backfill_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Start the backfill that the console's configuration describes, or find the one that an earlier
// process has started.
func Example() {
	run := func(ctx context.Context, client workflow.Interface, kube dynamic.Interface, state backfill.WorkingState, yaml []byte) error {
		cfg, err := backfill.ParseConfig(yaml)
		if err != nil {
			return err // lists every problem with its path
		}
		b, err := backfill.New(cfg, backfill.Dependencies{
			Workflows:    client,
			Kubernetes:   kube,  // for Pause, Scale and the count of pods
			WorkingState: state, // for the shards; see adapters/opensearch
		})
		if err != nil {
			return err
		}
		if err := b.Create(ctx); err != nil {
			return err // says why it cannot be started
		}
		st, err := b.Start(ctx)
		if err != nil {
			return err
		}
		fmt.Println(st.Session, st.State, st.Workflow.Progress)
		return nil
	}
	_ = run
}

// Show the progress of a backfill until it has ended, and approve its gates.
func ExampleReporter() {
	run := func(ctx context.Context, b backfill.Backfill, approver string) error {
		for st, err := range b.Follow(ctx, backfill.FollowOptions{}) {
			if err != nil {
				return err
			}
			fmt.Println(st.State)
			// A part that could not be read holds an error, never zero values.
			if shards, err := st.Shards.Unwrap(); err == nil && shards.Total > 0 {
				fmt.Printf("%.0f %%, %v left\n", shards.Percentage, shards.ETA)
			}
			for _, gate := range st.Gates.Data {
				_, err := b.Approve(ctx, workflow.Decision{Gates: []string{gate.ID}, By: approver, UID: st.Workflow.UID})
				if err != nil && !errors.Is(err, workflow.ErrNotSuspended) { // another client decided otherwise
					return err
				}
			}
			for _, node := range st.Failed.Data {
				fmt.Println(status.Printable(node.DisplayName), status.Printable(node.Message))
			}
		}
		return nil
	}
	_ = run
}

// Take the load off the target for an hour. A Start from any process ends the pause.
func ExampleRunner() {
	pause := func(ctx context.Context, b backfill.Backfill) error {
		if err := b.Pause(ctx); errors.Is(err, backfill.ErrEnded) || errors.Is(err, backfill.ErrNotStarted) {
			return nil // there is nothing to pause
		} else if err != nil {
			return err // calling Pause again completes it
		}
		select {
		case <-time.After(time.Hour):
		case <-ctx.Done():
			return context.Cause(ctx) // it stays paused
		}
		_, err := b.Start(ctx)
		return err
	}
	_ = pause
}

// Stop a backfill permanently: no pod remains, and the working state is in a file.
func ExampleKeeper() {
	stop := func(ctx context.Context, b backfill.Backfill, dir string) error {
		if _, err := b.StopAndWait(ctx); err != nil {
			return err
		}
		archive, err := b.Archive(ctx, backfill.ArchiveOptions{Dir: dir, File: "demo.json"})
		if err != nil {
			return err // either the whole index or the whole file exists
		}
		fmt.Println(archive)
		return nil
	}
	_ = stop
}

// Report the documents that the workers have recorded as failed in a bucket.
func ExampleFailedDocumentsReader() {
	// list calls each with the names of objects until that returns false.
	dependencies := func(bucket string, list func(ctx context.Context, place string, each func(name string) (more bool)) error) backfill.Dependencies {
		recorded := func(ctx context.Context, session string) (backfill.FailedDocuments, error) {
			found := backfill.FailedDocuments{Presence: backfill.PresenceAbsent, Place: "s3://" + bucket + "/session=" + session + "/"}
			err := list(ctx, found.Place, func(string) (more bool) {
				found.Presence = backfill.PresencePresent
				return false // one is enough to tell
			})
			return found, err // with an error, the backfill isn't reported as completed
		}
		return backfill.Dependencies{FailedDocuments: recorded}
	}
	_ = dependencies
}

func ExampleParseConfig() {
	_, err := backfill.ParseConfig([]byte(`
target_cluster: {endpoint: https://target:9200, no_auth: , sigv4: }
backfill: {reindex_from_snapshot: {scale: 0, argo: {workflow_template: bulk-load}}}
`))
	var invalid *workflow.InvalidError
	if errors.As(err, &invalid) {
		for _, problem := range invalid.Problems {
			fmt.Println(problem.Field)
		}
	}
	// Output:
	// target_cluster
	// backfill.reindex_from_snapshot.scale
	// backfill.reindex_from_snapshot.argo.workflow_template_name
	// backfill.reindex_from_snapshot.argo.workflow_template
}
