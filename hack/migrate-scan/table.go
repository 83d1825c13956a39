package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
)

//go:embed table.json
var tableJSON []byte

// table is the old API with its replacements. Expressions match a whole name, or a whole command in
// the form that [table.command] gives it.
type table struct {
	Module, Class string            // of the old API
	Names         map[string]string // what the module exports: a class, an error or phases
	Relevant      []string          // a text without one of these contains nothing old
	Patterns      map[string]string
	Values        map[string]string // flags that take a value, by program
	Rules         []rule
	Replacements  []replacement

	patterns map[string]*regexp.Regexp
	methods  map[string]bool
}

// rule is a kind of finding.
type rule struct{ ID, Title, Help string }

// replacement is what replaces something old. The first one that matches counts. One with neither
// New nor Note says that nothing is found.
type replacement struct {
	Rule, Match string
	// New is a Go expression in which client is a *workflow.WorkflowClient and state is what it
	// returns. If it is empty, nothing replaces the old use, and Note says why.
	New, Note string
	Maybe     bool // a finding is not sure, whatever its surroundings
	Guess     bool // and counts only beside another finding in the same file
	Vague     bool // the verb is not known, so that it counts only if the command is certainly run
}

// loadTable panics if table.json is wrong.
func loadTable() *table {
	t := &table{patterns: map[string]*regexp.Regexp{}, methods: map[string]bool{}}
	if err := json.Unmarshal(tableJSON, t); err != nil {
		panic(fmt.Sprintf("table.json: %v", err))
	}
	for _, r := range t.Replacements {
		t.Patterns[r.Rule+" "+r.Match] = r.Match
		t.methods[r.Match] = r.Rule == "method" || t.methods[r.Match]
	}
	for name, pattern := range t.Patterns {
		t.patterns[name] = regexp.MustCompile(`(?s)^(?:` + pattern + `)$`)
	}
	return t
}

// is reports whether a name matches one of the table's patterns.
func (t *table) is(pattern, name string) bool { return t.patterns[pattern].MatchString(name) }

// find returns what replaces something; ok is false if it is not found.
func (t *table) find(rule, name string) (r replacement, ok bool) {
	for _, r := range t.Replacements {
		if r.Rule == rule && (r.Match == "" || t.is(rule+" "+r.Match, name)) {
			return r, r.New != "" || r.Note != ""
		}
	}
	return replacement{}, false
}
