package main

import (
	"fmt"
	"io"
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

// write writes tables, notes and the graph. The error is errMissed if a limit is missed.
func (f *findings) write(out io.Writer, c config) error {
	rows := f.rows(c)
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
	if report.Missed(rows) {
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
	if value != value { // NaN: this way has no such figure
		return ""
	}
	return f.text(value)
}

// notes are what else one has to know of the figures.
func (f *findings) notes(c config) []string {
	var notes []string
	for _, at := range f.sizes {
		for _, way := range []string{ours, informer, polling} {
			w := at.windows[way]
			where := fmt.Sprintf("%s waits, %s", grouped(at.workflows), way)
			if unseen := w.of(func(m measured) float64 { return float64(m.unseen) }); unseen > 0 {
				notes = append(notes, fmt.Sprintf("%s: %.0f workflows were not seen in %s.", where, unseen, c.interval+startTime))
			}
			if failed := w.of(func(m measured) float64 { return float64(m.started.Failed + m.running.Failed) }); failed > 0 {
				notes = append(notes, fmt.Sprintf("%s: %.0f requests failed.", where, failed))
			}
			if untold := w.of(func(m measured) float64 { return float64(m.delays.untold) }); untold > 0 {
				notes = append(notes, fmt.Sprintf("%s: %.0f ends were not told in the time there was, and are not in the delays.", where, untold))
			}
			if reached := w.of(func(m measured) float64 { return m.rate }); reached < 0.95*float64(c.rate) {
				notes = append(notes, fmt.Sprintf("%s: only %.0f changes a second were made.", where, reached))
			}
			if held := w.of(func(m measured) float64 { return float64(m.running.Held) }); held > 0 {
				notes = append(notes, where+": the client was so far behind that arrivals of events were noted late.")
			}
			if missing := w.of(unmatchedShare); way != polling && missing > 0.01 {
				notes = append(notes, fmt.Sprintf("%s: %.0f %% of the ends were not told by an event.", where, 100*missing))
			}
		}
	}
	return notes
}

func unmatchedShare(m measured) float64 {
	return float64(m.delays.unmatched) / float64(max(1, len(m.delays.fromAnswer)))
}
