package journal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Two clusters have the same namespace, and clients of both share a database.
func TestClustersInOneDatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		east := p.open(t, journal.Options{Cluster: "east", Retention: -1})
		west := p.open(t, journal.Options{Retention: -1}) // the default name
		for _, j := range []*journal.Journal{east, west} {
			if err := j.RecordStart(t.Context(), start("stuck", "k-stuck", "c"), ""); err != nil {
				t.Errorf("a key of the other cluster: %v", err)
			}
		}
		theirs := state{name: "w", uid: "u", key: "k", version: 1, phase: status.PhaseSucceeded}
		created(t, east, theirs)
		decision := workflow.DecisionRecord{Op: workflow.OpApprove, Namespace: "ma", Name: "w", UID: "u", At: time.Now()}
		east.Decided(t.Context(), decision)
		eventually(t, func() error {
			d, err := east.Decisions(t.Context(), "ma", "u")
			if err == nil && len(d) != 1 {
				err = fmt.Errorf("%d decisions", len(d))
			}
			return err
		})
		if err := west.RecordStart(t.Context(), start("w", "k", "c"), ""); err != nil {
			t.Errorf("a key of the other cluster: %v", err)
		}
		refused(t, west, start("w", "k", "c"))
		if _, err := west.ByUID(t.Context(), "ma", "u"); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if _, err := west.ByName(t.Context(), "ma", "w"); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if d, err := west.Decisions(t.Context(), "ma", "u"); err != nil || len(d) > 0 {
			t.Errorf("%v %v", d, err)
		}
		for _, namespace := range []string{"ma", ""} {
			for _, err := range west.List(t.Context(), workflow.HistoryQuery{Namespace: namespace}) {
				t.Error("a workflow of the other cluster is listed", err)
			}
		}
		if uids := uidsOf(t, west, "k"); len(uids) > 0 {
			t.Errorf("%q", uids)
		}
		// The same workflow of both, as after a backup of one was restored in the other.
		created(t, west, state{name: "w", uid: "u", key: "k", version: 2, phase: status.PhaseFailed})
		if s := byUID(t, east, "u"); s.Phase != status.PhaseSucceeded {
			t.Errorf("%s", s.Phase)
		}
		starts, err := west.Unresolved(t.Context(), "ma")
		if err != nil || len(starts) != 1 {
			t.Fatalf("%v %v", starts, err)
		}
		if err := west.Release(t.Context(), starts[0]); err != nil {
			t.Error(err)
		}
		if starts, err = east.Unresolved(t.Context(), "ma"); err != nil || len(starts) != 1 {
			t.Errorf("%v %v", starts, err)
		}

		for _, aging := range []string{
			"UPDATE argoservice_journal_records SET updated = updated - 5400000000",
			"UPDATE argoservice_journal_decisions SET decided = decided - 5400000000",
		} {
			if _, err := p.database(t).ExecContext(t.Context(), aging); err != nil {
				t.Fatal(err)
			}
		}
		deletes := p.open(t, journal.Options{Retention: time.Hour})
		eventually(t, func() error {
			if _, err := deletes.ByUID(t.Context(), "ma", "u"); !errors.Is(err, workflow.ErrNotFound) {
				return errors.Join(err, errors.New("it is still there"))
			}
			return nil
		})
		byUID(t, east, "u")
		if d, err := east.Decisions(t.Context(), "ma", "u"); err != nil || len(d) != 1 {
			t.Errorf("%v %v", d, err)
		}
	})
}

func TestInvalidCluster(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 254), "a\x00", "\xff"} {
		if _, err := journal.OpenSQLite(t.Context(), inFile(t).source, journal.Options{Cluster: name}); !errors.Is(err, workflow.ErrInvalid) || !contains(err, "options.cluster") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
