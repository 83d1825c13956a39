package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// rule is what a role says of one resource.
type rule struct {
	group, resource string // with the subresource
	name            string // of the only object; "": of all
	verbs           []verb
}

// verb is one of a rule, and what it is for.
type verb struct {
	name string
	uses []use
}

// use is what an operation needs a verb for.
type use struct {
	source string
	op     workflow.Op
	parts  []string // with a star if the operation can do without; "": always
}

// verbs are in this order.
func verbOrder() []string {
	return []string{"get", "list", "watch", "create", "update", "patch", "delete"}
}

// rules are those of a role, sorted by group, resource and name.
func rules(r role) []rule {
	var all []rule
	for _, s := range r.sources {
		for _, of := range s.ops {
			for _, n := range of.Requirements {
				if n.ClusterScoped() == r.cluster {
					all = add(all, s.name, of.Op, n)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.resource, b.resource), cmp.Compare(a.name, b.name))
	})
	for _, each := range all {
		slices.SortFunc(each.verbs, func(a, b verb) int {
			return cmp.Compare(slices.Index(verbOrder(), a.name), slices.Index(verbOrder(), b.name))
		})
	}
	return all
}

func add(all []rule, source string, op workflow.Op, n workflow.Requirement) []rule {
	resource := strings.TrimRight(n.Resource+"/"+n.Subresource, "/")
	at := slices.IndexFunc(all, func(r rule) bool { return r.group == n.Group && r.resource == resource && r.name == n.Name })
	if at < 0 {
		at = len(all)
		all = append(all, rule{group: n.Group, resource: resource, name: n.Name})
	}
	r := &all[at]
	v := slices.IndexFunc(r.verbs, func(v verb) bool { return v.name == n.Verb })
	if v < 0 {
		v = len(r.verbs)
		r.verbs = append(r.verbs, verb{name: n.Verb})
	}
	part := n.Part
	if n.Optional {
		part += "*"
	}
	uses := &r.verbs[v].uses
	last := len(*uses) - 1
	if last >= 0 && (*uses)[last].op == op && (*uses)[last].source == source {
		(*uses)[last].parts = append((*uses)[last].parts, part)
	} else {
		*uses = append(*uses, use{source: source, op: op, parts: []string{part}})
	}
	return all
}

// part is the text of those parts, "": always.
func (u use) part() string {
	if slices.Contains(u.parts, "") {
		return ""
	}
	return strings.Join(u.parts, ", ")
}
