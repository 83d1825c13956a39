package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

// findings is all that a run has measured.
type findings struct {
	sizes         []atSize
	paged, atOnce listed
	objectBytes   int64
}

type atSize struct {
	workflows int
	windows   map[string]windows
}

// write writes tables, notes and the graph. The error is errMissed if a limit is missed that counts.
func (f *findings) write(out io.Writer, c config) error {
	rows := f.rows()
	fmt.Fprintf(out, "%s\n\n%s waits, %d changes a second, a quarter of them ends:\n\n", heading(), grouped(f.largest().workflows), c.rate)
	if err := report.WriteTable(out, rows); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nBy number of waits:\n\n%s", f.growthTable())
	for _, note := range f.notes(c) {
		fmt.Fprintf(out, "\n%s\n", note)
	}
	if c.graph != "" {
		if err := f.writeGraph(c.graph, c.rate); err != nil {
			return err
		}
	}
	if report.Missed(rows) && !c.short {
		return errMissed
	}
	return nil
}

func (f *findings) largest() atSize { return f.sizes[len(f.sizes)-1] }

// growthTable has each way at each size.
func (f *findings) growthTable() string {
	figures := []figure{
		heapFigure(), startTimeFigure(), startCPUFigure(), startRequestsFigure(), cpuFigure(), bytesFigure(), requestsFigure(),
		arrivalFigure(99), answerFigure(99),
	}
	var text strings.Builder
	text.WriteString("| waits | |")
	for _, fig := range figures {
		fmt.Fprintf(&text, " %s |", fig.what)
	}
	text.WriteString("\n|---|---|" + strings.Repeat("---|", len(figures)) + "\n")
	for _, at := range f.sizes {
		for _, way := range []string{ours, informer, polling} {
			fmt.Fprintf(&text, "| %s | %s |", grouped(at.workflows), way)
			for _, fig := range figures {
				fmt.Fprintf(&text, " %s |", fig.of(at.windows[way]))
			}
			text.WriteString("\n")
		}
	}
	return text.String()
}

// of is the figure's median as text; "": there is none.
func (f figure) of(w windows) string {
	value := w.of(f.get)
	if math.IsNaN(value) { // this way has no such figure
		return ""
	}
	return f.text(value)
}
