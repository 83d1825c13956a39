package opensearch_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// isUnassigned checks the error of an index without a shard.
func isUnassigned(t *testing.T, name string, err error) {
	t.Helper()
	var e *opensearch.Error
	if !errors.As(err, &e) || !errors.Is(err, workflow.ErrUnavailable) || !strings.Contains(e.Hint, "not assigned") || !strings.HasSuffix(err.Error(), e.Hint) {
		t.Errorf("%s: %v", name, err)
	}
}

// unassign creates the index without assigning its shard to a node.
func (p *place) unassign(t *testing.T) (assign func()) {
	t.Helper()
	assign = p.set(t, document{"cluster.routing.allocation.enable": "none"})
	p.ask(t, http.MethodPut, "/"+p.index+"?wait_for_active_shards=0", nil)
	return assign
}

// An index whose shard is not assigned is an error long before a request times out.
func unassigned(t *testing.T, p *place) {
	assign := p.unassign(t)
	defer assign()
	operations := []opensearch.Op{opensearch.OpCounts, opensearch.OpSize, opensearch.OpDocuments, opensearch.OpRestore}
	for _, op := range operations {
		began := time.Now()
		isUnassigned(t, string(op), p.calls(t)[op]())
		if took := time.Since(began); took > opensearch.DefaultTimeout/2 {
			t.Errorf("%s took %v", op, took)
		}
	}
	fresh := *p
	fresh.index += "-new"
	fresh.opts.Timeout = 10 * time.Second
	fresh.state = connect(t, p.target, fresh.opts)
	isUnassigned(t, "restore into a new index", fresh.calls(t)[opensearch.OpRestore]())
	if err := fresh.state.Delete(t.Context(), fresh.index); err != nil {
		t.Error(err)
	}
	assign()
	opensearch.SetPauses(p.state, 2*time.Second, 10*time.Second)
	for _, op := range operations {
		if err := p.calls(t)[op](); err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func assignedMeanwhile(t *testing.T, p *place) {
	assign := p.unassign(t)
	opensearch.SetPauses(p.state, 2*time.Second, 10*time.Second)
	result := make(chan error, 1)
	go func() {
		size, err := p.state.Size(t.Context(), p.index)
		if size != 0 {
			t.Errorf("%d documents", size)
		}
		result <- err
	}()
	select {
	case err := <-result:
		t.Errorf("it ended while no shard was assigned: %v", err)
	case <-time.After(200 * time.Millisecond):
		defer func() {
			if err := <-result; err != nil {
				t.Error(err)
			}
		}()
	}
	assign()
}

// The server names a cause, or none, of shards that all or in part are not assigned.
func TestUnassignedShards(t *testing.T) {
	const cause = `"reason":{"type":"no_shard_available_action_exception","reason":null}`
	for name, c := range map[string]struct {
		fault      double.Fault
		unassigned bool
	}{
		"all":                {double.Fault{Status: 503, Body: `{"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[]},"status":503}`}, true},
		"all, with a cause":  {double.Fault{Status: 503, Body: `{"error":{"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[{"shard":0,` + cause + `}]},"status":503}`}, true},
		"all, another cause": {double.Fault{Status: 503, Body: `{"error":{"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[{"reason":{"type":"x"}}]}}`}, false},
		"one":                {double.Fault{Rewrite: replace(1, `"failed":0,"skipped":0,"successful":1,"total":1`, `"failed":0,"successful":1,"total":2`)}, true},
		"one, with a cause":  {double.Fault{Rewrite: replace(1, `"failed":0,"skipped":0,"successful":1,"total":1`, `"failed":1,"successful":1,"total":2,"failures":[{`+cause+`}]`)}, true},
		"one failed":         {double.Fault{Rewrite: replace(1, `"failed":0,"skipped":0,"successful":1,"total":1`, `"failed":1,"successful":1,"total":2`)}, false},
	} {
		p, cluster := onDouble(t)
		p.write(t, map[string]document{"a": {"completedAt": 2}}, true)
		c.fault.Path = "/*/_count"
		cluster.Inject(c.fault)
		_, err := p.state.Size(t.Context(), p.index)
		var e *opensearch.Error
		if !errors.As(err, &e) || !errors.Is(err, workflow.ErrUnavailable) || strings.Contains(e.Hint, "not assigned") != c.unassigned {
			t.Errorf("%s: %v", name, err)
		}
		refreshes := 0
		if !c.unassigned {
			refreshes = 1
		}
		if n := sent(cluster, http.MethodPost, "_refresh"); n != refreshes {
			t.Errorf("%s: %d refreshes", name, n)
		}
	}
}
