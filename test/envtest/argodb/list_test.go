package argodb_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func parse(t *testing.T, selector string) labels.Selector {
	t.Helper()
	parsed, err := labels.Parse(selector)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func typesUID(uid string) types.UID { return types.UID(uid) }

// uids lists, and joins the UIDs.
func uids(t *testing.T, d *argodb.Database, query workflow.HistoryQuery) string {
	t.Helper()
	var all []string
	for u, err := range d.List(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(u.GetUID()))
	}
	return strings.Join(all, " ")
}

func TestListSelects(t *testing.T) {
	onEachSchema(t, func(t *testing.T, s *scene) {
		s.archive(t,
			archived{uid: "1", started: noon, labels: map[string]string{"key": "a", "tier": "x", "n": "1"}},
			archived{uid: "2", started: noon.Add(time.Hour), labels: map[string]string{"key": "b", "n": "2"}, phase: "Failed"},
			archived{uid: "3", started: noon.Add(2 * time.Hour), labels: map[string]string{"key": "A"}, phase: "Error"},
			archived{uid: "4", started: noon.Add(3 * time.Hour), labels: map[string]string{"tier": "x"}, name: "other"},
		)
		d := s.database(t)
		for selector, want := range map[string]string{
			"":              "4 3 2 1",
			"key=a":         "1",
			"key==a":        "1",
			"key in (a, b)": "2 1",
			"key":           "3 2 1",
			"!key":          "4",
			"key!=a":        "4 3 2",
			"key notin (a)": "4 3 2",
			"key=a,tier=x":  "1",
			"tier=x,!key":   "4",
			"n>1":           "2",
			"n<2":           "1",
			"key=a,tier!=x": "",
			"absent=a":      "",
		} {
			if got := uids(t, d, workflow.HistoryQuery{Namespace: "ma", Selector: parse(t, selector)}); got != want {
				t.Errorf("%s: %s, not %s", selector, got, want)
			}
		}
		for want, query := range map[string]workflow.HistoryQuery{
			"":    {Selector: labels.Nothing()},
			"3 2": {Phases: []status.Phase{status.PhaseFailed, status.PhaseError}},
			"4 3": {StartedAfter: noon.Add(time.Hour)},
			"1":   {StartedBefore: noon.Add(time.Hour)},
			"2":   {StartedAfter: noon, StartedBefore: noon.Add(2 * time.Hour), Namespace: "ma"},
		} {
			if got := uids(t, d, query); got != want {
				t.Errorf("%+v: %q, not %q", query, got, want)
			}
		}
	})
}

// The columns have the local clock of the controller.
func TestListByTimeInAnyZone(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		for i, local := range []time.Duration{-12 * time.Hour, 0, 14 * time.Hour} {
			s.archive(t, archived{uid: fmt.Sprint(i), namespace: fmt.Sprint("ns", i), started: noon, local: local})
		}
		tokyo := time.FixedZone("", 9*3600)
		for want, query := range map[string]workflow.HistoryQuery{
			"2 1 0": {StartedAfter: noon.Add(-time.Second).In(tokyo), StartedBefore: noon.Add(time.Second).In(tokyo)},
			"":      {StartedAfter: noon},
		} {
			if got := uids(t, s.database(t), query); got != want {
				t.Errorf("%+v: %q", query, got)
			}
		}
		if got := uids(t, s.database(t), workflow.HistoryQuery{StartedBefore: noon}); got != "" {
			t.Errorf("%q", got)
		}
	})
}

// Pages begin in the middle of workflows that started in the same moment, and rows come and go.
func TestListPages(t *testing.T) {
	onEachSchema(t, func(t *testing.T, s *scene) {
		const many = 1203
		rows := make([]archived, many)
		for i := range rows {
			rows[i] = archived{uid: fmt.Sprintf("%04d", i), started: noon.Add(time.Duration(i/700) * time.Second)}
		}
		s.archive(t, rows...)
		var got []string
		for u, err := range s.database(t).List(t.Context(), workflow.HistoryQuery{Namespace: "ma"}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(u.GetUID()))
			switch len(got) {
			case 1: // the row after the next one, the place between two pages, and a row of the last page
				exec(t, s.db, "delete from argo_archived_workflows where uid in ('1200', '0703', '0000')")
				s.archive(t, archived{uid: "new", started: noon.Add(time.Hour)})
			case 600:
				exec(t, s.db, "delete from argo_archived_workflows where uid = '"+got[len(got)-1]+"'")
			}
		}
		var want []string
		for i := many - 1; i >= 0; i-- {
			if i != 1200 && i != 703 && i != 0 {
				want = append(want, fmt.Sprintf("%04d", i))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d rows, not %d: %.200v", len(got), len(want), got)
		}
	})
}

func TestListEnds(t *testing.T) {
	onEach(t, func(t *testing.T, s *scene) {
		s.createSchema(t, newestSchema)
		s.archive(t, archived{uid: "1"}, archived{uid: "2"}, archived{uid: "3"})
		seen := 0
		for _, err := range s.database(t).List(t.Context(), workflow.HistoryQuery{}) {
			if seen++; err != nil {
				t.Error(err)
			}
			break
		}
		if inUse := s.db.Stats().InUse; seen != 1 || inUse != 0 {
			t.Errorf("%d, %d connections in use", seen, inUse)
		}
		// An error ends it.
		exec(t, s.db, "update argo_archived_workflows set workflow = '[]' where uid = '2'")
		var failed error
		seen = 0
		for u, err := range s.database(t).List(t.Context(), workflow.HistoryQuery{}) {
			if err != nil {
				failed = err
				continue
			}
			seen++
			_ = u
		}
		var typed *argodb.Error
		if seen != 1 || !errors.As(failed, &typed) || typed.Op != argodb.OpList || typed.UID != "2" || !errors.Is(failed, workflow.ErrHistory) {
			t.Errorf("%d, %v", seen, failed)
		}
	})
}
