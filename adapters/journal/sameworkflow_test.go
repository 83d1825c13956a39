package journal_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Two processes record one workflow at the same time: the one that has created it, and one that has found it
// by its key. Whatever the order, it keeps its key.
func TestWorkflowThatTwoProcessesRecordKeepsItsKey(t *testing.T) {
	p := onServer(t)
	first, second := p.open(t, journal.Options{}), p.open(t, journal.Options{})
	if err := first.RecordStart(t.Context(), start("w", "k", "one"), ""); err != nil {
		t.Fatal(err)
	}
	// The first process's transaction, which has not been committed yet.
	db := p.database(t)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "UPDATE argoservice_journal_records SET uid = 'u', version = 1, started = 1 WHERE key_hash = 'k' AND uid = ''"); err != nil {
		t.Fatal(err)
	}
	w := state{name: "w", uid: "u", key: "k", call: "one", version: 2}
	done := make(chan error, 1)
	go func() { done <- second.RecordCreated(t.Context(), w.object()) }()
	eventually(t, func() error {
		var blocked int
		err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&blocked)
		if err == nil && blocked == 0 {
			err = errors.New("the second process has not come so far")
		}
		return err
	})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil && !errors.Is(err, workflow.ErrHistory) { // it is stored later
		t.Error(err)
	}
	if err := second.Close(); err != nil { // which stores what is queued
		t.Fatal(err)
	}
	if uids := uidsOf(t, first, "k"); len(uids) != 1 || uids[0] != "u" {
		t.Errorf("the key is of %q", uids)
	}
	if err := first.RecordStart(t.Context(), start("w", "k", "two"), ""); !errors.Is(err, workflow.ErrAlreadyExists) {
		t.Errorf("the key can be used again: %v", err)
	}
}

// The same without a hand in the database: many workflows, each recorded by two processes at once.
func TestWorkflowsThatTwoProcessesRecord(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		const many = 500
		first, second := p.open(t, journal.Options{}), p.open(t, journal.Options{})
		var calls sync.WaitGroup
		for i := range many {
			calls.Go(func() {
				name := fmt.Sprintf("w-%d", i)
				if err := first.RecordStart(t.Context(), start(name, "key-"+name, "one"), ""); err != nil {
					t.Error(err)
					return
				}
				w := state{name: name, uid: "uid-" + name, key: "key-" + name, call: "one", version: 1}
				var both sync.WaitGroup
				both.Go(func() { _ = first.RecordCreated(t.Context(), w.object()) })
				both.Go(func() {
					w := w
					w.version, w.phase, w.started = 2, status.PhaseRunning, "2026-11-01T09:00:01Z"
					_ = second.RecordCreated(t.Context(), w.object())
				})
				both.Wait()
			})
		}
		calls.Wait()
		for _, j := range []*journal.Journal{first, second} {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
		j, lost := p.open(t, journal.Options{}), 0
		for i := range many {
			if uids := uidsOf(t, j, fmt.Sprintf("key-w-%d", i)); len(uids) != 1 {
				lost++
			}
		}
		if lost > 0 {
			t.Errorf("%d of %d workflows have lost their keys", lost, many)
		}
	})
}
