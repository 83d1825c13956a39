package legacy

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// store is a backend with workflows and an optional delay. Each read returns the next state of a
// workflow that has several; nil means that it does not exist.
type store struct {
	recorder
	delay  time.Duration
	states map[string][]*status.WorkflowStatus
}

func (s *store) Get(ctx context.Context, name string) (*status.WorkflowStatus, error) {
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	states := s.states[name]
	switch {
	case s.err != nil:
		return nil, s.err
	case len(states) == 0:
		return nil, workflow.ErrNotFound
	}
	if len(states) > 1 {
		s.states[name] = states[1:]
	}
	if states[0] == nil {
		return nil, workflow.ErrNotFound
	}
	return states[0], nil
}

func (s *store) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		for _, states := range s.states {
			if !yield(states[0], nil) {
				return
			}
		}
	}
}

// at returns a workflow with the given version.
func at(t *testing.T, name string, version int, phase string) *status.WorkflowStatus {
	t.Helper()
	s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": name, "uid": "uid-" + name, "resourceVersion": fmt.Sprint(version)},
		"spec":     map[string]any{"arguments": map[string]any{"parameters": []any{map[string]any{"name": "p", "value": "secret"}}}},
		"status":   map[string]any{"phase": phase},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// holding returns a store with one workflow.
func holding(states ...*status.WorkflowStatus) *store {
	s := &store{states: map[string][]*status.WorkflowStatus{}}
	if len(states) > 0 {
		s.states["w"] = states
	}
	return s
}

func TestShadow(t *testing.T) {
	for name, tc := range map[string]struct {
		old, native *store
		want        ShadowCounts
		paths       []string
	}{
		"the same":              {holding(at(t, "w", 1, "Running")), holding(at(t, "w", 1, "Running")), ShadowCounts{Agreed: 1}, nil},
		"neither has it":        {holding(), holding(), ShadowCounts{Agreed: 1}, nil},
		"another content":       {holding(at(t, "w", 1, "Running")), holding(at(t, "w", 1, "Failed")), ShadowCounts{Differed: 1}, []string{"status.phase"}},
		"one doesn't find it":   {holding(at(t, "w", 1, "Running")), holding(), ShadowCounts{Differed: 1}, []string{"error"}},
		"it changed in between": {holding(at(t, "w", 1, "Running"), at(t, "w", 2, "Failed")), holding(at(t, "w", 2, "Failed")), ShadowCounts{Agreed: 1}, nil},
		"it was just made":      {holding(at(t, "w", 1, "Running")), holding(nil, at(t, "w", 1, "Running")), ShadowCounts{Agreed: 1}, nil},
		"it changes always": {
			holding(at(t, "w", 1, ""), at(t, "w", 3, ""), at(t, "w", 5, "")), holding(at(t, "w", 2, ""), at(t, "w", 4, ""), at(t, "w", 6, "")),
			ShadowCounts{Changed: 1}, nil,
		},
		"the other is out of reach": {holding(at(t, "w", 1, "Running")), &store{recorder: recorder{err: workflow.ErrUnavailable}}, ShadowCounts{Failed: 1}, nil},
		"the other takes too long":  {holding(at(t, "w", 1, "Running")), &store{delay: time.Hour}, ShadowCounts{Failed: 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var found []Difference
				r := router(t, tc.native, tc.old, RouterOptions{Shadow: ShadowOptions{OnDifference: func(d Difference) { found = append(found, d) }}})
				there := len(tc.old.states) > 0
				before := time.Now()
				s, err := r.Get(t.Context(), "w")
				if (err == nil) != there || s != nil && s.Name != "w" || time.Since(before) > 0 {
					t.Errorf("%+v, %v after %s: it is the primary's answer, at once", s, err, time.Since(before))
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := r.Shadow(); got != tc.want {
					t.Errorf("%+v", got)
				}
				if tc.paths == nil {
					if len(found) > 0 {
						t.Errorf("%+v", found)
					}
					return
				}
				if len(found) != 1 || !slices.Equal(found[0].Paths, tc.paths) || found[0].Primary != workflow.BackendKubectl || found[0].Name != "w" || found[0].PrimaryStatus == nil {
					t.Errorf("%+v", found)
				}
			})
		})
	}
}

