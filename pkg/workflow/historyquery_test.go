package workflow

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestHistoryQueryMatches(t *testing.T) {
	const created, begun = "2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z"
	at := func(hour int) time.Time { return time.Date(2026, 11, 1, hour, 0, 0, 0, time.UTC) }
	object := func(metadata, state map[string]any) *unstructured.Unstructured {
		metadata["namespace"], metadata["creationTimestamp"] = "ma", created
		return &unstructured.Unstructured{Object: map[string]any{"metadata": metadata, "status": state}}
	}
	ended := object(map[string]any{"labels": map[string]any{"team": "search"}}, map[string]any{"phase": "Failed", "startedAt": begun})
	waiting := object(map[string]any{}, map[string]any{})
	odd := object(map[string]any{"labels": "none"}, map[string]any{"phase": []any{}, "startedAt": int64(1)})
	ofTeam := labels.SelectorFromSet(labels.Set{"team": "search"})
	for name, tc := range map[string]struct {
		query               HistoryQuery
		ended, waiting, odd bool
	}{
		"everything":        {HistoryQuery{}, true, true, true},
		"its namespace":     {HistoryQuery{Namespace: "ma"}, true, true, true},
		"another namespace": {HistoryQuery{Namespace: "mb"}, false, false, false},
		"a label":           {HistoryQuery{Selector: ofTeam}, true, false, false},
		"a phase":           {HistoryQuery{Phases: []status.Phase{status.PhaseError, status.PhaseFailed}}, true, false, false},
		"no phase":          {HistoryQuery{Phases: []status.Phase{""}}, false, true, true},
		"after its start":   {HistoryQuery{StartedAfter: at(10)}, false, false, false},
		"after the others":  {HistoryQuery{StartedAfter: at(9)}, true, false, false},
		"before its start":  {HistoryQuery{StartedBefore: at(10)}, false, true, true},
		"within":            {HistoryQuery{StartedAfter: at(8), StartedBefore: at(11)}, true, true, true},
	} {
		for i, wf := range []*unstructured.Unstructured{ended, waiting, odd} {
			if got, want := tc.query.Matches(wf), []bool{tc.ended, tc.waiting, tc.odd}[i]; got != want {
				t.Errorf("%s, workflow %d: %v", name, i, got)
			}
		}
	}
	if (HistoryQuery{StartedAfter: at(8)}).Matches(&unstructured.Unstructured{Object: map[string]any{}}) {
		t.Error("a workflow without any time started after one")
	}
}
