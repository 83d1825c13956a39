// Package find looks for the old API in the text of a file.
package find

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
)

// BrokenError says that a file is not what its name says from some place on. What is before, and
// what could be understood after it, has been looked at.
type BrokenError struct {
	Line, Column int
	Reason       string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("%d:%d: %s; what follows may be missed", e.Line, e.Column, e.Reason)
}

// collector gathers the findings of one file.
type collector struct {
	lines    *python.Lines
	findings []old.Finding
	seen     map[place]bool
}

// place is where one thing is found once only.
type place struct {
	offset int
	rule   string
	old    string
}

func newCollector(text string) *collector {
	return &collector{lines: python.NewLines(text), seen: map[place]bool{}}
}

func (c *collector) add(offset int, u old.Use) {
	at := place{offset, u.Rule, u.Old}
	if c.seen[at] {
		return
	}
	c.seen[at] = true
	line, column := c.lines.Position(offset)
	c.findings = append(c.findings, old.Finding{Line: line, Column: column, Use: u})
}

func (c *collector) broken(offset int, reason string) error {
	line, column := c.lines.Position(offset)
	return &BrokenError{Line: line, Column: column, Reason: reason}
}

// sorted returns the findings in the order of the file. That kubectl gets a file, which could be
// anything, counts only beside something that is no such guess.
func (c *collector) sorted() []old.Finding {
	guess := func(f old.Finding) bool {
		return f.Sure == old.Possible && f.Rule == old.RuleKubectl && strings.Contains(f.Old, " -f ")
	}
	kept := c.findings
	if !slices.ContainsFunc(kept, func(f old.Finding) bool { return !guess(f) }) {
		kept = nil
	}
	slices.SortFunc(kept, old.Finding.Compare)
	return kept
}
