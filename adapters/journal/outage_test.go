package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The database is stopped and started again. Nothing may start meanwhile; what has ended is stored once
// it is back.
func TestDatabaseIsAway(t *testing.T) {
	p := onServer(t)
	var mu sync.Mutex
	var reported []error
	j := p.open(t, journal.Options{OnError: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		reported = append(reported, err)
	}})
	if err := j.RecordStart(t.Context(), start("w", "k", "c"), ""); err != nil {
		t.Fatal(err)
	}
	created(t, j, state{name: "w", uid: "u", key: "k", version: 1})
	if err := j.RecordStart(t.Context(), start("never", "k-never", "c"), ""); err != nil {
		t.Fatal(err)
	}
	if err := server.halt(); err != nil {
		t.Log(err) // the shell's code
	}
	err := j.RecordStart(t.Context(), start("w2", "k2", "c"), "")
	var failed interface{ Transient() bool }
	if !errors.As(err, &failed) || !failed.Transient() {
		t.Errorf("it is not worth another attempt: %v", err)
	}
	if !errors.Is(err, workflow.ErrHistory) || errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := j.ByName(t.Context(), "ma", "w"); !errors.Is(err, workflow.ErrHistory) || errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, err := range j.List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
		if !errors.Is(err, workflow.ErrHistory) {
			t.Errorf("%v", err)
		}
	}
	j.Observed(t.Context(), state{name: "w", uid: "u", key: "k", version: 2, phase: status.PhaseFailed}.status())
	j.Decided(t.Context(), workflow.DecisionRecord{Op: workflow.OpApprove, Namespace: "ma", Name: "w", UID: "u", At: time.Now()})
	if err := j.RecordRefused(t.Context(), start("never", "k-never", "c")); !errors.Is(err, workflow.ErrHistory) {
		t.Errorf("%v", err)
	}
	if err := server.run(); err != nil {
		t.Fatal(err)
	}
	stored(t, j, state{uid: "u", version: 2})
	eventually(t, func() error {
		starts, err := j.Unresolved(t.Context(), "ma")
		if err == nil && len(starts) > 0 {
			err = fmt.Errorf("%v are not released", starts)
		}
		return err
	})
	eventually(t, func() error {
		decisions, err := j.Decisions(t.Context(), "ma", "u")
		if err == nil && len(decisions) != 1 {
			err = fmt.Errorf("%d decisions", len(decisions))
		}
		return err
	})
	mu.Lock()
	defer mu.Unlock()
	if len(reported) == 0 {
		t.Error("no failure was reported")
	}
	for _, err := range reported {
		if !errors.Is(err, workflow.ErrHistory) {
			t.Errorf("%v", err)
		}
	}
}

// A process that holds the lock of the file for long makes the others wait.
func TestFileIsLocked(t *testing.T) {
	p := inFile(t)
	j := p.open(t, journal.Options{})
	unlock := p.lock(t)
	stored := make(chan error)
	go func() { stored <- j.RecordStart(t.Context(), start("w", "k", "c"), "") }()
	if _, err := j.ByName(t.Context(), "ma", "w"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("a reader waits for a writer: %v", err)
	}
	select {
	case err := <-stored:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(100 * time.Millisecond): // it would have failed at once
	}
	unlock()
	if err := <-stored; err != nil {
		t.Error(err)
	}
}

// A start gives up while another process keeps the file locked. It was not sent, so its key is free.
func TestRefusalOutlivesItsCaller(t *testing.T) {
	p := inFile(t)
	j := p.open(t, journal.Options{Retention: -1})
	unlock := p.lock(t)
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- j.RecordStart(ctx, start("w", "k", "c"), "") }()
	time.Sleep(100 * time.Millisecond) // mostly it reaches the database in that time
	giveUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := j.RecordRefused(ctx, start("w", "k", "c")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	unlock()
	if err := j.RecordStart(t.Context(), start("next", "k-next", "c"), ""); err != nil { // what was asked before is written
		t.Fatal(err)
	}
	eventually(t, func() error {
		starts, err := j.Unresolved(t.Context(), "ma")
		if err == nil && len(starts) != 1 {
			err = fmt.Errorf("%v", starts)
		}
		return err
	})
	if err := j.RecordStart(t.Context(), start("w", "k", "another"), ""); err != nil {
		t.Error(err)
	}
}

// The server takes connections and does not answer, so that the driver gives up by itself.
func TestServerHangs(t *testing.T) {
	p := onServer(t)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var hung atomic.Int64
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() {
				defer func() { _ = from.Close() }()
				if hung.Add(1) <= 2 {
					_, _ = io.Copy(io.Discard, from) // until the driver closes it
					return
				}
				to, err := new(net.Dialer).DialContext(context.Background(), "unix", server.dir+"/.s.PGSQL.5432")
				if err != nil {
					t.Error(err)
					return
				}
				go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
				_, _ = io.Copy(from, to)
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); connections.Wait() })
	_, name, _ := strings.Cut(p.source, "dbname=")
	source := fmt.Sprintf("host=127.0.0.1 port=%d user=journal dbname=%s sslmode=disable connect_timeout=1", listener.Addr().(*net.TCPAddr).Port, name)
	created(t, place{p.driver, source}.open(t, journal.Options{OnError: func(error) {}}), state{name: "w", uid: "u", version: 1})
	if n := hung.Load(); n < 3 {
		t.Errorf("%d connections", n)
	}
}

func TestTablesOfALaterVersion(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		created(t, j, state{name: "w", uid: "u", version: 1})
		if s := byUID(t, p.open(t, journal.Options{}), "u"); s.Name != "w" {
			t.Errorf("%+v", s)
		}
		if _, err := p.database(t).ExecContext(t.Context(), "UPDATE argoservice_journal_schema SET version = 99"); err != nil {
			t.Fatal(err)
		}
		var err error
		if p.driver == "sqlite" {
			_, err = journal.OpenSQLite(t.Context(), p.source, journal.Options{})
		} else {
			_, err = journal.OpenPostgreSQL(t.Context(), p.database(t), journal.Options{})
		}
		if !errors.Is(err, workflow.ErrHistory) || !contains(err, "update it") {
			t.Errorf("%v", err)
		}
	})
}

// A role that may not create anything can use the tables that are there.
func TestLeastRights(t *testing.T) {
	p := onServer(t)
	created(t, p.open(t, journal.Options{}), state{name: "w", uid: "u", version: 1})
	db := p.database(t)
	for _, statement := range []string{
		"DROP ROLE IF EXISTS modest", "CREATE ROLE modest LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON argoservice_journal_records, argoservice_journal_decisions TO modest",
		"GRANT SELECT ON argoservice_journal_schema TO modest",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	modest := place{p.driver, p.source + " user=modest"}
	j := modest.open(t, journal.Options{Retention: time.Hour})
	if err := j.RecordStart(t.Context(), start("w2", "k", "c"), ""); err != nil {
		t.Error(err)
	}
	created(t, j, state{name: "w2", uid: "u2", key: "k", version: 1})
	refused(t, j, start("w3", "k3", "c"))
	j.Decided(t.Context(), workflow.DecisionRecord{Op: workflow.OpApprove, Namespace: "ma", Name: "w", UID: "u", At: time.Now()})
	for _, uid := range []string{"u", "u2"} {
		byUID(t, j, uid)
	}
}
