package opensearch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// many documents are several pages, and several batches.
const many = 20_000

// nodes returns a function that kills and starts the server's nodes, by the script that has started it.
func nodes(t *testing.T) func(args ...string) {
	t.Helper()
	script := os.Getenv("OPENSEARCH_CONTROL")
	if script == "" {
		t.Skip("OPENSEARCH_CONTROL is not set: nodes can't be killed; hack/opensearch starts servers whose nodes can")
	}
	return func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), script, args...).CombinedOutput(); err != nil {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}

func idOf(i int) string { return fmt.Sprintf("logs é & <b>__%d__0", i) }

// sourceOf has what a JSON encoder would write differently.
func sourceOf(i int) string {
	return fmt.Sprintf(`{"leaseHolderId":"w\u00e9\/é\n<b>","expiration":0,"completedAt":%d,"progress":1.50,"rate":1E3}`, i)
}

// fill writes n documents as the workers do.
func (p *place) fill(t *testing.T, n int) {
	t.Helper()
	var lines bytes.Buffer
	for i := range n {
		fmt.Fprintf(&lines, "{\"index\":{\"_id\":%q}}\n%s\n", idOf(i), sourceOf(i))
		if lines.Len() > 4<<20 || i == n-1 {
			p.ask(t, http.MethodPost, "/"+p.index+"/_bulk?filter_path=errors", &lines)
			lines.Reset()
		}
	}
}

// filled checks that the index has these n documents, byte for byte.
func (p *place) filled(t *testing.T, n int) {
	t.Helper()
	seen := make([]bool, n)
	read := 0
	for d, err := range p.state.Documents(t.Context(), p.index) {
		if err != nil {
			t.Errorf("after %d documents: %v", read, err)
			return
		}
		i, _ := strconv.Atoi(strings.Split(d.ID, "__")[1])
		if i >= n || seen[i] || d.ID != idOf(i) || string(d.Source) != sourceOf(i) {
			t.Fatalf("%s: %s", d.ID, d.Source)
		}
		seen[i] = true
		read++
	}
	if read != n {
		t.Errorf("%d documents instead of %d", read, n)
	}
}

// allOf yields the documents of fill, and then the one that marks them as laid out. It calls meanwhile
// after half of them.
func allOf(n int, meanwhile func()) func(func(backfill.Document, error) bool) {
	return func(yield func(backfill.Document, error) bool) {
		for i := range n {
			if i == n/2 {
				meanwhile()
			}
			if !yield(doc(idOf(i), sourceOf(i)), nil) {
				return
			}
		}
		yield(doc("shard_setup", `{"completedAt":1}`), nil)
	}
}

// readUntil reads, does something after the first document, and checks that an error follows before
// the last one.
func (p *place) readUntil(t *testing.T, meanwhile func()) error {
	t.Helper()
	read := 0
	err := p.firstError(t, func() {
		if read++; read == 1 {
			meanwhile()
		}
	})
	if err == nil || read == 0 || read >= many {
		t.Errorf("%d documents, %v", read, err)
	}
	return err
}

// impatient is the place with a client that waits for no answer longer than three seconds.
func (p *place) impatient(t *testing.T) *place {
	t.Helper()
	opts := p.opts
	opts.Timeout = 3 * time.Second
	return &place{target: p.target, opts: opts, state: connect(t, p.target, opts), index: p.index}
}

