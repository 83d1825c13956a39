package status_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// loadNodes returns count nodes like those of a bulk load with one node for each shard.
func loadNodes(count int) map[string]any {
	nodes := make(map[string]any, count)
	var children []any
	for i := 1; i < count; i++ {
		id := fmt.Sprintf("bulk-load-x7f2k-%d", 1_000_000_007*int64(i)%4_294_967_291)
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

// BenchmarkFromUnstructured reads 10,000 nodes: inline, compressed, and for comparison, compressed
// and decoded into maps by [status.DecompressNodes].
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
	b.Run("one-output-of-compressed", func(b *testing.B) { // the first call
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := decode(b, compressed).OutputParameter(status.NodeNameContains("shard(77:"), "documents"); !ok {
				b.Fatal("not found")
			}
		}
	})
}

// watchedWorkflow returns the JSON of a workflow with twelve nodes as a watch delivers it: the
// workflow has a template that the status repeats, and pods with inputs and outputs.
func watchedWorkflow(tb testing.TB) []byte {
	tb.Helper()
	const name = "bulk-load-x7f2k"
	fields := map[string]any{} // managed fields
	templates := []any{}
	for i := range 6 {
		templates = append(templates, map[string]any{
			"name": fmt.Sprint("step-", i), "inputs": map[string]any{"parameters": []any{map[string]any{"name": "shard"}}},
			"container": map[string]any{
				"image": "registry.example.com/migrations/loader:1.7.3", "command": []any{"/bin/sh", "-c"},
				"args":      []any{"set -eu\nload --shard '{{inputs.parameters.shard}}' --target \"$TARGET\"\necho done > /tmp/result\n"},
				"env":       []any{map[string]any{"name": "TARGET", "valueFrom": map[string]any{"configMapKeyRef": map[string]any{"name": "target", "key": "url"}}}},
				"resources": map[string]any{"requests": map[string]any{"cpu": "500m", "memory": "1Gi"}},
			},
			"outputs":       map[string]any{"parameters": []any{map[string]any{"name": "documents", "valueFrom": map[string]any{"path": "/tmp/result"}}}},
			"retryStrategy": map[string]any{"limit": "5", "backoff": map[string]any{"duration": "10s", "factor": "2"}},
		})
	}
	nodes := map[string]any{}
	for id := range loadNodes(11) {
		fields["f:"+id] = map[string]any{".": map[string]any{}, "f:phase": map[string]any{}, "f:startedAt": map[string]any{}}
	}
	for i := 1; i < 11; i++ {
		id := fmt.Sprintf("%s-%d", name, 1_000_000_007*int64(i)%4_294_967_291)
		nodes[id] = map[string]any{
			"id": id, "name": fmt.Sprintf("%s[%d].load(0)", name, i), "displayName": "load(0)", "type": "Pod", "templateName": "step-1",
			"templateScope": "local/" + name, "phase": "Succeeded", "boundaryID": name, "progress": "1/1", "hostNodeName": "ip-10-0-0-7.ec2.internal",
			"startedAt": fmt.Sprintf("2026-01-01T00:%02d:00Z", i), "finishedAt": "2026-01-02T00:00:00Z", "estimatedDuration": 40,
			"resourcesDuration": map[string]any{"cpu": 12, "memory": 87}, "taskResultSynced": true,
			"inputs":   map[string]any{"parameters": []any{map[string]any{"name": "shard", "value": fmt.Sprint(i)}}},
			"outputs":  map[string]any{"exitCode": "0", "parameters": []any{map[string]any{"name": "documents", "value": fmt.Sprint(7919 * i), "valueFrom": map[string]any{"path": "/tmp/result"}}}},
			"children": []any{fmt.Sprintf("%s-%d", name, 1_000_000_007*int64(i+1)%4_294_967_291)},
		}
	}
	nodes[name+"-gate"] = map[string]any{
		"id": name + "-gate", "name": name + "[11].approve", "displayName": "approve", "type": "Suspend", "templateName": "approve", "phase": "Running",
		"boundaryID": name, "startedAt": "2026-01-01T00:20:00Z", "outputs": map[string]any{"parameters": []any{map[string]any{"name": "approved", "valueFrom": map[string]any{"supplied": map[string]any{}}}}},
	}
	nodes[name] = map[string]any{"id": name, "name": name, "displayName": name, "type": "Steps", "phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "templateName": "main"}
	text, err := json.Marshal(map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{
			"name": name, "generateName": "bulk-load-", "namespace": "ma", "uid": "6f1c0a52-9a58-4c1e-8f6b-0d6b1b9f5a11", "resourceVersion": "48211",
			"creationTimestamp": "2026-01-01T00:00:00Z", "labels": map[string]any{"session": "s-42", "workflows.argoproj.io/phase": "Running"},
			"annotations": map[string]any{"workflows.argoproj.io/pod-name-format": "v2"},
			"managedFields": []any{map[string]any{
				"manager": "workflow-controller", "operation": "Update", "time": "2026-01-01T00:20:00Z", "fieldsV1": map[string]any{"f:status": map[string]any{"f:nodes": fields}},
			}},
		},
		"spec": map[string]any{
			"workflowTemplateRef": map[string]any{"name": "bulk-load"}, "entrypoint": "main", "templates": templates,
			"arguments": map[string]any{"parameters": []any{map[string]any{"name": "session-name", "value": "s-42"}, map[string]any{"name": "shards", "value": 10}}},
		},
		"status": map[string]any{
			"phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": nil, "progress": "10/11", "nodes": nodes,
			"conditions":        []any{map[string]any{"type": "PodRunning", "status": "False"}},
			"resourcesDuration": map[string]any{"cpu": 120, "memory": 870}, "artifactRepositoryRef": map[string]any{"default": true},
			"storedTemplates":            map[string]any{"namespaced/bulk-load/step-1": templates[1]},
			"storedWorkflowTemplateSpec": map[string]any{"entrypoint": "main", "templates": templates},
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// BenchmarkFromJSON reads a workflow with twelve nodes from the JSON that a watch delivers.
func BenchmarkFromJSON(b *testing.B) {
	text := watchedWorkflow(b)
	slim, err := wfjson.Slim(nil, text)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d bytes, %d slimmed", len(text), len(slim))
	check := func(b *testing.B, s *status.WorkflowStatus, err error) {
		if err != nil || len(s.Nodes) != 12 || len(s.Dropped) > 0 || !s.Suspended() {
			b.Fatal(err)
		}
	}
	var room []byte
	for _, way := range []struct {
		name string
		read func(b *testing.B)
	}{
		{"as-maps", func(b *testing.B) {
			u := &unstructured.Unstructured{}
			if err := json.Unmarshal(text, &u.Object); err != nil {
				b.Fatal(err)
			}
			s, err := status.FromUnstructured(u)
			check(b, s, err)
		}},
		{"from-json", func(b *testing.B) {
			s, err := status.FromJSON(text)
			check(b, s, err)
		}},
		{"slim", func(b *testing.B) {
			if room, err = wfjson.Slim(room[:0], text); err != nil {
				b.Fatal(err)
			}
		}},
		{"slim-and-from-json", func(b *testing.B) {
			slim, err := wfjson.Slim(make([]byte, 0, 10_000), text) // the part that the status keeps
			if err != nil {
				b.Fatal(err)
			}
			s, err := status.FromJSON(slim)
			check(b, s, err)
		}},
		{"from-json-of-slim", func(b *testing.B) {
			s, err := status.FromJSON(slim)
			check(b, s, err)
		}},
		{"identify", func(b *testing.B) {
			if id, err := wfjson.Identify(text); err != nil || id.ResourceVersion != "48211" {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				way.read(b)
			}
		})
	}
}
