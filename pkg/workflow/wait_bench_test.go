package workflow

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// BenchmarkWaiting measures how much heap and stack a wait on a workflow of 12 nodes retains. `make
// bench-scale` measures the same on a real API server, beside other clients.
func BenchmarkWaiting(b *testing.B) {
	const count = 5000
	s := apitest.New()
	for i := range count {
		s.Put(apitest.Name(i), func(u *unstructured.Unstructured) {
			nodes := map[string]any{}
			for n := range 12 {
				id := fmt.Sprintf("w%d-%d", i, 1_000_000_000+n*7919*i)
				nodes[id] = map[string]any{
					"id": id, "name": fmt.Sprintf("w%d[0].shard(%d:%[2]d)[1].migrate", i, n), "displayName": "migrate", "type": "Pod",
					"phase": "Running", "templateName": "migrate", "startedAt": "2026-11-02T08:30:00Z", "boundaryID": id,
					"message": "", "progress": "0/1", "hostNodeName": fmt.Sprintf("ip-10-0-%d-%d.compute.internal", n, i),
					"inputs": map[string]any{"parameters": []any{map[string]any{"name": "shard", "value": fmt.Sprint(n)}}},
				}
			}
			_ = unstructured.SetNestedField(u.Object, nodes, "status", "nodes")
		})
	}
	c := clientOf(b, s, Options{})
	for b.Loop() {
		before := memory()
		ctx, cancel := context.WithCancel(b.Context())
		var seen, running sync.WaitGroup
		seen.Add(count)
		for i := range count {
			name := apitest.Name(i) // outside the waiting goroutine, whose stack would grow
			running.Go(func() {
				shown := false
				_, _ = c.Wait(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
					if !shown {
						seen.Done()
						shown = true
					}
					return Completed(s)
				})
			})
		}
		seen.Wait()
		after := memory()
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/count, "heap-B/wait")
		b.ReportMetric(float64(after.StackInuse-before.StackInuse)/count, "stack-B/wait")
		cancel()
		running.Wait()
	}
}

// memory returns the memory in use after stacks have shrunk as far as they can.
func memory() runtime.MemStats {
	for range 4 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m
}
