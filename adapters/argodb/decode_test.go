package argodb

import (
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestDecode(t *testing.T) {
	const document = `{"metadata":{"name":"ARGO_POSTGRES_NULL_REPLACEMENT"},"spec":{"n":9007199254740993},"status":{"startedAt":"2026-10-04T12:00:00Z"}}`
	for dialect, want := range map[Dialect]string{PostgreSQL: "\x00", MySQL: "ARGO_POSTGRES_NULL_REPLACEMENT"} {
		u, err := decode(dialect, []byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if u.GetName() != want || u.GetKind() != kind || u.GetAPIVersion() != apiVersion {
			t.Errorf("%s: %v", dialect, u.Object)
		}
		if n := u.Object["spec"].(map[string]any)["n"]; n != int64(9007199254740993) {
			t.Errorf("%T %v", n, n)
		}
	}
	for _, document := range []string{``, `null`, `[]`, `1`, `{`, `{"kind":"Pod"}`} {
		if _, err := decode(MySQL, []byte(document)); err == nil {
			t.Errorf("%s is a workflow", document)
		}
	}
}

// FuzzDecode checks that what a row holds never panics.
func FuzzDecode(f *testing.F) {
	for _, document := range []string{`{}`, `{"kind":1,"metadata":[],"status":{"startedAt":{}}}`, `{"metadata":{"labels":{"a":1}},"status":{"phase":[]}}`} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(_ *testing.T, document []byte) {
		if u, err := decode(PostgreSQL, document); err == nil {
			_, _ = workflow.HistoryQuery{StartedAfter: time.Now(), Phases: []status.Phase{""}}.Matches(u), u.GetUID()
		}
	})
}
