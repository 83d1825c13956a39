package opensearch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// fill writes n documents of a given length.
func fill(t testing.TB, p *place, cluster *double.Cluster, n, length int) {
	t.Helper()
	text := strings.Repeat("x", length)
	for i := range n {
		if err := cluster.Put(p.index, fmt.Sprint("a__", i), map[string]any{"leaseHolderId": text}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDocumentsStoppedEarly(t *testing.T) {
	for _, version := range versions {
		p, cluster := onDouble(t, ofVersion(version))
		fill(t, p, cluster, 2500, 10)
		for _, after := range []int{1, 1000, 1001, 2500} {
			n := 0
			for _, err := range p.state.Documents(t.Context(), p.index) {
				if err != nil {
					t.Fatal(err)
				}
				if readers(cluster) != 1 {
					t.Fatal("no reader is open, so that this shows nothing")
				}
				if n++; n == after {
					break
				}
			}
			if n != after || readers(cluster) != 0 {
				t.Errorf("%s: %d documents, %d readers are open", version, n, readers(cluster))
			}
		}
	}
}

func TestDocumentsWhenTheContextEnds(t *testing.T) {
	for _, version := range versions {
		p, cluster := onDouble(t, ofVersion(version))
		fill(t, p, cluster, 2500, 10)
		because := errors.New("the service shuts down")
		ctx, cancel := context.WithCancelCause(t.Context())
		n, last := 0, error(nil)
		for _, err := range p.state.Documents(ctx, p.index) {
			if last = err; err == nil {
				n++
			}
			if n == 1200 {
				cancel(because)
			}
		}
		if n != 1200 || !errors.Is(last, because) || !errors.Is(last, context.Canceled) || readers(cluster) != 0 {
			t.Errorf("%s: %d documents, %v, %d readers are open", version, n, last, readers(cluster))
		}
		cancel(nil)
	}
}

// A page of a scroll whose answer was lost can't be read again, so it must not be skipped.
func TestDocumentsWithAFault(t *testing.T) {
	const scroll, page = "/_search/scroll", "/_search"
	incomplete := replace(1, `"failed":0`, `"failed":1`)
	empty := func([]byte) []byte {
		return []byte(`{"_shards":{"total":1,"successful":1},"hits":{"total":{"value":3500,"relation":"eq"},"hits":[]}}`)
	}
	for name, c := range map[string]struct {
		version string
		fault   double.Fault
		want    int
		kind    error
	}{
		"scroll: page lost":            {"1.3.20", double.Fault{Method: http.MethodPost, Path: scroll, Skip: 1, CutAfter: true, Times: 1}, 2000, workflow.ErrUnavailable},
		"scroll: page refused":         {"1.3.20", double.Fault{Method: http.MethodPost, Path: scroll, Status: 429, Times: 1}, 1000, workflow.ErrUnavailable},
		"scroll lost":                  {"1.3.20", double.Fault{Method: http.MethodPost, Path: scroll, Status: 404}, 1000, nil},
		"scroll: shard failed":         {"1.3.20", double.Fault{Method: http.MethodPost, Path: scroll, Rewrite: incomplete, Times: 1}, 1000, workflow.ErrUnavailable},
		"scroll: shard failed at once": {"1.3.20", double.Fault{Path: "/*/_search", Rewrite: incomplete}, 0, workflow.ErrUnavailable},
		"scroll: page empty too early": {"1.3.20", double.Fault{Method: http.MethodPost, Path: scroll, Skip: 1, Rewrite: empty}, 2000, nil},
		"no scroll":                    {"1.3.20", double.Fault{Path: "/*/_search", Rewrite: replace(1, `"_scroll_id"`, `"x"`)}, 0, nil},

		"page lost":                {"", double.Fault{Path: page, Skip: 1, CutAfter: true, Times: 2}, 3500, nil},
		"page refused":             {"", double.Fault{Path: page, Skip: 1, Status: 429, Times: 2}, 3500, nil},
		"shard failed":             {"", double.Fault{Path: page, Skip: 2, Rewrite: incomplete, Times: 2}, 3500, nil},
		"shard failed for good":    {"", double.Fault{Path: page, Skip: 2, Rewrite: incomplete}, 2000, workflow.ErrUnavailable},
		"timed out":                {"", double.Fault{Path: page, Rewrite: replace(1, `"timed_out":false`, `"timed_out":true`), Times: 1}, 3500, nil},
		"point in time lost":       {"", double.Fault{Path: page, Skip: 1, Status: 404}, 1000, nil},
		"page empty too early":     {"", double.Fault{Path: page, Skip: 2, Rewrite: empty}, 2000, nil},
		"the same page for ever":   {"", double.Fault{Path: page, Rewrite: always()}, 4000, nil},
		"no place":                 {"", double.Fault{Path: page, Rewrite: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"sort"`), []byte(`"x"`)) }}, 0, nil},
		"no point in time":         {"", double.Fault{Path: "/*/_search/point_in_time", Rewrite: replace(1, `"pit_id"`, `"x"`)}, 0, nil},
		"sources are not kept":     {"", double.Fault{Path: page, Rewrite: replace(2, `"_source"`, `"x"`)}, 1, nil},
		"index can't be refreshed": {"", double.Fault{Path: "/*/_refresh", Status: 403}, 0, workflow.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			p, cluster := onDouble(t, ofVersion(c.version))
			fill(t, p, cluster, 3500, 10)
			cluster.Inject(c.fault)
			n, failures, want := 0, []error(nil), 1
			if c.want == 3500 {
				want = 0
			}
			for _, err := range p.state.Documents(t.Context(), p.index) {
				if err == nil {
					n++
				} else {
					failures = append(failures, err)
				}
			}
			if n != c.want || len(failures) != want || c.kind != nil && !errors.Is(failures[0], c.kind) {
				t.Errorf("%d documents, %v", n, failures)
			}
			if open := readers(cluster); open != 0 && !strings.HasPrefix(name, "no ") { // the client never received its ID
				t.Errorf("%d readers are open", open)
			}
		})
	}
}

// always answers with the first answer.
func always() func([]byte) []byte {
	var first []byte
	return func(body []byte) []byte {
		if first == nil {
			first = body
		}
		return first
	}
}

func TestOpeningAReaderIsRepeated(t *testing.T) {
	for version, path := range map[string]string{"1.3.20": "/*/_search", "2.19.6": "/*/_search/point_in_time", "7.17.29": "/*/_pit"} {
		p, cluster := onDouble(t, ofVersion(version))
		fill(t, p, cluster, 3, 10)
		cluster.Inject(double.Fault{Path: path, Status: 503, Times: 1})
		if got := p.read(t); len(got) != 3 {
			t.Errorf("%v", got)
		}
	}
}

func TestMemoryForManyDocuments(t *testing.T) {
	const count, length, limit = 50_000, 500, 12 << 20 // 25 MB in total, and more as JSON
	p, cluster := onDouble(t)
	fill(t, p, cluster, count, length)
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse) //nolint:gosec // far below the limit of the type
	}
	before, most, n := inUse(), int64(0), 0
	counted := func(yield func(backfill.Document, error) bool) {
		for d, err := range p.state.Documents(t.Context(), p.index) {
			if n++; n%5000 == 0 {
				most = max(most, inUse()-before)
			}
			if !yield(d, err) {
				return
			}
		}
	}
	// To the end, and into a server that discards it.
	nowhere, sink := onDouble(t)
	sink.RejectWrites(func(string, string) *double.Rejection { return &double.Rejection{Status: 409} })
	written, err := nowhere.state.Restore(t.Context(), nowhere.index, counted)
	if err != nil || written != 0 || n != count {
		t.Fatalf("%d of %d, %v", written, n, err)
	}
	if most > limit {
		t.Errorf("%d MB more in use", most>>20)
	}
	t.Logf("%d MB more in use at most", most>>20)
}

func TestTwoReadersAtOnce(t *testing.T) {
	p, cluster := onDouble(t)
	fill(t, p, cluster, 1500, 10)
	done := make(chan int)
	for range 2 {
		go func() {
			n := 0
			for _, err := range p.state.Documents(t.Context(), p.index) {
				if err != nil {
					t.Error(err)
				}
				n++
			}
			done <- n
		}()
	}
	for range 2 {
		select {
		case n := <-done:
			if n != 1500 {
				t.Errorf("%d documents", n)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("they are not done")
		}
	}
}
