package selection

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestFind(t *testing.T) {
	named := func(id, name string, kind status.NodeType) *status.Node {
		return &status.Node{ID: id, DisplayName: name, Type: kind}
	}
	x := NewIndex([]*status.Node{
		named("w-1", "shard-a", status.NodeTypeSuspend), named("w-2", "shard-b", status.NodeTypeSuspend),
		named("w-3", "w-1", status.NodeTypeSuspend), // has the ID of another one as its name
		named("w-4", "w-5", status.NodeTypeSuspend), // has the ID of a pod as its name
		named("w-5", "shard-c", status.NodeTypePod), // is found by its ID only
		named("*", "any", status.NodeTypeSuspend),   // its ID is a pattern
		named("w-6", "w-*", status.NodeTypeSuspend), // its name is a pattern
		named("w-7", "shard-a", status.NodeTypeSuspend),
	}, func(n *status.Node) bool { return n.Type == status.NodeTypeSuspend })
	for name, want := range map[string][2]string{
		"shard-a":   {"w-1 w-7", ""},
		"w-2":       {"w-2", ""},
		"w-1":       {"w-1", ""},
		"w-5":       {"w-5", ""},
		"shard-c":   {"", ""},
		"shard-*":   {"", "w-1 w-2 w-7"},
		"shard-[b]": {"", "w-2"},
		"*":         {"*", ""},
		"w-*":       {"w-6", "w-3 w-4"},
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

func TestParseNames(t *testing.T) {
	path := field.NewPath("gates")
	names, problems := ParseNames(path, []string{"a", "b-*", `c\*`})
	if len(problems) > 0 || len(names) != 3 || names[1].String() != "b-*" || !names[1].Matches("b-1") || names[0].Matches("b") || !names[2].Matches("c*") {
		t.Errorf("%v, %v", names, problems)
	}
	if _, problems := ParseNames(path, nil); len(problems) > 0 {
		t.Error(problems)
	}
	for _, malformed := range [][]string{{}, {""}, {"a", "[b"}} {
		if _, problems := ParseNames(path, malformed); len(problems) != 1 {
			t.Errorf("%q: %v", malformed, problems)
		}
	}
}
