package workflow

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// historyStore is a history in memory.
type historyStore struct {
	sync.Mutex

	kept []*unstructured.Unstructured
	// fail, if not nil, returns the error of a call.
	fail  func() error
	asked int
}

// add keeps a copy of a workflow.
func (m *historyStore) add(wf *unstructured.Unstructured) {
	m.Lock()
	defer m.Unlock()
	m.kept = append(m.kept, wf.DeepCopy())
}

func (m *historyStore) began() error {
	m.Lock()
	defer m.Unlock()
	m.asked++
	if m.fail != nil {
		return m.fail()
	}
	return nil
}

// matching returns copies of what matches, those that started last first.
func (m *historyStore) matching(match func(*unstructured.Unstructured) bool) (found []*unstructured.Unstructured) {
	m.Lock()
	defer m.Unlock()
	for _, wf := range m.kept {
		if match(wf) {
			found = append(found, wf.DeepCopy())
		}
	}
	started := func(wf *unstructured.Unstructured) string {
		at, _, _ := unstructured.NestedString(wf.Object, "status", "startedAt")
		return at
	}
	slices.SortStableFunc(found, func(a, b *unstructured.Unstructured) int { return cmp.Compare(started(b), started(a)) })
	return found
}

func (m *historyStore) first(match func(*unstructured.Unstructured) bool) (*unstructured.Unstructured, error) {
	if err := m.began(); err != nil {
		return nil, err
	}
	if found := m.matching(match); len(found) > 0 {
		return found[0], nil
	}
	return nil, ErrNotFound
}

func (m *historyStore) ByUID(_ context.Context, _ string, uid types.UID) (*unstructured.Unstructured, error) {
	return m.first(func(wf *unstructured.Unstructured) bool { return wf.GetUID() == uid })
}

func (m *historyStore) ByName(_ context.Context, _, name string) (*unstructured.Unstructured, error) {
	return m.first(func(wf *unstructured.Unstructured) bool { return wf.GetName() == name })
}

func (m *historyStore) List(_ context.Context, query HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) {
		if err := m.began(); err != nil {
			yield(nil, err)
			return
		}
		for _, wf := range m.matching(func(wf *unstructured.Unstructured) bool {
			s, err := status.FromUnstructured(wf)
			if err == nil && s.StartTime.IsZero() {
				s.StartTime = s.CreationTime
			}
			switch {
			case err != nil, query.Selector != nil && !query.Selector.Matches(labels.Set(s.Labels)),
				len(query.Phases) > 0 && !slices.Contains(query.Phases, s.Phase),
				!query.StartedAfter.IsZero() && !s.StartTime.After(query.StartedAfter),
				!query.StartedBefore.IsZero() && !s.StartTime.Before(query.StartedBefore):
				return false
			}
			return true
		}) {
			if !yield(wf, nil) {
				return
			}
		}
	}
}

// archived keeps the end of a workflow of a server, and then deletes the workflow, as a controller with an
// archive and a TTL does.
func (m *historyStore) archived(t *testing.T, s *apitest.Server, name, phase, startedAt string) *unstructured.Unstructured {
	t.Helper()
	s.Put(name, func(wf *unstructured.Unstructured) {
		set(wf, phase, "status", "phase")
		set(wf, startedAt, "status", "startedAt")
	})
	wf := s.Object(name)
	m.add(wf)
	s.Remove(name)
	return wf
}
