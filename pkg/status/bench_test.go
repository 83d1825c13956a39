package status_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// loadNodes are that many nodes as a bulk load of as many shards has them.
func loadNodes(count int) map[string]any {
	nodes := make(map[string]any, count)
	var children []any
	for i := 1; i < count; i++ {
		id := fmt.Sprintf("bulk-load-x7f2k-%d", 1_000_000_007*i%4_294_967_291)
		children = append(children, id)
		nodes[id] = map[string]any{
			"id": id, "name": fmt.Sprintf("bulk-load-x7f2k[0].shard(%d:%d)", i, i), "displayName": fmt.Sprintf("shard(%d:%d)", i, i),
			"type": "Pod", "templateName": "load-shard", "templateScope": "local/bulk-load-x7f2k", "phase": "Succeeded",
			"boundaryID": "bulk-load-x7f2k", "progress": "1/1", "hostNodeName": fmt.Sprintf("ip-10-0-0-%d.ec2.internal", i%40),
			"startedAt": fmt.Sprintf("2026-01-01T%02d:%02d:00Z", i/600%24, i/10%60), "finishedAt": "2026-01-02T00:00:00Z",
			"resourcesDuration": map[string]any{"cpu": int64(i % 90), "memory": int64(i % 700)}, "taskResultSynced": true,
			"inputs":  map[string]any{"parameters": []any{map[string]any{"name": "shard", "value": fmt.Sprint(i)}}},
			"outputs": map[string]any{"exitCode": "0", "parameters": []any{map[string]any{"name": "documents", "value": fmt.Sprint(7919 * i)}}},
		}
	}
	nodes["bulk-load-x7f2k"] = map[string]any{"name": "bulk-load-x7f2k", "type": "Steps", "phase": "Running", "children": children}
	return nodes
}

// BenchmarkFromUnstructured reads 10,000 nodes: inline, compressed, and, to compare with,
// compressed by way of maps, as [status.DecompressNodes] gives them.
func BenchmarkFromUnstructured(b *testing.B) {
	nodes := loadNodes(10_000)
	packed, err := status.CompressNodes(nodes)
	if err != nil {
		b.Fatal(err)
	}
	decode := func(b *testing.B, u *unstructured.Unstructured) *status.WorkflowStatus {
		s, err := status.FromUnstructured(u)
		if err != nil || len(s.Nodes) != len(nodes) || len(s.Dropped) > 0 {
			b.Fatalf("%v, %v", err, s.NodesErr)
		}
		return s
	}
	b.Run("inline", func(b *testing.B) {
		u := withStatus(map[string]any{"nodes": nodes})
		b.ReportAllocs()
		for b.Loop() {
			decode(b, u)
		}
	})
	compressed := withStatus(map[string]any{"compressedNodes": packed})
	b.Run("compressed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decode(b, compressed)
		}
	})
	b.Run("compressed-as-maps", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			nodes, err := status.DecompressNodes(packed)
			if err != nil {
				b.Fatal(err)
			}
			decode(b, withStatus(map[string]any{"nodes": nodes}))
		}
	})
	b.Run("one-output-of-compressed", func(b *testing.B) { // what the first of them costs
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := decode(b, compressed).OutputParameter(status.NodeNameContains("shard(77:"), "documents"); !ok {
				b.Fatal("not found")
			}
		}
	})
}
