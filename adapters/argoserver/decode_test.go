package argoserver

import (
	"encoding/json"
	"testing"
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
			_, _, _ = u.GetUID(), started(u), phase(u)
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
