package argoserver

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"metadata":{"uid":"1","namespace":"ma"},"status":{"startedAt":"2026-11-30T12:00:00Z","phase":"Failed"}}`,
		`{"metadata":{"continue":"100"},"items":[{"metadata":{"uid":"1","namespace":"ma"},"status":{"startedAt":null}}]}`,
		`{"metadata":{},"items":null}`,
		`{"kind":1,"metadata":[],"items":{},"status":""}`,
		`null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if u, err := decode(document); err == nil {
			if u.GetKind() != kind {
				t.Errorf("a %s was accepted", u.GetKind())
			}
			_, _ = workflow.HistoryQuery{StartedAfter: time.Now(), Phases: []status.Phase{""}}.Matches(u), u.GetUID()
		}
		rows, _, err := decodeRows(document)
		if err != nil {
			return
		}
		var list map[string]any
		err = json.Unmarshal(document, &list)
		_, hasMetadata := list["metadata"].(map[string]any)
		if items, _ := list["items"].([]any); err != nil || !hasMetadata || len(items) != len(rows) {
			t.Errorf("%d rows of %d items, %v", len(rows), len(items), err)
		}
	})
}
