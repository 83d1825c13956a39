package selection

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"

// Index finds nodes by [Name].
type Index struct {
	byID   map[string]*status.Node
	named  []*status.Node // those that are found by name
	byName map[string][]*status.Node
}

// NewIndex returns an index of nodes. All of them are found by ID, and those for which named returns
// true also by name.
func NewIndex(nodes []*status.Node, named func(*status.Node) bool) *Index {
	x := &Index{byID: make(map[string]*status.Node, len(nodes)), byName: map[string][]*status.Node{}}
	for _, n := range nodes {
		x.byID[n.ID] = n
		if named(n) {
			x.named = append(x.named, n)
			x.byName[n.DisplayName] = append(x.byName[n.DisplayName], n)
		}
	}
	return x
}

// Find returns the nodes that a name selects. If it is an ID, that node is the only one. Otherwise
// exact are the nodes with that display name, and matched are the others that it matches as a
// pattern. Only a pattern is compared with every node.
func (x *Index) Find(name Name) (exact, matched []*status.Node) {
	if n := x.byID[name.text]; n != nil {
		return []*status.Node{n}, nil
	}
	if name.pattern != nil {
		for _, n := range x.named {
			if n.DisplayName != name.text && name.pattern.matches(n.DisplayName) {
				matched = append(matched, n)
			}
		}
	}
	return x.byName[name.text], matched
}
