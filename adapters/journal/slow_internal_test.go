package journal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// stalled is a database that takes connections and answers nothing.
type stalled struct{ driver.Conn }

func (s stalled) Connect(context.Context) (driver.Conn, error) { return s, nil }
func (s stalled) Driver() driver.Driver                        { return nil }
func (s stalled) Close() error                                 { return nil }

func (s stalled) QueryContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Rows, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A call without a deadline of its own ends nevertheless.
func TestReadsOfADatabaseThatDoesNotAnswer(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Journal) error{
		"by UID":     func(ctx context.Context, j *Journal) error { _, err := j.ByUID(ctx, "ma", "u"); return err },
		"by name":    func(ctx context.Context, j *Journal) error { _, err := j.ByName(ctx, "ma", "w"); return err },
		"decisions":  func(ctx context.Context, j *Journal) error { _, err := j.Decisions(ctx, "ma", "u"); return err },
		"unresolved": func(ctx context.Context, j *Journal) error { _, err := j.Unresolved(ctx, "ma"); return err },
		"list": func(ctx context.Context, j *Journal) (failed error) {
			for _, err := range j.List(ctx, workflow.HistoryQuery{Namespace: "ma"}) {
				failed = err
			}
			return failed
		},
		"open": func(ctx context.Context, j *Journal) error {
			_, err := OpenPostgreSQL(ctx, j.db, Options{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := sql.OpenDB(stalled{})
				defer func() { _ = db.Close() }()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				err := call(ctx, newJournal(db, postgreSQL(), Options{}))
				var failed *databaseError
				if took := time.Since(began); !errors.As(err, &failed) || !failed.Transient() || !errors.Is(err, errSlow) || took > time.Minute {
					t.Errorf("%v after %v", err, took)
				}
				cancel()
				if err := call(ctx, newJournal(db, postgreSQL(), Options{})); !errors.Is(err, context.Canceled) || errors.As(err, &failed) {
					t.Errorf("a call of which the context has ended: %v", err)
				}
			})
		})
	}
}
