package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// need is a permission that an operation of a source requires.
type need struct {
	workflow.Requirement

	source string
	op     workflow.Op
}

// verbOrder is the order of the verbs of a rule.
func verbOrder() []string {
	return []string{"get", "list", "watch", "create", "update", "patch", "delete"}
}

// needs are those that a role covers, sorted by object and verb.
func (r role) needs() []need {
	var all []need
	for _, s := range r.sources {
		for _, of := range s.ops {
			for _, n := range of.Requirements {
				if n.ClusterScoped() == r.cluster {
					all = append(all, need{n, s.name, of.Op})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b need) int {
		return cmp.Or(
			cmp.Compare(a.Group, b.Group), cmp.Compare(resource(a.Permission), resource(b.Permission)), cmp.Compare(a.Name, b.Name),
			cmp.Compare(slices.Index(verbOrder(), a.Verb), slices.Index(verbOrder(), b.Verb)),
		)
	})
	return all
}

// resource is the resource of a permission as a role has it, with the subresource.
func resource(p workflow.Permission) string {
	return strings.TrimRight(p.Resource+"/"+p.Subresource, "/")
}

// object is what a permission is for: one rule of a role.
func object(p workflow.Permission) workflow.Permission {
	p.Verb = ""
	return p
}

// groupBy returns the groups of elements with the same key, in the order of their first elements.
func groupBy[T any, K comparable](all []T, key func(T) K) [][]T {
	var groups [][]T
	index := map[K]int{}
	for _, each := range all {
		at, ok := index[key(each)]
		if !ok {
			at = len(groups)
			index[key(each)] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], each)
	}
	return groups
}

// join is [strings.Join] for any elements.
func join[T any](all []T, separator string, text func(T) string) string {
	texts := make([]string, len(all))
	for i, each := range all {
		texts[i] = text(each)
	}
	return strings.Join(texts, separator)
}
