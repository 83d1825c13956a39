package journal_test

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A second client that is behind does not undo what the first one has recorded.
func TestLatestStateCounts(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		first, second := p.open(t, journal.Options{}), p.open(t, journal.Options{})
		final := state{name: "w", uid: "u", version: 9, phase: status.PhaseFailed}
		observed(t, first, final)
		older := state{name: "w", uid: "u", version: 8, phase: status.PhaseSucceeded}
		second.Observed(t.Context(), older.status())
		if err := second.Close(); err != nil { // which stores what is queued
			t.Fatal(err)
		}
		second = p.open(t, journal.Options{})
		if s := byUID(t, second, "u"); s.Phase != status.PhaseFailed {
			t.Errorf("%s", s.Phase)
		}
		retried := state{name: "w", uid: "u", version: 10, phase: status.PhaseRunning}
		created(t, second, retried)
		if s := byUID(t, first, "u"); s.Phase != status.PhaseRunning {
			t.Errorf("after a retry: %s", s.Phase)
		}
	})
}

// A state that is not final is stored soon, without a caller that waits, and by Close at the latest.
func TestStatesBetweenAreStored(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j, reader := p.open(t, journal.Options{OnError: func(error) {}}), p.open(t, journal.Options{})
		for version := 1; version <= 100; version++ {
			j.Observed(t.Context(), state{name: "w", uid: "u", version: version, phase: status.PhaseRunning}.status())
		}
		stored(t, reader, state{uid: "u", version: 100})
		j.Observed(t.Context(), state{name: "w", uid: "u", version: 101, phase: status.PhaseRunning}.status())
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if s := byUID(t, reader, "u"); s.ResourceVersion != "101" {
			t.Errorf("%s", s.ResourceVersion)
		}
		if err := j.RecordStart(t.Context(), start("w", "k", "c"), ""); !errors.Is(err, workflow.ErrHistory) {
			t.Errorf("of a closed journal: %v", err)
		}
		j.Observed(t.Context(), state{name: "w", uid: "u2", version: 1, phase: status.PhaseFailed}.status()) // does not block
	})
}

// Many calls see ends at once, several of them the same one.
func TestManyCallsAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		var calls sync.WaitGroup
		for i := range 1000 {
			calls.Go(func() {
				name := fmt.Sprintf("w-%d", i/4)
				j.Observed(t.Context(), state{name: name, uid: name, version: 1, phase: status.PhaseRunning}.status())
				j.Observed(t.Context(), state{name: name, uid: name, version: 2, phase: status.PhaseSucceeded}.status())
			})
		}
		calls.Wait()
		if err := j.Close(); err != nil { // on a busy machine, some calls may have gone on without waiting
			t.Fatal(err)
		}
		count := 0
		for u, err := range p.open(t, journal.Options{}).List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
			if s := read(t, u, err); s.Phase != status.PhaseSucceeded {
				t.Errorf("%s: %s", s.Name, s.Phase)
			}
			count++
		}
		if count != 250 {
			t.Errorf("%d workflows", count)
		}
	})
}

func TestDecisionsAreKept(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		created(t, j, state{name: "w", uid: "u", version: 1})
		at := time.Date(2026, 11, 1, 10, 0, 0, 123456000, time.FixedZone("", 3600))
		for _, d := range []workflow.DecisionRecord{
			{Op: workflow.OpApprove, By: "jo@example.org", Message: "checked with password=hunter2", Gates: []workflow.Gate{{ID: "g", Name: "approve"}, {ID: "h", Name: "shard-1"}}, At: at},
			{Op: workflow.OpReject, Gates: []workflow.Gate{{ID: "i", Name: "last"}}, At: at.Add(time.Second)},
		} {
			d.Namespace, d.Name, d.UID = "ma", "w", "u"
			j.Decided(t.Context(), d)
		}
		var got []journal.Decision
		eventually(t, func() (err error) {
			if got, err = j.Decisions(t.Context(), "ma", "u"); err == nil && len(got) < 2 {
				err = fmt.Errorf("%d decisions", len(got))
			}
			return err
		})
		if len(got) != 2 {
			t.Fatalf("%+v", got)
		}
		if d := got[0]; d.Op != workflow.OpApprove || d.By != "jo@example.org" || d.Message != "checked with password=*****" ||
			fmt.Sprint(d.Gates) != "[approve shard-1]" || !d.At.Equal(at) || d.At.Location() != time.UTC {
			t.Errorf("%+v", d)
		}
		if d := got[1]; d.Op != workflow.OpReject || d.By != "" || d.Message != "" {
			t.Errorf("%+v", d)
		}
		if none, err := j.Decisions(t.Context(), "other", "u"); err != nil || len(none) > 0 {
			t.Errorf("%v %v", none, err)
		}
	})
}

