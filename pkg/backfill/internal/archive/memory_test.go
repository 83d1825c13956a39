package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/archive"
)

var (
	errKilled = errors.New("the process was killed")
	errInUse  = errors.New("a worker uses the index")
)

// memory is an index in memory. After killAfter requests it fails as if the process had been
// killed; 0 means never.
type memory struct {
	documents map[string]string // nil if the index does not exist
	requests  int
	killAfter int
}

func newMemory(n int) *memory {
	m := &memory{documents: map[string]string{}}
	for i := range n {
		m.documents[fmt.Sprintf("index__%d__0", i)] = fmt.Sprintf(`{"n": %d}`, i)
	}
	return m
}

func (m *memory) request() error {
	if m.requests++; m.killAfter > 0 && m.requests > m.killAfter {
		return errKilled
	}
	if m.documents == nil {
		return archive.ErrNoIndex
	}
	return nil
}

func (m *memory) Size(context.Context) (int64, error) { return int64(len(m.documents)), m.request() }

func (m *memory) Documents(context.Context) iter.Seq2[archive.Document, error] {
	return func(yield func(archive.Document, error) bool) {
		for id, source := range m.documents {
			if err := m.request(); err != nil {
				yield(archive.Document{}, err)
				return
			}
			if !yield(archive.Document{ID: id, Source: json.RawMessage(source)}, nil) {
				return
			}
		}
	}
}

func (m *memory) Restore(_ context.Context, documents iter.Seq2[archive.Document, error]) (int64, error) {
	if m.documents == nil {
		m.documents = map[string]string{}
	}
	var written int64
	for d, err := range documents {
		if err != nil {
			return written, err
		}
		if _, exists := m.documents[d.ID]; !exists {
			m.documents[d.ID] = string(d.Source)
			written++
		}
	}
	return written, nil
}

func (m *memory) Delete(context.Context) error {
	if err := m.request(); err != nil {
		return err
	}
	m.documents = nil
	return nil
}

// growing gets another document each time its documents have been read.
type growing struct{ *memory }

func (g growing) Documents(ctx context.Context) iter.Seq2[archive.Document, error] {
	return func(yield func(archive.Document, error) bool) {
		g.memory.Documents(ctx)(yield)
		g.documents["late"] = "{}"
	}
}

// afterSize calls do after the given number of calls of Size.
type afterSize struct {
	*memory
	calls int
	do    func()
}

func (s *afterSize) Size(ctx context.Context) (int64, error) {
	size, err := s.memory.Size(ctx)
	if s.calls--; s.calls == 0 {
		s.do()
	}
	return size, err
}

// afterReading calls do once, after the documents have been read.
type afterReading struct {
	*memory
	do func()
}

func (m *afterReading) Documents(ctx context.Context) iter.Seq2[archive.Document, error] {
	return func(yield func(archive.Document, error) bool) {
		m.memory.Documents(ctx)(yield)
		if do := m.do; do != nil {
			m.do = nil
			do()
		}
	}
}

// ordered records the order in which documents are restored.
type ordered struct {
	*memory
	order *[]string
}

func (o ordered) Restore(ctx context.Context, documents iter.Seq2[archive.Document, error]) (int64, error) {
	return o.memory.Restore(ctx, func(yield func(archive.Document, error) bool) {
		for d, err := range documents {
			*o.order = append(*o.order, d.ID)
			if !yield(d, err) {
				return
			}
		}
	})
}

// generated has n documents that it does not keep in memory. observe is called for each.
type generated struct {
	*memory
	n       int64
	observe func(i int64)
}

func (g *generated) Size(context.Context) (int64, error) { return g.n, nil }

func (g *generated) Documents(context.Context) iter.Seq2[archive.Document, error] {
	return func(yield func(archive.Document, error) bool) {
		for i := range g.n {
			g.observe(i)
			d := archive.Document{ID: fmt.Sprint(i), Source: json.RawMessage(`{"expiration": 1700000000, "leaseHolderId": "worker"}`)}
			if !yield(d, nil) {
				return
			}
		}
	}
}

func idle(context.Context) error { return nil }

// move moves an index that is not in use.
func move(t *testing.T, index archive.Index, path string) (archive.Result, error) {
	t.Helper()
	return archive.Move(t.Context(), index, path, idle)
}

func readDocuments(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for d, err := range archive.Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		all[d.ID] = string(d.Source)
	}
	return all
}
