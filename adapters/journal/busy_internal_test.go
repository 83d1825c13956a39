package journal

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A process that always has something to write, to a slow disk, leaves room for others.
func TestBusyProcessLeavesRoomForOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	open := func() *Journal {
		j, err := OpenSQLite(t.Context(), path, Options{OnError: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
		return j
	}
	busy, other := open(), open()
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for ctx.Err() == nil {
				_ = busy.do(ctx, func(context.Context, *sql.Tx) error { time.Sleep(50 * time.Millisecond); return nil })
			}
		})
	}
	defer writers.Wait()
	defer stop()
	wf := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}}
	wf.SetNamespace("ma")
	for _, name := range []string{"a", "b", "c"} {
		wf.SetName(name)
		wf.SetAnnotations(map[string]string{annotationStart: `{"name":"` + name + `","key":"k-` + name + `","id":"c","request":"r"}`})
		if err := other.RecordStart(t.Context(), wf, ""); err != nil {
			t.Error(err)
		}
	}
}

// Writes that fail together because the database is busy are not tried one by one, each of which would wait for it.
func TestBusyDatabaseIsAskedOnce(t *testing.T) {
	j := newDatabase(t)
	other, err := j.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	runs := 0
	requests := make([]request, 3)
	for i := range requests {
		requests[i] = request{done: make(chan error, 1), run: func(ctx context.Context, tx *sql.Tx) error {
			runs++
			return exec(ctx, tx, "DELETE FROM "+recordsTable)
		}}
	}
	if j.commit(t.Context(), requests, nil); runs != 1 {
		t.Errorf("%d attempts", runs)
	}
	for _, r := range requests {
		if err := <-r.done; !(&databaseError{err: err}).Transient() {
			t.Errorf("%v", err)
		}
	}
}
