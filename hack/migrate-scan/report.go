package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"
)

// report is everything that a run found, in the shape of its JSON. README.md describes it.
type report struct {
	Version  int       `json:"version"`
	Findings []finding `json:"findings"`
	Skipped  []skipped `json:"skipped"`
	Total    total     `json:"total"`

	rules []rule
}

// total is about the whole run.
type total struct {
	Scanned  int `json:"scanned"` // files that were read
	Files    int `json:"files"`   // of those, files with findings
	Skipped  int `json:"skipped"`
	Findings int `json:"findings"`
	Sure     int `json:"sure"`
	Maybe    int `json:"maybe"`
}

// add adds the findings of a file.
func (r *report) add(file string, found []finding) {
	r.Total.Files += min(len(found), 1)
	for _, f := range found {
		f.File = file
		r.Findings = append(r.Findings, f)
		if r.Total.Findings++; f.Certainty == sure {
			r.Total.Sure++
		} else {
			r.Total.Maybe++
		}
	}
}

func (r *report) encode(format string) []byte {
	switch format {
	case "json":
		return encodeJSON(r)
	case "sarif":
		return encodeJSON(r.sarif())
	}
	return r.table()
}

// encodeJSON returns JSON in ASCII, since names of files can have characters that disturb a terminal.
func encodeJSON(v any) []byte {
	var text, ascii bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // v has strings, integers and booleans, which never fail to encode
	}
	for _, c := range text.String() {
		if c <= '~' {
			ascii.WriteRune(c)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, c) {
			fmt.Fprintf(&ascii, `\u%04x`, unit)
		}
	}
	return ascii.Bytes()
}

// table returns the report for people: the findings of each file, what to know about them, what was
// not scanned, and how many findings there are.
func (r *report) table() []byte {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = printable(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	notes := map[[2]string]bool{}
	for i, f := range r.Findings {
		if i > 0 && f.File != r.Findings[i-1].File {
			row()
		}
		row(fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), f.Certainty, f.Old, cmp.Or(f.New, f.Note))
		if f.New != "" && f.Note != "" {
			notes[[2]string{f.Old, f.Note}] = true
		}
	}
	section := func(title string, rows [][2]string) {
		if len(rows) == 0 {
			return
		}
		row(title)
		for _, cells := range rows {
			row("  "+cells[0], cells[1])
		}
		row()
	}
	if len(r.Findings) > 0 {
		row()
	}
	section("Notes", slices.SortedFunc(maps.Keys(notes), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }))
	var skips [][2]string
	for _, s := range r.Skipped {
		skips = append(skips, [2]string{s.File, s.what()})
	}
	section("Not scanned", skips)
	t := r.Total
	row(fmt.Sprintf("%d found, %d sure and %d maybe, in %d of %d files; %d not scanned", t.Findings, t.Sure, t.Maybe, t.Files, t.Scanned, t.Skipped))
	_ = w.Flush() // writes to a buffer do not fail
	return out.Bytes()
}

// sarif returns the report as SARIF 2.1.0. What was not scanned is among the notifications of the
// invocation.
func (r *report) sarif() any {
	type object = map[string]any
	text := func(s string) object { return object{"text": s} }
	at := func(file string, region object) []object {
		physical := object{"artifactLocation": object{"uri": fileURI(file)}}
		if region != nil {
			physical["region"] = region
		}
		return []object{{"physicalLocation": physical}}
	}
	rules, results, notifications := []object{}, []object{}, []object{}
	for _, rule := range r.rules {
		rules = append(rules, object{"id": rule.ID, "shortDescription": text(rule.Title + "."), "help": text(rule.Help)})
	}
	for _, f := range r.Findings {
		message := f.Note
		if f.New != "" {
			message = strings.TrimSuffix("use "+f.New+" ("+f.Note+")", " ()")
		}
		results = append(results, object{
			"ruleId": f.Rule, "level": map[string]string{sure: "error", maybe: "warning"}[f.Certainty], "message": text(f.Old + ": " + message + "."),
			"ruleIndex":  slices.IndexFunc(r.rules, func(r rule) bool { return r.ID == f.Rule }),
			"locations":  at(f.File, object{"startLine": f.Line, "startColumn": f.Column}),
			"properties": object{"old": f.Old, "new": f.New, "certainty": f.Certainty},
		})
	}
	for _, s := range r.Skipped {
		notifications = append(notifications, object{"level": "warning", "message": text(s.what()), "locations": at(s.File, nil)})
	}
	return object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{
			"tool":        object{"driver": object{"name": "migrate-scan", "rules": rules}},
			"invocations": []object{{"executionSuccessful": true, "toolExecutionNotifications": notifications}},
			"columnKind":  "unicodeCodePoints", "results": results,
		}},
	}
}

func (s skipped) what() string {
	if s.Partly {
		return "in part: " + s.Reason
	}
	return s.Reason
}

// fileURI returns a path as a URI: relative as it is, absolute with its scheme.
func fileURI(file string) string {
	if path.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	return strings.TrimPrefix((&url.URL{Path: file}).String(), "./")
}

// printable returns a text without characters that would disturb a terminal. Some letters and marks
// are not visible.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return r
		}
		return '?'
	}, text)
}
