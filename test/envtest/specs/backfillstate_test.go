package specs_test

import (
	"context"
	"encoding/json"
	"iter"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// memoryState is the working state of a target cluster with one index.
type memoryState struct {
	mu        sync.Mutex
	index     string
	counts    backfill.Counts
	documents map[string]string // nil: no index
	err       error             // returned by all methods
}

// set replaces the content.
func (m *memoryState) set(index string, counts backfill.Counts, documents map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.index, m.counts, m.documents = index, counts, documents
}

// fail makes it return an error; nil ends that.
func (m *memoryState) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// has returns nil if the index exists and answers. The caller holds the lock.
func (m *memoryState) has(index string) error {
	if m.err != nil {
		return m.err
	}
	if m.documents == nil || m.index != index {
		return backfill.ErrNoWorkingState
	}
	return nil
}

func (m *memoryState) Counts(_ context.Context, index string, _ time.Time) (backfill.Counts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts, m.has(index)
}

func (m *memoryState) Size(_ context.Context, index string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.documents)), m.has(index)
}

func (m *memoryState) Documents(_ context.Context, index string) iter.Seq2[backfill.Document, error] {
	return func(yield func(backfill.Document, error) bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if err := m.has(index); err != nil {
			yield(backfill.Document{}, err)
			return
		}
		for id, source := range m.documents {
			if !yield(backfill.Document{ID: id, Source: json.RawMessage(source)}, nil) {
				return
			}
		}
	}
}

func (m *memoryState) Restore(_ context.Context, index string, documents iter.Seq2[backfill.Document, error]) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.documents == nil {
		m.index, m.documents = index, map[string]string{}
	}
	before := len(m.documents)
	for d, err := range documents {
		if err != nil {
			return int64(len(m.documents) - before), err
		}
		if _, there := m.documents[d.ID]; !there {
			m.documents[d.ID] = string(d.Source)
		}
	}
	return int64(len(m.documents) - before), nil
}

func (m *memoryState) Delete(_ context.Context, index string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.has(index)
	m.documents = nil
	return err
}
