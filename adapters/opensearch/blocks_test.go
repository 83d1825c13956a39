package opensearch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// setIndex changes a setting of the index.
func (p *place) setIndex(t *testing.T, name string, value any) {
	t.Helper()
	body, err := json.Marshal(document{name: value})
	if err != nil {
		t.Fatal(err)
	}
	p.ask(t, http.MethodPut, "/"+p.index+"/_settings", bytes.NewReader(body))
}

// calls are the operations that send requests.
func (p *place) calls(t *testing.T) map[opensearch.Op]func() error {
	ctx := t.Context()
	return map[opensearch.Op]func() error{
		opensearch.OpCounts:    func() error { _, err := p.state.Counts(ctx, p.index, now); return err },
		opensearch.OpSize:      func() error { _, err := p.state.Size(ctx, p.index); return err },
		opensearch.OpDocuments: func() error { return p.firstError(t, func() {}) },
		opensearch.OpRestore: func() error {
			_, err := p.state.Restore(ctx, p.index, yields(nil, doc("b", `{"completedAt":3}`)))
			return err
		},
		opensearch.OpDelete: func() error { return p.state.Delete(ctx, p.index) },
	}
}

// isBlocked checks the error of a block: it is not a matter of permissions, and says what to undo.
func isBlocked(t *testing.T, name string, err error, setting string) {
	t.Helper()
	var e *opensearch.Error
	if !errors.As(err, &e) || !errors.Is(err, workflow.ErrUnavailable) || errors.Is(err, workflow.ErrForbidden) || !strings.Contains(e.Hint, setting) ||
		!strings.Contains(err.Error(), ": blocked in the cluster: status 4") || !strings.HasSuffix(err.Error(), "]; "+e.Hint) {
		t.Errorf("%s, %s: %v", name, setting, err)
	}
}

func blockedIndex(t *testing.T, p *place) {
	for setting, prevented := range map[string][]opensearch.Op{
		"index.blocks.read_only":              {opensearch.OpRestore, opensearch.OpDelete},
		"index.blocks.read_only_allow_delete": {opensearch.OpRestore},
		"index.blocks.write":                  {opensearch.OpRestore},
		"index.blocks.read":                   {opensearch.OpCounts, opensearch.OpSize, opensearch.OpDocuments},
		"index.blocks.metadata":               {opensearch.OpDelete},
	} {
		p.write(t, map[string]document{"a": {"completedAt": 1}}, true)
		p.setIndex(t, setting, true)
		for _, op := range prevented {
			isBlocked(t, string(op), p.calls(t)[op](), setting)
		}
		p.setIndex(t, setting, nil)
		for _, op := range prevented {
			if err := p.calls(t)[op](); err != nil {
				t.Errorf("%s after %s: %v", op, setting, err)
			}
		}
	}
}

func blockedCluster(t *testing.T, p *place) {
	p.write(t, map[string]document{"a": {"completedAt": 1}}, true)
	defer p.set(t, document{"cluster.blocks.read_only": true})()
	for _, op := range []opensearch.Op{opensearch.OpRestore, opensearch.OpDelete} {
		isBlocked(t, string(op), p.calls(t)[op](), "cluster.blocks.read_only")
	}
}

// A block is not removed by asking again.
func TestBlocksAreNotAskedAgain(t *testing.T) {
	p, cluster := onDouble(t)
	p.write(t, map[string]document{"a": {"completedAt": 1}}, true)
	bulks := sent(cluster, http.MethodPost, "_bulk")
	p.setIndex(t, "index.blocks.read_only_allow_delete", true)
	isBlocked(t, "restore", p.calls(t)[opensearch.OpRestore](), "free disk space")
	if n := sent(cluster, http.MethodPost, "_bulk") - bulks; n != 1 {
		t.Errorf("%d requests", n)
	}
	p.index = ".migrations_working_state_other"
	defer p.set(t, document{"cluster.blocks.create_index": true})()
	isBlocked(t, "create", p.calls(t)[opensearch.OpRestore](), "cluster.blocks.create_index")
}
