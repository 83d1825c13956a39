package status_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// A failure within a superseded attempt does not count, however deep it is.
func TestFailuresDeepWithinAnAttempt(t *testing.T) {
	nodes := map[string]any{
		"r":  map[string]any{"name": "r", "type": "Retry", "phase": "Succeeded", "children": []any{"n0", "ok"}},
		"ok": map[string]any{"name": "r(1)", "type": "Pod", "phase": "Succeeded"},
		"n0": map[string]any{"name": "r(0)", "type": "Steps", "phase": "Failed"},
		"c0": map[string]any{"type": "Pod", "phase": "Failed", "boundaryID": "c1", "name": "c0"},
		"c1": map[string]any{"type": "Steps", "phase": "Failed", "boundaryID": "c0", "name": "c1"},
		"s":  map[string]any{"type": "Pod", "phase": "Failed", "boundaryID": "s", "name": "s"},
	}
	for i := range 3_000 {
		nodes[fmt.Sprint("n", i+1)] = map[string]any{"name": "n", "type": "Pod", "phase": "Failed", "boundaryID": fmt.Sprint("n", i)}
	}
	s := decode(t, withStatus(map[string]any{"phase": "Failed", "nodes": nodes}))
	var failed []string
	for _, n := range s.FailedNodes() {
		failed = append(failed, n.ID)
	}
	if fmt.Sprint(failed) != "[c0 s]" {
		t.Errorf("%d failed: %.100v", len(failed), failed)
	}
}

func TestAwaitedLocksNameEachOnce(t *testing.T) {
	waiting := func(name, holder string) any { return map[string]any{"mutex": name, "holder": holder} }
	node := func(lock string) any {
		return map[string]any{"type": "Pod", "phase": "Pending", "synchronizationStatus": map[string]any{"waiting": lock}}
	}
	for phase, want := range map[string]string{
		"Pending": "[mutex x held by 1 mutex y held by 3 mutex ma/Mutex/z]", "Running": "[mutex x held by 2 mutex ma/Mutex/z]",
	} {
		s := decode(t, withStatus(map[string]any{
			"phase": phase, "nodes": map[string]any{"a": node("x"), "b": node("x"), "c": node("ma/Mutex/z")},
			"synchronization": map[string]any{"mutex": map[string]any{"waiting": []any{waiting("x", "1"), waiting("y", "3"), waiting("x", "2")}}},
		}))
		if got := fmt.Sprint(s.AwaitedLocks()); got != want {
			t.Errorf("%s: %s, want %s", phase, got, want)
		}
	}
}

