package opensearch_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// sent counts the requests of a method to a path.
func sent(cluster *double.Cluster, method, path string) int {
	n := 0
	for _, r := range cluster.Requests() {
		if r.Method == method && strings.HasSuffix(r.Path, path) {
			n++
		}
	}
	return n
}

func TestReadsAreRepeated(t *testing.T) {
	for name, f := range map[string]double.Fault{
		"429": {Status: 429}, "502": {Status: 502}, "503": {Status: 503}, "504": {Status: 504}, "cut": {Cut: true}, "answer lost": {CutAfter: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, cluster := onDouble(t)
			p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
			f.Path, f.Times = "/*/_msearch", 2
			cluster.Inject(f)
			if got := p.counts(t); got.Total != 1 {
				t.Errorf("%+v", got)
			}
			if n := sent(cluster, http.MethodPost, "_msearch"); n != 3 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestReadsAreNotRepeatedForever(t *testing.T) {
	p, cluster := onDouble(t)
	p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
	defer cluster.Inject(double.Fault{Path: "/*/_msearch", Status: 503})()
	if _, err := p.state.Counts(t.Context(), p.index, now); !errors.Is(err, workflow.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if n := sent(cluster, http.MethodPost, "_msearch"); n != 4 {
		t.Errorf("%d requests", n)
	}
	defer cluster.Inject(double.Fault{Path: "/*/_count", Status: 500})()
	if _, err := p.state.Size(t.Context(), p.index); !errors.Is(err, workflow.ErrUnavailable) || sent(cluster, http.MethodGet, "_count") != 2 { // before and after the refresh
		t.Errorf("%v", err)
	}
}

func TestWritesAreNotRepeated(t *testing.T) {
	for _, f := range []double.Fault{{Status: 503}, {Status: 429}, {Cut: true}, {CutAfter: true}} {
		p, cluster := onDouble(t)
		p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
		bulks := sent(cluster, http.MethodPost, "_bulk")
		for _, path := range []string{"/*/_bulk", "/*"} {
			f.Path = path
			cluster.Inject(f)
		}
		if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, workflow.ErrUnavailable) {
			t.Errorf("%+v: %v", f, err)
		}
		if _, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("b", "{}"))); !errors.Is(err, workflow.ErrUnavailable) {
			t.Errorf("%+v: %v", f, err)
		}
		if n := sent(cluster, http.MethodDelete, p.index); n != 1 {
			t.Errorf("%+v: deleted %d times", f, n)
		}
		want := 1
		if f.Status == http.StatusTooManyRequests { // the index was not created
			want = 12
		}
		if n := sent(cluster, http.MethodPut, p.index); n != want {
			t.Errorf("%+v: made %d times", f, n)
		}
		if n := sent(cluster, http.MethodPost, "_bulk") - bulks; n != 0 {
			t.Errorf("%+v: %d bulks without an index", f, n)
		}
	}
	p, cluster := onDouble(t)
	cluster.Inject(double.Fault{Path: "/*/_bulk", CutAfter: true})
	if _, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("b", "{}"))); !errors.Is(err, workflow.ErrUnavailable) || sent(cluster, http.MethodPost, "_bulk") != 1 {
		t.Errorf("%v", err)
	}
}

func TestNothingListens(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	state := connect(t, backfill.Cluster{Endpoint: endpoint}, opensearch.Options{})
	_, err = state.Counts(t.Context(), ".migrations_working_state", now)
	if !errors.Is(err, workflow.ErrUnavailable) || !strings.Contains(err.Error(), "the cluster is unavailable") || strings.Contains(err.Error(), "Kubernetes") {
		t.Errorf("%v", err)
	}
}

func TestTimeoutOfARequest(t *testing.T) {
	p, cluster := onDouble(t, func(_ *double.Options, _ *backfill.Cluster, o *opensearch.Options) { o.Timeout = 50 * time.Millisecond })
	cluster.Inject(double.Fault{Path: "/*/_msearch", Delay: time.Hour})
	_, err := p.state.Counts(t.Context(), p.index, now)
	if !errors.Is(err, workflow.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("%v", err)
	}
	if n := sent(cluster, http.MethodPost, "_msearch"); n > 1 {
		t.Errorf("%d requests", n)
	}
}

// The error unwraps to the cause of the context, whatever was in progress.
func TestContextEnds(t *testing.T) {
	because := errors.New("the service shuts down")
	for name, f := range map[string]double.Fault{
		"while it waits for an answer":  {Delay: time.Hour},
		"before it asks again":          {Status: 503},
		"before it connects once again": {Cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, cluster := onDouble(t)
			opensearch.SetPauses(p.state, time.Hour, time.Hour)
			cluster.Inject(f)
			ctx, cancel := context.WithCancelCause(t.Context())
			timer := time.AfterFunc(100*time.Millisecond, func() { cancel(because) })
			defer timer.Stop()
			_, err := p.state.Counts(ctx, p.index, now)
			if !errors.Is(err, because) || !errors.Is(err, context.Canceled) || errors.Is(err, workflow.ErrUnavailable) {
				t.Errorf("%v", err)
			}
		})
	}
	p, cluster := onDouble(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(because)
	_, size := p.state.Size(ctx, p.index)
	_, restored := p.state.Restore(ctx, p.index, yields(nil, doc("a", "{}")))
	for _, err := range []error{size, restored, p.state.Delete(ctx, p.index)} {
		if !errors.Is(err, because) {
			t.Errorf("%v", err)
		}
	}
	if n := len(cluster.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
