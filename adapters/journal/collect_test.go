package journal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
)

// A workflow is recorded again at the moment at which another process deletes what is too old.
func TestRecordThatIsRenewedWhileOldOnesAreDeleted(t *testing.T) {
	p := onServer(t)
	created(t, p.open(t, journal.Options{Retention: -1}), state{name: "w", uid: "u", key: "k", version: 1})
	db := p.database(t)
	if _, err := db.ExecContext(t.Context(), "UPDATE argoservice_journal_records SET updated = updated - 7200000000"); err != nil {
		t.Fatal(err)
	}
	// The transaction that records its end, which has not been committed yet.
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "UPDATE argoservice_journal_records SET version = 2, updated = $1 WHERE uid = 'u'", time.Now().UnixMicro()); err != nil {
		t.Fatal(err)
	}
	j := p.open(t, journal.Options{Retention: time.Hour}) // which looks at once
	eventually(t, func() error {
		var blocked int
		err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&blocked)
		if err == nil && blocked == 0 {
			err = errors.New("the other process has not come so far")
		}
		return err
	})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := j.RecordStart(t.Context(), start("other", "other", "c"), ""); err != nil { // the writer does all in turn
		t.Fatal(err)
	}
	if _, err := j.ByUID(t.Context(), "ma", "u"); err != nil {
		t.Errorf("it was recorded a moment ago: %v", err)
	}
}
