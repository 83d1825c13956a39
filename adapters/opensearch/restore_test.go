package opensearch_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestRestoreOfInvalidDocuments(t *testing.T) {
	p, cluster := onDouble(t)
	for name, d := range map[string]backfill.Document{
		"no id": doc("", "{}"), "long id": doc(strings.Repeat("x", 513), "{}"), "broken id": doc("\xff", "{}"),
		"no source": doc("a", ""), "list": doc("a", "[]"), "broken": doc("a", "{"), "two": doc("a", "{}{}"), "null": doc("a", "null"),
	} {
		written, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("b", "{}"), d))
		var e *opensearch.Error
		if !errors.Is(err, workflow.ErrInvalid) || !errors.As(err, &e) || e.Document != d.ID || written != 0 {
			t.Errorf("%s: %d, %v", name, written, err)
		}
	}
	if n := len(cluster.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestRestoreSendsBatches(t *testing.T) {
	p, cluster := onDouble(t)
	big := `{"leaseHolderId":"` + strings.Repeat("x", 2<<20) + `"}`
	huge := `{"leaseHolderId":"` + strings.Repeat("x", 6<<20) + `"}`
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("1", big), doc("2", big), doc("3", big), doc("4", huge), doc("5", "{}")))
	if err != nil || written != 5 {
		t.Errorf("%d, %v", written, err)
	}
	if n := sent(cluster, http.MethodPost, "_bulk"); n != 4 { // 1 and 2; 3; 4; 5
		t.Errorf("%d requests", n)
	}
}

func TestRestoreIsVisibleAtOnce(t *testing.T) {
	p, _ := onDouble(t)
	if _, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("a", "{}"))); err != nil {
		t.Fatal(err)
	}
	if got := p.counts(t); got.Total != 1 {
		t.Errorf("%+v", got)
	}
}

func TestRestoreStopsAtAFault(t *testing.T) {
	for name, c := range map[string]struct {
		fault    double.Fault
		kind     error
		document string
	}{
		"batch refused":  {double.Fault{Path: "/*/_bulk", Skip: 1, Status: 413}, nil, ""},
		"no status":      {double.Fault{Path: "/*/_bulk", Skip: 1, Rewrite: replace(1, `"create"`, `"index"`)}, nil, "1000"},
		"too few items":  {double.Fault{Path: "/*/_bulk", Skip: 1, Rewrite: func([]byte) []byte { return []byte(`{"items":[]}`) }}, nil, ""},
		"not allowed to": {double.Fault{Method: http.MethodPut, Status: 403}, workflow.ErrForbidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, cluster := onDouble(t)
			cluster.Inject(c.fault)
			taken := 0
			written, err := p.state.Restore(t.Context(), p.index, func(yield func(backfill.Document, error) bool) {
				for taken < 9000 {
					taken++
					if !yield(doc(fmt.Sprintf("%04d", taken-1), "{}"), nil) {
						return
					}
				}
			})
			var e *opensearch.Error
			if !errors.As(err, &e) || c.kind != nil && !errors.Is(err, c.kind) || e.Document != c.document {
				t.Errorf("%v", err)
			}
			if written > 2000 || taken > 2001 {
				t.Errorf("%d written, %d taken", written, taken)
			}
		})
	}
}

// The error of the documents may be one of another restore or read; it must stay unchanged.
func TestRestoreOfDocumentsThatFail(t *testing.T) {
	from, _ := onDouble(t)
	to, cluster := onDouble(t)
	_, err := to.state.Restore(t.Context(), ".migrations_working_state_new", from.state.Documents(t.Context(), from.index))
	var e *opensearch.Error
	if !errors.Is(err, backfill.ErrNoWorkingState) || !errors.As(err, &e) || e.Op != opensearch.OpRestore || !strings.Contains(err.Error(), "read-documents "+from.index) {
		t.Errorf("%v", err)
	}
	if n := len(cluster.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
