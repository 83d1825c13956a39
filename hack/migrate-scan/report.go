package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// report is all that a run found, in the shape of the JSON that it writes. README.md describes
// it; fields are only ever added.
type report struct {
	Version  int       `json:"version"`
	Findings []finding `json:"findings"`
	Files    []tally   `json:"files"`
	Skipped  []skipped `json:"skipped"`
	Total    total     `json:"total"`
}

// finding is one place.
type finding struct {
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Column int      `json:"column"`
	Rule   string   `json:"rule"`
	Sure   old.Sure `json:"sure"`
	Old    string   `json:"old"`
	New    string   `json:"new"`
	Note   string   `json:"note"`
}

// tally is how much was found in a file.
type tally struct {
	File string `json:"file"`
	counts
}

// counts are numbers of findings.
type counts struct {
	Findings int `json:"findings"`
	Certain  int `json:"certain"`
	Likely   int `json:"likely"`
	Possible int `json:"possible"`
}

// total is about the whole run.
type total struct {
	Scanned int `json:"scanned"` // files that were read
	Files   int `json:"files"`   // of those, with findings
	Skipped int `json:"skipped"`
	counts
}

func (c *counts) add(s old.Sure) {
	c.Findings++
	switch s {
	case old.Certain:
		c.Certain++
	case old.Likely:
		c.Likely++
	case old.Possible:
		c.Possible++
	}
}

// newReport sums up what was found in files, but for what is less sure than that.
func newReport(results []result, troubles []skipped, least old.Sure) *report {
	r := &report{Version: 1, Findings: []finding{}, Files: []tally{}, Skipped: append([]skipped{}, troubles...)}
	slices.SortStableFunc(results, func(a, b result) int { return strings.Compare(a.source.path, b.source.path) })
	for _, one := range results {
		if one.skipped != nil {
			r.Skipped = append(r.Skipped, *one.skipped)
		}
		if one.looked && (one.skipped == nil || one.skipped.Partly) {
			r.Total.Scanned++
		}
		here := tally{File: one.source.path}
		for _, f := range one.findings {
			if f.Sure < least {
				continue
			}
			r.Findings = append(r.Findings, finding{
				File: one.source.path, Line: f.Line, Column: f.Column,
				Rule: f.Rule, Sure: f.Sure, Old: f.Old, New: f.New, Note: f.Note,
			})
			here.add(f.Sure)
			r.Total.add(f.Sure)
		}
		if here.Findings > 0 {
			r.Files = append(r.Files, here)
		}
	}
	slices.SortFunc(r.Skipped, func(a, b skipped) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Reason, b.Reason))
	})
	r.Total.Files, r.Total.Skipped = len(r.Files), len(r.Skipped)
	return r
}

// writeJSON writes the report as it is.
func writeJSON(out io.Writer, r *report) error { return encode(out, r) }

func encode(out io.Writer, v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(out, escaped(text.String()))
	return err
}

// escaped is the same JSON without what would disturb a terminal: paths can have any characters.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\n' || shown(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
