package nodeselection

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestFind(t *testing.T) {
	named := func(id, name string, kind status.NodeType) *status.Node {
		return &status.Node{ID: id, DisplayName: name, Type: kind}
	}
	gate := func(n *status.Node) (string, bool) { return n.DisplayName, n.Type == status.NodeTypeSuspend }
	x := NewIndex(&status.WorkflowStatus{Name: "w", Nodes: []*status.Node{
		named("w-1", "shard-a", status.NodeTypeSuspend), named("w-2", "shard-b", status.NodeTypeSuspend),
		named("w-3", "w-1", status.NodeTypeSuspend), // has the ID of another one as its name
		named("w-4", "w-5", status.NodeTypeSuspend), // has the ID of a pod as its name
		named("w-5", "shard-c", status.NodeTypePod), // is found by its ID only
		named("*", "any", status.NodeTypeSuspend),   // its ID is a pattern
		named("w-6", "w-*", status.NodeTypeSuspend), // its name is a pattern
		named("w-7", "shard-a", status.NodeTypeSuspend),
		named("w", "w", status.NodeTypeSteps), // the root
		named("w-8", "w", status.NodeTypeSuspend),
	}}, gate)
	for name, want := range map[string][2]string{
		"shard-a":   {"w-1 w-7", ""},
		"w-2":       {"w-2", ""},
		"w-1":       {"w-1", ""},
		"w-5":       {"w-5", ""},
		"shard-c":   {"", ""},
		"shard-*":   {"", "w-1 w-2 w-7"},
		"shard-[b]": {"", "w-2"},
		"*":         {"*", ""},
		"w-*":       {"w-6", ""},
		"w-?":       {"", "w-3 w-4 w-6"},
		"w":         {"w-8", ""},
		`w-\*`:      {"", "w-6"},
		"nothing":   {"", ""},
	} {
		parsed, err := ParseName(name)
		if err != nil {
			t.Fatal(err)
		}
		if exact, matched := x.Find(parsed); [2]string{ids(exact), ids(matched)} != want {
			t.Errorf("%s: %q and %q, want %q", name, ids(exact), ids(matched), want)
		}
	}
}

// The root of a workflow can be a gate by itself. Then its ID is that of a gate.
func TestFindTheRoot(t *testing.T) {
	root, step := &status.Node{ID: "w", DisplayName: "w"}, &status.Node{ID: "w-1", DisplayName: "w"}
	every := func(n *status.Node) (string, bool) { return n.DisplayName, true }
	steps := func(n *status.Node) (string, bool) { return n.DisplayName, n == step }
	for name, tc := range map[string]struct {
		nodes []*status.Node
		named func(*status.Node) (string, bool)
		want  string
	}{
		"a gate":                         {[]*status.Node{root}, every, "w"},
		"a gate like another":            {[]*status.Node{step, root}, every, "w"},
		"not found by name":              {[]*status.Node{root}, steps, "w"},
		"a step has the workflow's name": {[]*status.Node{root, step}, steps, "w-1"},
	} {
		parsed, err := ParseName("w")
		if err != nil {
			t.Fatal(err)
		}
		exact, matched := NewIndex(&status.WorkflowStatus{Name: "w", Nodes: tc.nodes}, tc.named).Find(parsed)
		if ids(exact) != tc.want || len(matched) > 0 {
			t.Errorf("%s: %q and %q", name, ids(exact), ids(matched))
		}
	}
}

func TestParseNames(t *testing.T) {
	path := field.NewPath("gates")
	names, problems := ParseNames(path, []string{"a", "b-*", `c\*`})
	if len(problems) > 0 || len(names) != 3 || names[1].String() != "b-*" || !names[1].Matches("b-1") || names[0].Matches("b") || !names[2].Matches("c*") {
		t.Errorf("%v, %v", names, problems)
	}
	if _, problems := ParseNames(path, nil); len(problems) > 0 {
		t.Error(problems)
	}
	if names, problems := ParseNames(path, slices.Repeat([]string{"a"}, MaxNames)); len(names) != MaxNames || len(problems) > 0 {
		t.Errorf("%d, %v", len(names), problems)
	}
	for _, malformed := range [][]string{{}, {""}, {"a", "[b"}, slices.Repeat([]string{"[b"}, MaxNames+1)} {
		if _, problems := ParseNames(path, malformed); len(problems) != 1 {
			t.Errorf("%.200q: %v", malformed, problems)
		}
	}
}
