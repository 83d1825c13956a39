package faults

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Row is the outcome of the operations that ran while a fault was injected.
type Row struct {
	Fault      string
	Injected   int // times
	InFlight   int // operations during the fault
	Lost       int // operations that never ended, or whose effect is missing
	Duplicated int // effects that exist more than once, and states that were delivered again
	Wrong      int // operations whose result differs from the cluster's
}

// Clean reports whether nothing went wrong.
func (r Row) Clean() bool { return r.Lost == 0 && r.Duplicated == 0 && r.Wrong == 0 }

// Table is a table of rows.
type Table []Row

// Fprint writes the table as Markdown, sorted by the names of the faults.
func (t Table) Fprint(w io.Writer) error {
	rows := slices.SortedStableFunc(slices.Values(t), func(a, b Row) int { return strings.Compare(a.Fault, b.Fault) })
	width := len("fault")
	for _, r := range rows {
		width = max(width, utf8.RuneCountInString(r.Fault))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %-*s | times injected | operations in flight | lost | duplicated | wrong |\n", width, "fault")
	fmt.Fprintln(&b, "|---|---:|---:|---:|---:|---:|")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %-*s | %14d | %20d | %4d | %10d | %5d |\n",
			width, r.Fault, r.Injected, r.InFlight, r.Lost, r.Duplicated, r.Wrong)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
