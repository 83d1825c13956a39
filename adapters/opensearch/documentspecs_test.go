package opensearch_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

func noIndex(t *testing.T, p *place) {
	ctx := t.Context()
	_, counts := p.state.Counts(ctx, p.index, now)
	_, size := p.state.Size(ctx, p.index)
	var documents error
	yielded := 0
	for _, err := range p.state.Documents(ctx, p.index) {
		documents = err
		yielded++
	}
	for op, err := range map[opensearch.Op]error{
		opensearch.OpCounts: counts, opensearch.OpSize: size, opensearch.OpDocuments: documents, opensearch.OpDelete: p.state.Delete(ctx, p.index),
	} {
		var e *opensearch.Error
		if !errors.Is(err, backfill.ErrNoWorkingState) || !errors.As(err, &e) || e.Op != op || e.Index != p.index || e.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %v", op, err)
		}
	}
	if yielded != 1 {
		t.Errorf("%d were yielded", yielded)
	}
}

func sizeOfWhatWasWritten(t *testing.T, p *place) {
	p.write(t, map[string]document{"a": {"expiration": 1}, "shard_setup": {"expiration": 1}}, false)
	if size, err := p.state.Size(t.Context(), p.index); err != nil || size != 2 {
		t.Errorf("%d, %v", size, err)
	}
	p.write(t, map[string]document{"b": {"expiration": 1}}, false)
	if got := p.read(t); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func everyDocumentOnce(t *testing.T, p *place) {
	documents, want := map[string]document{}, map[string]string{}
	for i := range 2500 {
		id := fmt.Sprintf("books & <more> %%2F é__%d__0", i)
		documents[id] = document{"completedAt": i, "leaseHolderId": "w\n"}
		want[id] = fmt.Sprintf(`{"completedAt":%d,"leaseHolderId":"w\n"}`, i)
	}
	p.write(t, documents, false)
	got := p.read(t)
	for id, source := range want {
		if got[id] != source {
			t.Fatalf("%s: %q, want %q", id, got[id], source)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d documents", len(got))
	}
}

func restoreTwice(t *testing.T, p *place) {
	var documents []backfill.Document
	for i := range 2300 {
		documents = append(documents, doc(fmt.Sprintf("a__%d__0", i), fmt.Sprintf("{\n \"expiration\": %d}", i)))
	}
	for _, want := range []int64{2300, 0} {
		if written, err := p.state.Restore(t.Context(), p.index, yields(nil, documents...)); err != nil || written != want {
			t.Errorf("%d, %v", written, err)
		}
	}
	if got := p.read(t); len(got) != 2300 || got["a__7__0"] != `{"expiration":7}` {
		t.Errorf("%d, %q", len(got), got["a__7__0"])
	}
}

func restoreIntoAnIndex(t *testing.T, p *place) {
	p.write(t, map[string]document{"a": {"expiration": 5}}, true)
	written, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("a", `{"expiration":9}`), doc("b", `{"expiration":9}`)))
	if err != nil || written != 1 {
		t.Errorf("%d, %v", written, err)
	}
	if got := p.read(t); len(got) != 2 || got["a"] != `{"expiration":5}` {
		t.Errorf("%v", got)
	}
}

func restoreRefused(t *testing.T, p *place) {
	written, err := p.state.Restore(t.Context(), p.index, yields(nil,
		// No earlier number tells the cluster the types of these.
		doc("a", `{"completedAt":1}`), doc("wrong", `{"expiration":"soon"}`), doc("b", `{"completedAt":2}`), doc("wrong too", `{"completedAt":{}}`)))
	var e *opensearch.Error
	if !errors.As(err, &e) || e.Document != "wrong" || e.StatusCode != http.StatusBadRequest || !strings.Contains(err.Error(), `document "wrong"`) || written != 2 {
		t.Errorf("%d, %v", written, err)
	}
	if got := p.read(t); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func restoreUntilAnError(t *testing.T, p *place) {
	var documents []backfill.Document
	for i := range 1500 {
		documents = append(documents, doc(fmt.Sprint(i), `{}`))
	}
	broken := errors.New("the file ends here")
	written, err := p.state.Restore(t.Context(), p.index, yields(broken, documents...))
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if size, err := p.state.Size(t.Context(), p.index); err != nil || size != written {
		t.Errorf("%d are there, %d are said to be written, %v", size, written, err)
	}
	if written, err := p.state.Restore(t.Context(), p.index, yields(nil, documents...)); err != nil {
		t.Errorf("%d, %v", written, err)
	}
	if size, err := p.state.Size(t.Context(), p.index); err != nil || size != 1500 {
		t.Errorf("%d, %v", size, err)
	}
}

func restoreNothing(t *testing.T, p *place) {
	if written, err := p.state.Restore(t.Context(), p.index, yields(nil)); err != nil || written != 0 {
		t.Errorf("%d, %v", written, err)
	}
	if got := p.counts(t); got != (backfill.Counts{}) {
		t.Errorf("%+v", got)
	}
}

func deleteIndex(t *testing.T, p *place) {
	p.write(t, map[string]document{"a": {"expiration": 1}}, true)
	if err := p.state.Delete(t.Context(), p.index); err != nil {
		t.Error(err)
	}
	if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, backfill.ErrNoWorkingState) {
		t.Errorf("%v", err)
	}
}
