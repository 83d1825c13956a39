package main

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The limits, at the largest size.
const (
	mostWatches     = 2
	mostHeapPerWait = 8000.0 // bytes, with the goroutine
	arrivalRatio    = 0.5    // of the informer's p99
	mostDelay       = 50 * millisecond
	// mostGrowth is the cost per wait by that with fewer waits. Linear is 1. Of two runs of the same
	// code on a busy machine, medians of memory, processor, bytes and requests differed by a tenth
	// at most, and either of the two that are compared can be off. The time until all are
	// seen is the clock's: it differed by a factor of two, so its row needs an idle machine.
	mostGrowth = 1.2
	// mostPages is the memory of a list in pages by a page as JSON. The objects made of a page are
	// several times its size, two pages are there in turn, and Go's heap doubles
	// before garbage is collected: 17 to 19 were measured, of 100 to 1,000 workflows.
	mostPages = 30
)

// The names of the peers.
const (
	informerName = "dynamic informer, no waiter"
	pollingName  = "polling `Get`"
)

// findings is all that a run has measured.
type findings struct {
	extent        extent
	sizes         []atSize
	paged, atOnce int64 // the most memory of a list, in bytes
	objectBytes   int64
}

type atSize struct {
	workflows int
	windows   map[string]windows
}

// write writes the table, the notes and the graph. The error is report.ErrMissed if a limit is missed that counts.
func (f *findings) write(out io.Writer) error {
	rows := f.rows()
	_, largest := f.largest()
	fmt.Fprintf(out, "%s waits, %d changes a second, a quarter of them ends:\n\n", grouped(largest.workflows), changeRate)
	if err := report.WriteTable(out, rows); err != nil {
		return err
	}
	for _, note := range f.notes() {
		fmt.Fprintf(out, "\n%s\n", note)
	}
	if f.extent.graph != "" {
		if err := f.draw(f.extent.graph); err != nil {
			return err
		}
	}
	if report.Missed(rows) && f.extent.limits {
		return report.ErrMissed
	}
	return nil
}

// largest returns the largest size, and the one before it.
func (f *findings) largest() (before, largest atSize) {
	return f.sizes[len(f.sizes)-2], f.sizes[len(f.sizes)-1]
}

// rows compares ours with the informer at the largest size, with polling at the one before it, and
// with itself at both; and the lists.
func (f *findings) rows() []report.Row {
	before, at := f.largest()
	heap := atMost(at.besideInformer(heapFigure()), at.windows[ours].of(heapFigure().get), mostHeapPerWait, "≤ 8 KB")
	watches := atMost(at.besideInformer(watchesFigure()), at.windows[ours].of(watchesFigure().get), mostWatches, "≤ 2")
	rows := []report.Row{watches, at.besideInformer(connectionsFigure()), heap}
	for _, fig := range append(startFigures(), runFigures()...) {
		rows = append(rows, at.besideInformer(fig))
	}
	p99 := at.besideInformer(arrivalFigure(99))
	rows = append(rows, at.besideInformer(arrivalFigure(50)), at.besideInformer(arrivalFigure(90)),
		report.RatioRow(p99.What, p99.Ours, p99.Peer, p99.Theirs, p99.Ratio, arrivalRatio),
		at.besideInformer(answerFigure(50)), at.besideInformer(answerFigure(90)), at.delayRow())
	polled := append([]figure{connectionsFigure(), heapFigure()}, runFigures()...)
	for _, fig := range append(polled, answerFigure(50), answerFigure(90), answerFigure(99)) {
		fig.what += ", of " + before.waits()
		rows = append(rows, before.beside(fig, polling, pollingName))
	}
	return append(append(rows, growthRows(before, at)...), f.listRows(at.workflows)...)
}

func (at atSize) waits() string { return grouped(at.workflows) + " waits" }

