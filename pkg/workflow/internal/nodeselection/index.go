package nodeselection

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"

// Index finds nodes by [Name].
type Index struct {
	byID   map[string]*status.Node
	named  []namedNode // those that are found by name
	byName map[string][]*status.Node
	root   *status.Node // nil if it is found by name
}

type namedNode struct {
	*status.Node

	name string
}

// NewIndex returns an index of the nodes of a workflow. All of them are found by ID, and those for
// which named returns true also by the name that it returns.
func NewIndex(s *status.WorkflowStatus, named func(*status.Node) (name string, ok bool)) *Index {
	x := &Index{byID: make(map[string]*status.Node, len(s.Nodes)), byName: map[string][]*status.Node{}}
	for _, n := range s.Nodes {
		x.byID[n.ID] = n
		if name, ok := named(n); ok {
			x.named = append(x.named, namedNode{n, name})
			x.byName[name] = append(x.byName[name], n)
		} else if n.ID == s.Name {
			x.root = n
		}
	}
	return x
}

// Find returns the nodes that a name selects: exact if it is an ID or the name of a node, otherwise
// matched, those that it matches as a pattern. An ID selects that node only. But the root's ID is
// the name of the workflow, so a node that has it as its name takes precedence, unless the
// root is found by name itself. Only a pattern is compared with every node.
func (x *Index) Find(name Name) (exact, matched []*status.Node) {
	exact = x.byName[name.text]
	n := x.byID[name.text]
	switch {
	case n != nil && (n != x.root || len(exact) == 0):
		return []*status.Node{n}, nil
	case len(exact) > 0 || name.pattern == nil:
		return exact, nil
	}
	for _, n := range x.named {
		if name.pattern.matches(n.name) {
			matched = append(matched, n.Node)
		}
	}
	return nil, matched
}
