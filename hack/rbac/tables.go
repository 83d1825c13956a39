package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/marked"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// document is one that has tables, each between two marks.
type document struct {
	file   string
	tables []table
}

type table struct {
	mark  string
	first string // the head of its first column
	ops   []workflow.OpRequirements
}

func documents() []document {
	return []document{
		{"docs/errors.md", []table{{"needs", "operation", requirementsOf(workflow.Ops()...)}}},
		{"docs/backfill.md", []table{
			{"needs argo", "method", backfill.Requirements(backfill.ProviderArgo)},
			{"needs k8s", "method", backfill.Requirements(backfill.ProviderK8s)},
		}},
	}
}

// replaced is a document with a table of it written anew.
func replaced(text string, t table) (string, error) {
	return marked.Replace(text, t.mark, markdown(t))
}

// markdown is the table. Operations that need the same share a row.
func markdown(t table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | always needs | for a part of it | can do without |\n|---|---|---|---|\n", t.first)
	done := map[string]bool{}
	for _, of := range t.ops {
		row := cells(of.Requirements)
		if len(of.Requirements) == 0 || done[row] {
			continue
		}
		done[row] = true
		var names []string
		for _, other := range t.ops {
			if len(other.Requirements) > 0 && cells(other.Requirements) == row {
				names = append(names, string(other.Op))
			}
		}
		fmt.Fprintf(&b, "| %s |%s\n", strings.Join(names, ", "), row)
	}
	return b.String()
}

// cells are those of what is always needed, needed for a part, and not needed after all.
func cells(requirements []workflow.Requirement) string {
	row := ""
	for _, belongs := range []func(workflow.Requirement) bool{
		func(n workflow.Requirement) bool { return n.Part == "" },
		func(n workflow.Requirement) bool { return n.Part != "" && !n.Optional },
		func(n workflow.Requirement) bool { return n.Optional },
	} {
		var parts, texts []string
		for _, n := range requirements {
			if belongs(n) && !slices.Contains(parts, n.Part) {
				parts = append(parts, n.Part)
			}
		}
		for _, part := range parts {
			those := slices.DeleteFunc(slices.Clone(requirements), func(n workflow.Requirement) bool { return !belongs(n) || n.Part != part })
			text := onResources(those)
			switch {
			case those[0].OnRequest:
				text = "with " + part + ": " + text
			case part != "":
				text = part + ": " + text
			}
			texts = append(texts, text)
		}
		row += " " + strings.Join(texts, "; ") + " |"
	}
	return strings.ReplaceAll(row, "  |", " |")
}

// onResources is e.g. "get on `deployments`, list on `replicasets`, `pods`".
func onResources(requirements []workflow.Requirement) string {
	var texts []string
	before := ""
	for _, r := range rulesOf(requirements) {
		names := make([]string, len(r.verbs))
		for i, v := range r.verbs {
			names[i] = v.name
		}
		on := strings.Join(names, ", ") + " on "
		text := "`" + strings.TrimRight(r.resource+" "+r.name, " ") + "`"
		if on != before {
			text = on + text
		}
		before = on
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// rulesOf groups permissions by their resource, in their own order.
func rulesOf(requirements []workflow.Requirement) []rule {
	var all []rule
	for _, n := range requirements {
		all = add(all, "", "", n)
	}
	return all
}
