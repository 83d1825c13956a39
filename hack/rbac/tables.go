package main

import (
	"fmt"
	"slices"
	"strings"

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

// markdown is the table. Operations that need the same share a row; those that need nothing have none.
func markdown(t table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | always needs | for a part of it | can do without |\n|---|---|---|---|\n", t.first)
	ops := slices.DeleteFunc(slices.Clone(t.ops), func(of workflow.OpRequirements) bool { return len(of.Requirements) == 0 })
	for _, same := range groupBy(ops, cells) {
		names := join(same, ", ", func(of workflow.OpRequirements) string { return string(of.Op) })
		fmt.Fprintf(&b, "| %s |%s\n", names, cells(same[0]))
	}
	return b.String()
}

// cells are those of what is always needed, needed for a part, and not needed after all.
func cells(of workflow.OpRequirements) string {
	row := ""
	for _, belongs := range []func(workflow.Requirement) bool{
		func(n workflow.Requirement) bool { return n.Part == "" },
		func(n workflow.Requirement) bool { return n.Part != "" && !n.Optional },
		func(n workflow.Requirement) bool { return n.Optional },
	} {
		cell := slices.DeleteFunc(slices.Clone(of.Requirements), func(n workflow.Requirement) bool { return !belongs(n) })
		byPart := groupBy(cell, func(n workflow.Requirement) string { return n.Part })
		row += " " + join(byPart, "; ", func(those []workflow.Requirement) string {
			switch part := those[0].Part; {
			case those[0].OnRequest:
				return "with " + part + ": " + onObjects(those)
			case part != "":
				return part + ": " + onObjects(those)
			}
			return onObjects(those)
		}) + " |"
	}
	return strings.ReplaceAll(row, "  |", " |")
}

// onObjects is e.g. "get on `deployments`, list on `replicasets`, `pods`".
func onObjects(requirements []workflow.Requirement) string {
	before := ""
	byObject := groupBy(requirements, func(n workflow.Requirement) workflow.Permission { return object(n.Permission) })
	return join(byObject, ", ", func(those []workflow.Requirement) string {
		on := join(those, ", ", func(n workflow.Requirement) string { return n.Verb }) + " on "
		text := "`" + strings.TrimRight(resource(those[0].Permission)+" "+those[0].Name, " ") + "`"
		if on == before {
			return text
		}
		before = on
		return on + text
	})
}
