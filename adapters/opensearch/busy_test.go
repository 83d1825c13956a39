package opensearch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func manyDocuments(n int) []backfill.Document {
	documents := make([]backfill.Document, n)
	for i := range documents {
		documents[i] = doc(fmt.Sprintf("%04d", i), fmt.Sprintf(`{"expiration":%d,"leaseHolderId":"a worker"}`, i))
	}
	return documents
}

// The circuit breaker refuses whole batches until its limit is raised.
func restoreIntoABusyCluster(t *testing.T, p *place) {
	undo := p.set(t, document{"network.breaker.inflight_requests.limit": "2000b"})
	opensearch.SetPauses(p.state, 200*time.Millisecond, 10*time.Second)
	result := make(chan error, 1)
	go func() {
		written, err := p.state.Restore(t.Context(), p.index, yields(nil, manyDocuments(1500)...))
		if err == nil && written != 1500 {
			err = fmt.Errorf("%d were written", written)
		}
		result <- err
	}()
	select {
	case err := <-result:
		t.Errorf("it ended while the cluster was busy: %v", err)
		result <- err
	case <-time.After(time.Second):
	}
	undo()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if got := p.read(t); len(got) != 1500 {
		t.Errorf("%d documents", len(got))
	}
}

// A server whose thread_pool.write.queue_size is small refuses the documents of some shards; others
// refuse nothing.
func restoreIntoManyShards(t *testing.T, p *place) {
	p.ask(t, http.MethodPut, "/"+p.index, strings.NewReader(`{"settings":{"number_of_shards":8}}`))
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, manyDocuments(3000)...))
	if err != nil || written != 3000 {
		t.Errorf("%d, %v", written, err)
	}
	if got := p.read(t); len(got) != 3000 {
		t.Errorf("%d documents", len(got))
	}
}

// The words of OpenSearch 2.19.6.
var rejected = &double.Rejection{Status: http.StatusTooManyRequests, Type: "rejected_execution_exception",
	Reason: "rejected execution of coordinating operation [coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0, coordinating_operation_bytes=4952, max_coordinating_and_primary_bytes=1024]"}

// Only the documents that were refused are sent again.
func TestRestoreSendsRefusedDocumentsAgain(t *testing.T) {
	p, cluster := onDouble(t)
	offered := map[string]int{}
	cluster.RejectWrites(func(_, id string) *double.Rejection {
		offered[id]++
		if strings.HasSuffix(id, "7") && offered[id] <= 2 {
			return rejected
		}
		return nil
	})
	documents := manyDocuments(1500)
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, documents...))
	if err != nil || written != 1500 {
		t.Errorf("%d, %v", written, err)
	}
	stored := cluster.Documents(p.index)
	for _, d := range documents {
		want := 1
		if strings.HasSuffix(d.ID, "7") {
			want = 3
		}
		if offered[d.ID] != want || string(stored[d.ID]) != string(d.Source) {
			t.Fatalf("%s was sent %d times instead of %d: %s", d.ID, offered[d.ID], want, stored[d.ID])
		}
	}
	if n := sent(cluster, http.MethodPost, "_bulk"); n != 6 || len(stored) != 1500 {
		t.Errorf("%d requests, %d documents", n, len(stored))
	}
}

// It goes on for as long as anything is accepted.
func TestRestoreGoesOnWhileThereIsProgress(t *testing.T) {
	p, cluster := onDouble(t)
	accepted := 0
	cluster.RejectWrites(func(string, string) *double.Rejection {
		if accepted++; accepted%2 == 0 {
			return rejected
		}
		return nil
	})
	cluster.Inject(double.Fault{Path: "/*/_bulk", Skip: 1, Times: 10, Status: 429, Body: `{"error":{"type":"es_rejected_execution_exception","reason":"queue"}}`})
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, manyDocuments(1000)...))
	if requests := sent(cluster, http.MethodPost, "_bulk"); err != nil || written != 1000 || requests < 20 {
		t.Errorf("%d in %d requests, %v", written, requests, err)
	}
}

func TestRestoreGivesUp(t *testing.T) {
	p, cluster := onDouble(t)
	cluster.RejectWrites(func(_, id string) *double.Rejection {
		switch id {
		case "0003", "0005":
			return rejected
		case "0008":
			return &double.Rejection{Status: http.StatusBadRequest, Type: "x", Reason: "y"}
		}
		return nil
	})
	documents := append(manyDocuments(8), doc("shard_setup", "{}"))
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, documents...))
	var e *opensearch.Error
	if !errors.Is(err, workflow.ErrUnavailable) || !errors.As(err, &e) || e.Document != "0003" || e.StatusCode != http.StatusTooManyRequests || written != 6 {
		t.Errorf("%d, %v", written, err)
	}
	if n := sent(cluster, http.MethodPost, "_bulk"); n != 12 {
		t.Errorf("%d requests", n)
	}
	if cluster.Get(p.index, "shard_setup") != nil {
		t.Error("it looks laid out")
	}
	// One that is refused for good is the error; the others of its batch are written.
	cluster.RejectWrites(func(_, id string) *double.Rejection {
		if id == "0008" {
			return &double.Rejection{Status: http.StatusBadRequest, Type: "x", Reason: "y"}
		}
		return nil
	})
	cluster.Inject(double.Fault{Path: "/*/_bulk", Times: 1, Rewrite: replace(1, `"status":201`, `"status":429`)})
	_, err = p.state.Restore(t.Context(), p.index, yields(nil, append(manyDocuments(11), doc("last", "{}"))...))
	if !errors.As(err, &e) || e.Document != "0008" || cluster.Get(p.index, "last") == nil {
		t.Errorf("%v", err)
	}
}

func TestRestoreOfARefusedRequestGivesUp(t *testing.T) {
	p, cluster := onDouble(t)
	defer p.set(t, document{"network.breaker.inflight_requests.limit": "2000b"})()
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, manyDocuments(1000)...))
	var e *opensearch.Error
	if !errors.Is(err, workflow.ErrUnavailable) || !errors.As(err, &e) || e.Type != "circuit_breaking_exception" || written != 0 {
		t.Errorf("%d, %v", written, err)
	}
	if n := sent(cluster, http.MethodPost, "_bulk"); n != 12 {
		t.Errorf("%d requests", n)
	}
}

func TestRestoreEndsWithItsContextWhileTheClusterIsBusy(t *testing.T) {
	p, cluster := onDouble(t)
	opensearch.SetPauses(p.state, time.Hour, time.Hour)
	cluster.RejectWrites(func(string, string) *double.Rejection { return rejected })
	because := errors.New("the service shuts down")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer time.AfterFunc(100*time.Millisecond, func() { cancel(because) }).Stop()
	if _, err := p.state.Restore(ctx, p.index, yields(nil, doc("a", "{}"))); !errors.Is(err, because) || errors.Is(err, workflow.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