// A slow shadow backend does not delay callers, and the number of goroutines is bounded.
func TestShadowIsDroppedUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, native := holding(at(t, "w", 1, "Running")), &store{delay: time.Hour}
		r := router(t, native, old, RouterOptions{Shadow: ShadowOptions{OnDifference: func(Difference) {}, Limit: 3, Timeout: time.Second}})
		before := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		for range 100 {
			if _, err := r.Get(ctx, "w"); err != nil {
				t.Error(err)
			}
		}
		cancel() // does not end a comparison
		if time.Since(before) > 0 || r.Shadow().Dropped != 97 {
			t.Errorf("%s, %+v", time.Since(before), r.Shadow())
		}
		time.Sleep(2 * time.Second)
		if got := r.Shadow(); got.Failed != 3 {
			t.Errorf("%+v", got)
		}
	})
}

func TestShadowOfList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(states ...*status.WorkflowStatus) *store {
			s := &store{states: map[string][]*status.WorkflowStatus{}}
			for _, state := range states {
				s.states[state.Name] = []*status.WorkflowStatus{state}
			}
			return s
		}
		old := in(at(t, "a", 1, "Running"), at(t, "b", 1, "Running"), at(t, "c", 1, ""))
		native := in(at(t, "a", 1, "Running"), at(t, "b", 1, "Failed"), at(t, "d", 1, ""))
		var mu sync.Mutex
		var found []string
		r := router(t, native, old, RouterOptions{Shadow: ShadowOptions{OnDifference: func(d Difference) {
			mu.Lock()
			defer mu.Unlock()
			found = append(found, fmt.Sprint(d.Op, " ", d.Name, " ", d.Paths))
		}}})
		n := 0
		for _, err := range r.List(t.Context(), workflow.ListOptions{}) {
			if err != nil {
				t.Error(err)
			}
			n++
		}
		synctest.Wait()
		slices.Sort(found)
		if want := []string{"list b [status.phase]", "list c [error]", "list d [error]"}; n != 3 || !slices.Equal(found, want) {
			t.Errorf("%d, %q", n, found)
		}
		if got := r.Shadow(); got != (ShadowCounts{Agreed: 1, Differed: 3}) {
			t.Errorf("%+v", got)
		}
	})
}

// Node ids and other keys can be any string, and paths with them are logged.
func TestDifferencesArePrintable(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	paths := walk(nil, nil, map[string]any{"a\x1b[2K\nb": 1, long: map[string]any{long: 1}}, map[string]any{long: map[string]any{long: 2}})
	if len(paths) != 2 {
		t.Fatalf("%d paths", len(paths))
	}
	for _, path := range paths {
		if status.Printable(path) != path || len(path) > 1_000 {
			t.Errorf("%.2000q", path)
		}
	}
}

// Gates are compared by the workflow that they are in.
func TestShadowOfGates(t *testing.T) {
	for native, want := range map[string]ShadowCounts{"Running": {Agreed: 1}, "Failed": {Differed: 1}} {
		synctest.Test(t, func(t *testing.T) {
			var found []Difference
			r := router(t, holding(at(t, "w", 1, native)), holding(at(t, "w", 1, "Running")), RouterOptions{
				Shadow: ShadowOptions{OnDifference: func(d Difference) { found = append(found, d) }},
			})
			if _, err := r.Gates(t.Context(), "w"); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if got := r.Shadow(); got != want || len(found) != int(want.Differed) {
				t.Errorf("%+v, %+v", got, found)
			}
			for _, d := range found {
				if d.Op != workflow.OpGates || d.Name != "w" {
					t.Errorf("%+v", d)
				}
			}
		})
	}
}
