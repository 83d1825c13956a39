package podlogs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// selector parses a selector of nodes.
func selector(t testing.TB, text string) status.NodeSelector {
	t.Helper()
	parsed, err := status.ParseNodeSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestPodsOfSelectedNodes(t *testing.T) {
	s := state(status.PhaseRunning)
	s.Nodes = []*status.Node{
		{ID: "w", DisplayName: "w", Type: status.NodeTypeDAG, TemplateName: "main", Children: []string{"w-1", "w-4"}},
		{ID: "w-1", DisplayName: "shard", Type: status.NodeTypeRetry, TemplateName: "shard", Children: []string{"w-2", "w-3"}},
		{ID: "w-2", DisplayName: "shard(0)", Type: status.NodeTypePod, TemplateName: "shard", Phase: status.NodeFailed},
		{ID: "w-3", DisplayName: "shard(1)", Type: status.NodeTypePod, TemplateName: "shard", Phase: status.NodeRunning},
		{ID: "w-4", DisplayName: "other", Type: status.NodeTypePod, TemplateName: "other", Phase: status.NodeRunning},
	}
	pods := []*pod{
		{nodeID: "w-2"}, {nodeID: "w-3"}, {nodeID: "w-4"}, {nodeID: "w-5", nodeName: "w.not-there-yet"}, {name: "agent"},
	}
	for _, tc := range []struct {
		selector   string
		want, last string
	}{
		{"", "shard(0) shard(1) other -", "shard(0) shard(1) other w.not-there-yet -"},
		{"displayName=shard(1)", "shard(1)", "shard(1)"},
		{"displayName=shard", "shard(0) shard(1)", "shard(0) shard(1)"}, // the Retry node represents its attempts
		{"phase=Failed", "shard(0)", "shard(0)"},
		{"displayName!=shard", "shard(0) shard(1) other", "shard(0) shard(1) other"},
		{"templateName=main", "", ""}, // other groups have no pods of their own
		{"displayName=nobody", "", ""},
	} {
		selection := Selection{Nodes: selector(t, tc.selector)}
		for last, want := range map[bool]string{false: tc.want, true: tc.last} {
			var got []string
			for _, p := range pods {
				if node, selected := selection.node(p, newNodeIndex(s), last); selected {
					got = append(got, strings.ReplaceAll(" "+node.name, " ", ""))
				}
			}
			for i, name := range got {
				if name == "" {
					got[i] = "-"
				}
			}
			if !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%q, last %v: %q, want %q", tc.selector, last, got, want)
			}
		}
	}
}

// BenchmarkPodsOfNodes selects among as many pods as there are nodes. The time per pod must not grow
// with their number.
func BenchmarkPodsOfNodes(b *testing.B) {
	selection := Selection{Nodes: selector(b, "displayName=nobody")}
	for _, count := range []int{500, 5000} {
		s := &status.WorkflowStatus{Name: "w"}
		var pods []*pod
		for i := range count {
			retry, attempt := fmt.Sprintf("w-r%d", i), fmt.Sprintf("w-a%d", i)
			s.Nodes = append(s.Nodes,
				&status.Node{ID: retry, DisplayName: "shard", Type: status.NodeTypeRetry, Children: []string{attempt}},
				&status.Node{ID: attempt, DisplayName: "shard(0)", Type: status.NodeTypePod})
			pods = append(pods, &pod{nodeID: attempt})
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				nodes := newNodeIndex(s)
				for _, p := range pods {
					if _, selected := selection.node(p, nodes, true); selected {
						b.Fatal("selected")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/pod")
		})
	}
}