func TestRetention(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{Retention: time.Hour})
		if err := j.RecordStart(t.Context(), start("stuck", "k", "c"), ""); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"old", "seen-again"} {
			created(t, j, state{name: name, uid: name, key: "key-" + name, version: 1})
			j.Decided(t.Context(), workflow.DecisionRecord{Op: workflow.OpApprove, Namespace: "ma", Name: name, UID: types.UID(name), At: time.Now()})
		}
		if err := j.Close(); err != nil { // which stores what is queued
			t.Fatal(err)
		}
		for _, aging := range []string{
			"UPDATE argoservice_journal_records SET recorded = recorded - 5400000000, updated = updated - 5400000000",
			"UPDATE argoservice_journal_decisions SET decided = decided - 5400000000",
		} {
			if _, err := p.database(t).ExecContext(t.Context(), aging); err != nil {
				t.Fatal(err)
			}
		}
		j = p.open(t, journal.Options{Retention: -1})
		observed(t, j, state{name: "seen-again", uid: "seen-again", key: "key-seen-again", version: 2, phase: status.PhaseSucceeded})

		j = p.open(t, journal.Options{Retention: time.Hour}) // which looks at once
		eventually(t, func() error {
			d, err := j.Decisions(t.Context(), "ma", "old") // they are deleted last
			if err == nil && len(d) > 0 {
				err = fmt.Errorf("%+v", d)
			}
			return err
		})
		if _, err := j.ByUID(t.Context(), "ma", "old"); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if s := byUID(t, j, "seen-again"); s.Phase != status.PhaseSucceeded {
			t.Errorf("%s", s.Phase)
		}
		if d, err := j.Decisions(t.Context(), "ma", "seen-again"); err != nil || len(d) != 1 {
			t.Errorf("%v %v", d, err)
		}
		if err := j.RecordStart(t.Context(), start("old", "key-old", "c"), ""); err != nil {
			t.Errorf("the key of what is too old: %v", err)
		}
		if err := j.RecordStart(t.Context(), start("stuck", "k", "c2"), ""); !errors.Is(err, workflow.ErrAlreadyExists) {
			t.Errorf("the key of an unresolved start: %v", err)
		}
	})
}

func TestInvalidOptions(t *testing.T) {
	for name, opts := range map[string]journal.Options{
		"options.retention": {Retention: time.Second},
		"options.maxObject": {MaxObject: 100},
	} {
		_, err := journal.OpenSQLite(t.Context(), inFile(t).source, opts)
		if !errors.Is(err, workflow.ErrInvalid) || err == nil || !contains(err, name) {
			t.Errorf("%v", err)
		}
	}
	p := inFile(t)
	if _, err := journal.OpenSQLite(t.Context(), p.source, journal.Options{MaxObject: 1}); err == nil {
		t.Error("an invalid option is accepted")
	}
	if _, err := os.Stat(p.source); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	created(t, p.open(t, journal.Options{}), state{name: "w", uid: "u", version: 1})
	for _, ending := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(p.source + ending); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%q: %v %v", ending, info, err)
		}
	}
	if _, err := journal.OpenPostgreSQL(t.Context(), nil, journal.Options{}); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("%v", err)
	}
	for _, path := range []string{"", t.TempDir()} {
		if _, err := journal.OpenSQLite(t.Context(), path, journal.Options{}); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
}