// beside compares a figure of ours with that of another way.
func (at atSize) beside(fig figure, way, name string) report.Row {
	mine, theirs := at.windows[ours].of(fig.get), at.windows[way].of(fig.get)
	return report.RatioRow(fig.what, fig.form.text(mine), name, fig.form.text(theirs), mine/theirs, 0)
}

func (at atSize) besideInformer(fig figure) report.Row { return at.beside(fig, informer, informerName) }

// atMost gives a row a limit that is not a ratio.
func atMost(r report.Row, value, most float64, text string) report.Row {
	r.Limit, r.Missed = text, !(value <= most)
	return r
}

// delayRow has a limit for an idle machine that reaches the rate: if the informer needs longer
// as well, changes wait for the machine.
func (at atSize) delayRow() report.Row {
	fig := answerFigure(99)
	mine, theirs := at.windows[ours].of(fig.get), at.windows[informer].of(fig.get)
	r := at.besideInformer(fig)
	if mine > mostDelay && theirs > mostDelay {
		r.What += " (no limit: the informer needs more than the 50 ms as well, so this machine is too slow or not idle)"
		return r
	}
	return atMost(r, mine, mostDelay, "≤ 50 ms on an idle machine")
}

// growthRows compare the cost per wait at two sizes.
func growthRows(few, many atSize) (rows []report.Row) {
	figures := []figure{heapFigure()}
	for _, fig := range append(startFigures(), runFigures()...) {
		figures = append(figures, fig.perWorkflow())
	}
	for _, fig := range figures {
		mine, before := many.windows[ours].of(fig.get), few.windows[ours].of(fig.get)
		growth := mine / before
		if mine == 0 { // nothing has not grown
			growth = 0
		}
		rows = append(rows, report.RatioRow(fig.what+", of "+many.waits(), fig.form.text(mine), "ours, of "+few.waits(),
			fig.form.text(before), growth, mostGrowth))
	}
	return rows
}

// listRows have the memory of a list.
func (f *findings) listRows(workflows int) []report.Row {
	page, all := float64(f.objectBytes*workflow.DefaultPageSize), float64(f.atOnce)
	mine, size := float64(f.paged), form{mega, "%.2f MB"}
	what := fmt.Sprintf("List of %s, most memory", grouped(workflows))
	return []report.Row{
		report.RatioRow(what, size.text(mine), fmt.Sprintf("a page of %d as JSON", workflow.DefaultPageSize), size.text(page), mine/page, mostPages),
		report.RatioRow(what, size.text(mine), "dynamic client's List, all at once", size.text(all), mine/math.Max(1, all), 0),
	}
}

// notes are what else one has to know of the figures.
func (f *findings) notes() (notes []string) {
	for _, at := range f.sizes {
		for _, way := range []string{ours, informer, polling} {
			note := func(format string, value float64) {
				notes = append(notes, fmt.Sprintf("%s, %s: "+format, at.waits(), way, value))
			}
			w := at.windows[way]
			if failed := w.of(func(m measured) float64 { return float64(m.started.Failed + m.running.Failed) }); failed > 0 {
				note("%.0f requests failed.", failed)
			}
			if late := w.of(func(m measured) float64 { return float64(m.running.Late) }); late > 0 {
				note("the client was so far behind that arrivals of events were noted late, %.0f times.", late)
			}
			if reached := w.of(func(m measured) float64 { return m.rate }); reached < 0.95*changeRate {
				note("only %.0f changes a second were made.", reached)
			}
			if missing := w.of(unmatchedShare); way != polling && missing > 0.01 {
				note("%.0f %% of the ends were not reported by an event.", 100*missing)
			}
		}
	}
	return notes
}

// unmatchedShare is how many of the ends were reported by something else than an event.
func unmatchedShare(m measured) float64 {
	return float64(m.delays.unmatched) / float64(max(1, len(m.delays.fromAnswer)))
}

// grouped returns a number with commas between its thousands.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
