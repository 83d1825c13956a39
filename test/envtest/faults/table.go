package faults

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// Table collects rows. The zero value is ready to use. It is safe for concurrent use.
type Table struct {
	mu   sync.Mutex
	rows []Row
}

// Add adds a row.
func (t *Table) Add(r Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
}

// Fprint writes the table as Markdown, sorted by the names of the faults.
func (t *Table) Fprint(w io.Writer) error {
	t.mu.Lock()
	rows := slices.Clone(t.rows)
	t.mu.Unlock()
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Fault, b.Fault) })
	cells := [][]string{{"fault", "times injected", "operations in flight", "lost", "duplicated", "wrong"}}
	for _, r := range rows {
		line := []string{r.Fault}
		for _, n := range []int{r.Injected, r.InFlight, r.Lost, r.Duplicated, r.Wrong} {
			line = append(line, strconv.Itoa(n))
		}
		cells = append(cells, line)
	}
	return printCells(w, cells)
}

func printCells(w io.Writer, cells [][]string) error {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for n, line := range cells {
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i > 0 { // align numbers to the right
				cell, pad = pad+cell, ""
			}
			if _, err := fmt.Fprint(w, "| ", cell, pad, " "); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(w, "|"); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if _, err := fmt.Fprintln(w, "|---"+strings.Repeat("|---:", len(widths)-1)+"|"); err != nil {
			return err
		}
	}
	return nil
}
