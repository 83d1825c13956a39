package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
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
	Files    []tally   `json:"files"`
	Skipped  []skipped `json:"skipped"`
	Total    total     `json:"total"`

	rules []rule
}

// tally counts the findings in a file.
type tally struct {
	File string `json:"file"`
	counts
}

type counts struct {
	Findings int `json:"findings"`
	Sure     int `json:"sure"`
	Maybe    int `json:"maybe"`
}

// total is about the whole run.
type total struct {
	Scanned int `json:"scanned"` // files that were read
	Files   int `json:"files"`   // of those, files with findings
	Skipped int `json:"skipped"`
	counts
}

// add adds the findings of a file.
func (r *report) add(file string, found []finding, onlySure bool) {
	here := tally{File: file}
	for _, f := range found {
		if f.Certainty != sure && onlySure {
			continue
		}
		f.File = file
		r.Findings = append(r.Findings, f)
		for _, c := range []*counts{&here.counts, &r.Total.counts} {
			c.Findings++
			if f.Certainty == sure {
				c.Sure++
			} else {
				c.Maybe++
			}
		}
	}
	if here.Findings > 0 {
		r.Files = append(r.Files, here)
	}
}

func (r *report) write(out io.Writer, format string) error {
	switch format {
	case "json":
		return writeJSON(out, r)
	case "sarif":
		return writeJSON(out, r.sarif())
	}
	return r.table(out)
}

// writeJSON writes JSON without characters that would disturb a terminal: paths can have any.
func writeJSON(out io.Writer, v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	var escaped strings.Builder
	for _, c := range text.String() {
		if c == '\n' || isShown(c) {
			escaped.WriteRune(c)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, c) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	_, err := io.WriteString(out, escaped.String())
	return err
}

// table writes the report for people: the findings of each file, what to know about them, what was
// not scanned, and how many findings there are.
func (r *report) table(out io.Writer) error {
	var text bytes.Buffer
	block := func(title string, rows [][]string) {
		if len(rows) == 0 {
			return
		}
		text.WriteString(title)
		w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		for _, row := range rows {
			for i, cell := range row {
				row[i] = printable(cell)
			}
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		_ = w.Flush() // into memory
		text.WriteString("\n")
	}
	var notes, skips [][]string
	rest := r.Findings
	for _, file := range r.Files {
		var rows [][]string
		for _, f := range rest[:file.Findings] {
			rows = append(rows, []string{fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), f.Certainty, f.Old, cmp.Or(f.New, f.Note)})
			if f.New != "" && f.Note != "" {
				notes = append(notes, []string{"  " + f.Old, f.Note})
			}
		}
		rest = rest[file.Findings:]
		block("", rows)
	}
	slices.SortFunc(notes, slices.Compare)
	block("Notes\n", slices.CompactFunc(notes, slices.Equal))
	for _, s := range r.Skipped {
		skips = append(skips, []string{"  " + s.File, s.what()})
	}
	block("Not scanned\n", skips)
	if len(r.Files) == 0 {
		fmt.Fprintf(&text, "Nothing found in %d files; %d not scanned.\n", r.Total.Scanned, r.Total.Skipped)
	} else {
		rows := [][]string{{"File", "Found", "Sure", "Maybe"}}
		whole := fmt.Sprintf("%d of %d files, %d not scanned", r.Total.Files, r.Total.Scanned, r.Total.Skipped)
		for _, t := range append(slices.Clone(r.Files), tally{whole, r.Total.counts}) {
			rows = append(rows, []string{t.File, fmt.Sprint(t.Findings), fmt.Sprint(t.Sure), fmt.Sprint(t.Maybe)})
		}
		block("", rows)
		text.Truncate(text.Len() - 1)
	}
	_, err := out.Write(text.Bytes())
	return err
}

// sarif returns the report as SARIF 2.1.0. What was not scanned is among the notifications of the
// invocation.
func (r *report) sarif() any {
	type object = map[string]any
	text := func(s string) object { return object{"text": s} }
	location := func(file string) object { return object{"artifactLocation": object{"uri": fileURI(file)}} }
	rules, results, notifications := []object{}, []object{}, []object{}
	index := map[string]int{}
	for i, rule := range r.rules {
		index[rule.ID] = i
		rules = append(rules, object{"id": rule.ID, "shortDescription": text(rule.Title + "."), "help": text(rule.Help)})
	}
	for _, f := range r.Findings {
		level, message := "error", f.Note
		if f.Certainty == maybe {
			level = "warning"
		}
		if f.New != "" {
			message = "use " + f.New
			if f.Note != "" {
				message += " (" + f.Note + ")"
			}
		}
		physical := location(f.File)
		physical["region"] = object{"startLine": f.Line, "startColumn": f.Column}
		results = append(results, object{
			"ruleId": f.Rule, "ruleIndex": index[f.Rule], "level": level, "message": text(f.Old + ": " + message + "."),
			"locations":  []object{{"physicalLocation": physical}},
			"properties": object{"old": f.Old, "new": f.New, "certainty": f.Certainty},
		})
	}
	for _, s := range r.Skipped {
		notifications = append(notifications, object{
			"level": "warning", "message": text(s.what()), "locations": []object{{"physicalLocation": location(s.File)}},
		})
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

// printable returns a text without characters that would disturb a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if isShown(r) {
			return r
		}
		return '?'
	}, text)
}

// isShown reports whether a character is visible as one. Some letters and marks are not.
func isShown(r rune) bool {
	return (unicode.IsPrint(r) || r == '\u00a0') && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
