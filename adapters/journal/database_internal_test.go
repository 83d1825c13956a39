package journal

import (
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// newDatabase returns a journal in a new file, whose writer does not run.
func newDatabase(t *testing.T) *Journal {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := migrate(t.Context(), db, sqlite()); err != nil {
		t.Fatal(err)
	}
	return newJournal(db, sqlite(), Options{Cluster: "c", Retention: time.Hour, MaxObject: DefaultMaxObject, OnError: func(err error) { t.Error(err) }})
}

// Look-ups that a start waits for, those of each state, and the first page of a list use the index that is
// made for them.
func TestLookUpsUseAnIndex(t *testing.T) {
	j := newDatabase(t)
	first := position{started: math.MaxInt64, id: math.MaxInt64}
	page := func(selector string) string {
		s, err := labels.Parse(selector)
		if err != nil {
			t.Fatal(err)
		}
		conditions, _ := conditionsOf("c", workflow.HistoryQuery{Namespace: "ma", Selector: s}, first)
		return strings.Join(conditions, " AND ") + " ORDER BY started DESC, id DESC LIMIT 100"
	}
	for condition, index := range map[string]string{
		withUID: "uid",
		withKey: "key",
		"cluster = $1 AND namespace = $2 AND name = $3 AND uid <> '' ORDER BY started DESC, id DESC LIMIT 1": "name",
		"cluster = $1 AND namespace = $2 AND uid = '' ORDER BY id LIMIT $3":                                  "unresolved",
		"cluster = $1 AND updated < $2 AND uid <> '' LIMIT 100":                                              "updated",
		page(""):                          "started",
		page("team=search"):               "started",
		page(labelSession + "=s"):         "session",
		page(labelKey + "=k"):             "key",
		page(labelKey + "=k,team=search"): "key",
	} {
		args := make([]any, strings.Count(condition, "$"))
		for i := range args {
			args[i] = "x"
		}
		rows, err := j.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN SELECT object FROM "+recordsTable+" WHERE "+condition, args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "; ")
		if !strings.Contains(text, "SEARCH "+recordsTable+" USING INDEX "+recordsTable+"_"+index+" ") ||
			strings.Contains(text, "TEMP B-TREE") && index != "key" { // which has one record
			t.Errorf("%s: %s", condition, text)
		}
	}
}

// What is too old is deleted a little at a time, so that a start does not wait for all of it.
func TestCollectIsBounded(t *testing.T) {
	j := newDatabase(t)
	const count = 2*mostRecordsDeleted + 1
	old := time.Now().Add(-2 * time.Hour).UnixMicro()
	err := j.transact(t.Context(), func(tx *sql.Tx) error {
		for i := range count {
			if err := j.store(t.Context(), tx, record{cluster: "c", namespace: "ma", name: "w", uid: uidOf(i)}); err != nil {
				return err
			}
			decision, err := insertDecision(workflow.DecisionRecord{Namespace: "ma", UID: uidOf(i), At: time.UnixMicro(old)}, "c")
			if err == nil {
				err = decision(t.Context(), tx)
			}
			if err != nil {
				return err
			}
		}
		return exec(t.Context(), tx, "UPDATE "+recordsTable+" SET updated = $1", old)
	})
	if err != nil {
		t.Fatal(err)
	}
	for left := count; left > 0; {
		more := j.collect(t.Context())
		left = max(0, left-mostRecordsDeleted)
		for _, table := range []string{recordsTable, decisionsTable} {
			var got int
			if err := j.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&got); err != nil || got != left {
				t.Fatalf("%s has %d rows, want %d: %v", table, got, left, err)
			}
		}
		if more != (left > 0) {
			t.Errorf("%d are left, more: %t", left, more)
		}
	}
}

func uidOf(i int) types.UID { return types.UID(fmt.Sprint("u-", i)) }