// BenchmarkManyNodes shows that time is linear in the number of nodes.
func BenchmarkManyNodes(b *testing.B) {
	for _, count := range []int{4_000, 40_000} {
		nodes, waiting := map[string]any{}, []any{}
		for i := range count {
			id, lock := fmt.Sprint("n", i), fmt.Sprintf("ma/Mutex/%06d", i)
			nodes[id] = map[string]any{"type": "Pod", "phase": "Failed", "boundaryID": id}
			nodes["l"+id] = map[string]any{"type": "Pod", "phase": "Pending", "synchronizationStatus": map[string]any{"waiting": lock}}
			waiting = append(waiting, map[string]any{"mutex": lock, "holder": "ma/x"})
		}
		s, err := status.FromUnstructured(withStatus(map[string]any{
			"phase": "Running", "nodes": nodes, "synchronization": map[string]any{"mutex": map[string]any{"waiting": waiting}},
		}))
		if err != nil {
			b.Fatal(err)
		}
		for what, do := range map[string]func(){"failed": func() { s.FailedNodes() }, "locks": func() { s.AwaitedLocks() }} {
			b.Run(fmt.Sprint(what, " ", count), func(b *testing.B) {
				for b.Loop() {
					do()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/node")
			})
		}
	}
}

// Results and intermediate data must not take a multiple of the memory of the nodes.
func TestManyNodesAreShownInFewBytes(t *testing.T) {
	const count = 40_000
	var text strings.Builder
	text.WriteString(`{"status":{"phase":"Failed","nodes":{"w":{"name":"w","type":"DAG","phase":"Failed"}`)
	for i := range count {
		fmt.Fprintf(&text, `,"w-%[1]d":{"id":"w-%[1]d","name":"w.step-%[1]d","displayName":"step-%[1]d","type":"Pod","phase":"Failed","boundaryID":"w",`+
			`"templateName":"step","templateScope":"local/w","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:09Z"}`, i)
	}
	text.WriteString(`}},"metadata":{"name":"w"}}`)
	s, err := status.FromJSON([]byte(text.String()))
	if err != nil || s.NodesErr != nil {
		t.Fatal(err, s.NodesErr)
	}
	for what, do := range map[string]func(){
		"Err":             func() { _ = s.Err().Error() },
		"WriteTree":       func() { _ = s.WriteTree(io.Discard, time.Time{}, status.TreeOptions{}) },
		"UnfinishedNodes": func() { s.UnfinishedNodes() },
	} {
		if took := growth.Allocated(do); took > uint64(text.Len())*3/2 {
			t.Errorf("%s: %d MiB of nodes of %d", what, took>>20, text.Len()>>20)
		}
	}
}

// The depth of a tree is bounded for recursive readers, and each node still occurs exactly once.
func TestTreesAreNotDeep(t *testing.T) {
	const most, count, leaves = 1000, 5_000, 5_000
	for _, kind := range []status.NodeType{status.NodeTypePod, status.NodeTypeSteps} {
		nodes := map[string]any{}
		for i := range count {
			nodes[fmt.Sprint("n", i)] = map[string]any{"type": string(kind), "boundaryID": fmt.Sprint("n", i-1), "phase": "Running"}
		}
		for i := range leaves {
			nodes[fmt.Sprint("l", i)] = map[string]any{"type": "Pod", "boundaryID": fmt.Sprint("n", count-1), "phase": "Running"}
		}
		s := decode(t, withStatus(map[string]any{"nodes": nodes}))
		for _, groups := range []bool{false, true} {
			var tree []*status.TreeNode
			took := growth.Allocated(func() { tree = s.Tree(status.TreeOptions{Groups: groups}) })
			all, deepest := 0, 0
			var visit func(nodes []*status.TreeNode, depth int)
			visit = func(nodes []*status.TreeNode, depth int) {
				deepest, all = max(deepest, depth), all+len(nodes)
				for _, n := range nodes {
					visit(n.Children, depth+1)
				}
			}
			visit(tree, 0)
			want := count + leaves
			if kind.Group() && !groups {
				want = leaves
			}
			if all != want || deepest > most || took > 16<<20 {
				t.Errorf("%s, groups %t: %d nodes, want %d, up to %d deep, %d MiB", kind, groups, all, want, deepest, took>>20)
			}
		}
	}
}

// The size of a tree is bounded even if its lines are long.
func TestTreesHaveFewBytes(t *testing.T) {
	nodes := map[string]any{}
	for i := range 18_000 {
		nodes[fmt.Sprint("n", i)] = map[string]any{"type": "Pod", "displayName": strings.Repeat("d", 300), "message": strings.Repeat("m", 2_000)}
	}
	s, err := status.FromUnstructured(withStatus(map[string]any{"nodes": nodes}))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := s.WriteTree(&text, time.Time{}, status.TreeOptions{}); err != nil || text.Len() > 8<<20+8<<10 {
		t.Error(err, text.Len())
	}
	shown := strings.Count(text.String(), "m…")
	if !strings.HasSuffix(text.String(), fmt.Sprintf("and %d more\n", len(nodes)-shown)) {
		t.Errorf("%d are shown, and it ends with %q", shown, text.String()[text.Len()-99:])
	}
}