// unavailable checks that these operations, all of them if none is named, are errors of a server that
// can't do them now.
func (p *place) unavailable(t *testing.T, ops ...opensearch.Op) {
	t.Helper()
	calls := p.calls(t)
	for _, op := range ops {
		if err := calls[op](); !errors.Is(err, workflow.ErrUnavailable) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func killedWhileReading(t *testing.T, p *place) {
	node := nodes(t)
	p.fill(t, many)
	q := p.impatient(t)
	if err := q.readUntil(t, func() { node("kill", "one") }); !errors.Is(err, workflow.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	q.unavailable(t, opensearch.OpCounts, opensearch.OpSize, opensearch.OpDocuments, opensearch.OpRestore, opensearch.OpDelete)
	node("start", "one")
	p.filled(t, many)
}

// What was accepted is kept, what was not is restored by the next call, and in between it never looks
// complete.
func killedWhileRestoring(t *testing.T, p *place) {
	node := nodes(t)
	before, err := p.state.Restore(t.Context(), p.index, allOf(many, func() { node("kill", "one") }))
	if !errors.Is(err, workflow.ErrUnavailable) || before == 0 || before >= many {
		t.Errorf("%d, %v", before, err)
	}
	node("start", "one")
	if size, err := p.state.Size(t.Context(), p.index); err != nil || size < before || size >= many {
		t.Errorf("%d documents of %d that were accepted, %v", size, before, err)
	}
	if got := p.counts(t); !got.LaidOutAt.IsZero() {
		t.Errorf("%+v", got)
	}
	if after, err := p.state.Restore(t.Context(), p.index, allOf(many, func() {})); err != nil || before+after > many+1 {
		t.Errorf("%d and %d, %v", before, after, err)
	}
	if got := p.counts(t); got.LaidOutAt.IsZero() || got.Total != many {
		t.Errorf("%+v", got)
	}
	p.ask(t, http.MethodDelete, "/"+p.index+"/_doc/shard_setup", nil)
	p.filled(t, many)
}

func nodeLost(t *testing.T, p *place) {
	node := nodes(t)
	node("start", "two")
	defer node("kill", "two")
	p.ask(t, http.MethodPut, "/"+p.index+"?wait_for_active_shards=all", strings.NewReader(
		`{"settings":{"index":{"number_of_shards":2,"number_of_replicas":0,"routing.allocation.total_shards_per_node":1}}}`))
	p.fill(t, many)
	_ = p.readUntil(t, func() { node("kill", "two") })
	p.impatient(t).unavailable(t, opensearch.OpCounts, opensearch.OpSize, opensearch.OpDocuments)
	node("start", "two")
	p.filled(t, many)
}

// A queue of one refuses most shards of a batch.
func fullQueue(t *testing.T, p *place) {
	node := nodes(t)
	node("kill", "one")
	node("start", "one", "thread_pool.write.size: 1", "thread_pool.write.queue_size: 1")
	defer func() {
		node("kill", "one")
		node("start", "one")
	}()
	restoreIntoManyShards(t, p)
	if rejected := strings.TrimSpace(string(p.ask(t, http.MethodGet, "/_cat/thread_pool/write?h=rejected", nil))); rejected == "0" || rejected == "" {
		t.Errorf("%q were rejected", rejected)
	}
}

func noNodeForTheShard(t *testing.T, p *place) {
	for _, suffix := range []string{"-restored", ""} {
		q := p.impatient(t)
		q.index += suffix
		p.ask(t, http.MethodPut, "/"+q.index+"?wait_for_active_shards=0", strings.NewReader(`{"settings":{"index.routing.allocation.include._name":"nobody"}}`))
		q.unavailable(t, opensearch.OpCounts, opensearch.OpSize, opensearch.OpDocuments)
		if suffix != "" { // the server may still do what nobody waits for
			q.unavailable(t, opensearch.OpRestore)
			if err := p.state.Delete(t.Context(), q.index); err != nil {
				t.Error(err)
			}
		}
	}
	p.setIndex(t, "index.routing.allocation.include._name", nil)
	p.fill(t, many)
	p.filled(t, many)
}

func closedWhileReading(t *testing.T, p *place) {
	p.fill(t, many)
	_ = p.readUntil(t, func() { p.ask(t, http.MethodPost, "/"+p.index+"/_close", nil) })
	calls := p.calls(t)
	for _, op := range []opensearch.Op{opensearch.OpCounts, opensearch.OpSize, opensearch.OpDocuments, opensearch.OpRestore} {
		if err := calls[op](); err == nil || !strings.Contains(err.Error(), "index_closed_exception") || errors.Is(err, backfill.ErrNoWorkingState) {
			t.Errorf("%s: %v", op, err)
		}
	}
	p.ask(t, http.MethodPost, "/"+p.index+"/_open", nil)
	p.filled(t, many)
}

// What is read is that of the beginning; a block of writes doesn't change it, and ends a restore.
func blockedWhileReading(t *testing.T, p *place) {
	p.fill(t, many)
	read := 0
	if err := p.firstError(t, func() {
		if read++; read == 1 {
			p.ask(t, http.MethodPost, "/"+p.index+"/_doc/new?refresh=true", strings.NewReader(`{}`))
			p.setIndex(t, "index.blocks.read_only", true)
		}
	}); err != nil || read != many {
		t.Errorf("%d, %v", read, err)
	}
	isBlocked(t, "restore", p.calls(t)[opensearch.OpRestore](), "index.blocks.read_only")
	p.setIndex(t, "index.blocks.read_only", nil)
	if err := p.state.Delete(t.Context(), p.index); err != nil {
		t.Fatal(err)
	}
	block := func() { p.setIndex(t, "index.blocks.write", true) }
	before, err := p.state.Restore(t.Context(), p.index, allOf(many, block))
	isBlocked(t, "restore", err, "index.blocks.write")
	p.setIndex(t, "index.blocks.write", nil)
	if after, err := p.state.Restore(t.Context(), p.index, allOf(many, func() {})); err != nil || before == 0 || before+after != many+1 {
		t.Errorf("%d and %d, %v", before, after, err)
	}
}

// An index behind an alias is read, and neither deleted nor written to.
func aliased(t *testing.T, p *place) {
	behind := *p
	behind.index += "-behind"
	t.Cleanup(func() { _ = p.state.Delete(context.Background(), behind.index) })
	behind.fill(t, many)
	p.ask(t, http.MethodPost, "/_aliases", strings.NewReader(fmt.Sprintf(`{"actions":[{"add":{"index":%q,"alias":%q}}]}`, behind.index, p.index)))
	p.filled(t, many)
	for _, op := range []opensearch.Op{opensearch.OpDelete, opensearch.OpRestore} {
		if err := p.calls(t)[op](); err == nil || !strings.Contains(err.Error(), "alias") {
			t.Errorf("%s: %v", op, err)
		}
	}
	behind.filled(t, many)
}
