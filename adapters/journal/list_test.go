package journal_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func selector(t *testing.T, text string) labels.Selector {
	t.Helper()
	s, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Workflows are recorded and become too old while a caller ranges over the list.
func TestListByKeyset(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		j := p.open(t, journal.Options{})
		base := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
		const count = 250
		for i := range count {
			name := fmt.Sprintf("w-%d", i)
			created(t, j, state{
				name: name, uid: name, key: "key-" + name, version: 1, started: base.Add(time.Duration(i/10) * time.Minute).Format(time.RFC3339),
				phase:  []status.Phase{status.PhaseSucceeded, status.PhaseRunning}[i%2],
				labels: map[string]any{"shard": fmt.Sprint(i % 5)},
			})
		}
		created(t, j, state{name: "elsewhere", uid: "unstarted", version: 1}) // created, but not started
		list := func(query workflow.HistoryQuery) (names []string) {
			query.Namespace = "ma"
			var last time.Time
			for u, err := range j.List(t.Context(), query) {
				s := read(t, u, err)
				if !last.IsZero() && s.StartTime.After(last) {
					t.Errorf("%s is out of order", s.Name)
				}
				last = s.StartTime
				if names = append(names, s.Name); len(names) == 150 { // newer than all
					created(t, j, state{name: "late", uid: "late", version: 1, phase: status.PhaseRunning, started: base.Add(time.Hour).Format(time.RFC3339)})
				}
			}
			return names
		}
		seen := map[string]int{}
		for _, name := range list(workflow.HistoryQuery{}) {
			seen[name]++
		}
		if len(seen) != count+1 || seen["late"] > 0 {
			t.Errorf("%d workflows", len(seen))
		}
		for name, times := range seen {
			if times != 1 {
				t.Errorf("%s is listed %d times", name, times)
			}
		}
		for name, tc := range map[string]struct {
			query workflow.HistoryQuery
			want  int
		}{
			"phase":          {workflow.HistoryQuery{Phases: []status.Phase{status.PhaseRunning, status.PhaseFailed}}, count/2 + 1},
			"no phase":       {workflow.HistoryQuery{Phases: []status.Phase{""}}, 1},
			"after":          {workflow.HistoryQuery{StartedAfter: base.Add(23 * time.Minute)}, 11},
			"before":         {workflow.HistoryQuery{StartedBefore: base.Add(time.Minute)}, 11}, // with the one that did not start
			"between":        {workflow.HistoryQuery{StartedAfter: base, StartedBefore: base.Add(2 * time.Minute)}, 10},
			"label":          {workflow.HistoryQuery{Selector: selector(t, "shard in (1,2)")}, 2 * count / 5},
			"key":            {workflow.HistoryQuery{Selector: selector(t, "argoservice.opensearch.org/idempotency-key=key-w-7")}, 1},
			"key and label":  {workflow.HistoryQuery{Selector: selector(t, "argoservice.opensearch.org/idempotency-key=key-w-7,shard=3")}, 0},
			"no such key":    {workflow.HistoryQuery{Selector: selector(t, "argoservice.opensearch.org/idempotency-key=none")}, 0},
			"without a key":  {workflow.HistoryQuery{Selector: selector(t, "!argoservice.opensearch.org/idempotency-key")}, 2},
			"label and time": {workflow.HistoryQuery{Selector: selector(t, "shard=1"), StartedBefore: base.Add(time.Minute)}, 2},
		} {
			if got := list(tc.query); len(got) != tc.want {
				t.Errorf("%s: %d workflows, want %d", name, len(got), tc.want)
			}
		}
		for _, err := range j.List(t.Context(), workflow.HistoryQuery{Namespace: "other"}) {
			t.Error("a workflow of another namespace", err)
		}
		all := 0
		for _, err := range j.List(t.Context(), workflow.HistoryQuery{}) {
			if all++; err != nil {
				t.Error(err)
			}
		}
		if all != count+2 {
			t.Errorf("%d workflows of all namespaces", all)
		}
	})
}
