package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// writeTable writes the report for people: the findings file by file, what to know about them,
// and how many there are.
func writeTable(out io.Writer, r *report) error {
	t := &table{}
	rest := r.Findings
	for _, f := range r.Files {
		t.findings(rest[:f.Findings])
		rest = rest[f.Findings:]
	}
	t.notes(r.Findings)
	t.skipped(r.Skipped)
	t.summary(r)
	_, err := io.WriteString(out, t.text.String())
	return err
}

type table struct{ text strings.Builder }

func (t *table) line(format string, args ...any) {
	t.text.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// rows writes cells in aligned columns; the last one is as long as it is.
func (t *table) rows(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable(cell)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		t.line("%s", line.String())
	}
}

func (t *table) findings(list []finding) {
	var rows [][]string
	for _, f := range list {
		replacement := f.New
		if replacement == "" {
			replacement = f.Note
		}
		rows = append(rows, []string{fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), f.Sure.String(), f.Old, replacement})
	}
	t.rows(rows)
	t.line("")
}

// notes writes what is to be known of replacements, once for each thing that was found.
func (t *table) notes(list []finding) {
	seen := map[string]bool{}
	var rows [][]string
	for _, f := range list {
		if key := f.Old + "\n" + f.Note; f.New != "" && f.Note != "" && !seen[key] {
			seen[key] = true
			rows = append(rows, []string{"  " + f.Old, f.Note})
		}
	}
	slices.SortFunc(rows, slices.Compare)
	if len(rows) > 0 {
		t.line("Notes")
		t.rows(rows)
		t.line("")
	}
}

func (t *table) skipped(list []skipped) {
	if len(list) == 0 {
		return
	}
	t.line("Not looked at")
	var rows [][]string
	for _, s := range list {
		what := s.Reason
		if s.Partly {
			what = "in part: " + what
		}
		rows = append(rows, []string{"  " + s.File, what})
	}
	t.rows(rows)
	t.line("")
}

func (t *table) summary(r *report) {
	if len(r.Files) == 0 {
		t.line("Nothing found in %d files; %d not looked at.", r.Total.Scanned, r.Total.Skipped)
		return
	}
	rows := [][]string{{"File", "Found", "Certain", "Likely", "Possible"}}
	add := func(name string, c counts) {
		rows = append(rows, []string{name, fmt.Sprint(c.Findings), fmt.Sprint(c.Certain), fmt.Sprint(c.Likely), fmt.Sprint(c.Possible)})
	}
	for _, f := range r.Files {
		add(f.File, f.counts)
	}
	add(fmt.Sprintf("%d of %d files, %d not looked at", r.Total.Files, r.Total.Scanned, r.Total.Skipped), r.Total.counts)
	t.rows(rows)
}

// printable is a text without what would disturb a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if shown(r) {
			return r
		}
		return '?'
	}, text)
}

// shown reports whether a character is seen as one. Some letters and marks are not.
func shown(r rune) bool {
	return (unicode.IsPrint(r) || r == '\u00a0') && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
