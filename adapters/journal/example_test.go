package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A host that has no database keeps the journal in a file.
func ExampleOpenSQLite() {
	run := func(ctx context.Context, cfg *rest.Config, folder string) (err error) {
		history, err := journal.OpenSQLite(ctx, filepath.Join(folder, "workflows.db"), journal.Options{
			Retention: 90 * 24 * time.Hour, // a key is once for as long
			OnError:   func(err error) { fmt.Fprintln(os.Stderr, err) },
		})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, history.Close()) }()
		client, err := workflow.NewForConfig(cfg, workflow.Options{History: history})
		if err != nil {
			return err
		}
		fmt.Println("recorded in namespace", client.Namespace())
		return nil
	}
	folder, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := run(context.Background(), &rest.Config{Host: "https://example"}, folder); err != nil {
		fmt.Println(err)
	}
	// Output: recorded in namespace ma
}

// Replicas of a service on several machines share a journal in the service's own database.
func ExampleOpenPostgreSQL() {
	run := func(ctx context.Context, db *sql.DB) (*journal.Journal, error) { // opened with the host's driver
		return journal.OpenPostgreSQL(ctx, db, journal.Options{})
	}
	_, err := run(context.Background(), nil)
	fmt.Println(errors.Is(err, workflow.ErrInvalid))
	// Output: true
}

// A process was killed while it started a workflow. An operator looks whether the workflow has run, and
// releases its key if it has not.
func ExampleJournal_Release() {
	release := func(ctx context.Context, history *journal.Journal, hasRun func(name string) bool) error {
		starts, err := history.Unresolved(ctx, "ma")
		if err != nil {
			return err
		}
		for _, start := range starts {
			if time.Since(start.Recorded) < time.Hour || hasRun(start.Name) {
				continue // it may be in progress, or its key must not start another one
			}
			if err := history.Release(ctx, start); err != nil {
				return err
			}
		}
		return nil
	}
	_ = release
}

// Who let a workflow pass its gates, and why.
func ExampleJournal_Decisions() {
	show := func(ctx context.Context, client workflow.Interface, history *journal.Journal) error {
		s, err := client.Get(ctx, "reindex") // also of a workflow that was deleted
		if err != nil {
			return err
		}
		decisions, err := history.Decisions(ctx, s.Namespace, s.UID)
		if err != nil {
			return err
		}
		for _, d := range decisions {
			fmt.Printf("%s %s by %s: %s\n", d.Op, d.Gates, d.By, d.Message)
		}
		return nil
	}
	_ = show
}
