package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The limits, at the largest size.
const (
	mostWatches     = 2
	mostHeapPerWait = 8 * kilo // with the goroutine
	arrivalRatio    = 0.5      // of the informer's p99
	mostDelay       = 50 * millisecond
	// mostGrowth is the cost per wait by that with fewer waits. Linear is 1. Of two runs of the
	// same code on a busy machine, medians of memory, processor, bytes and requests differed by a
	// tenth at most, and either of the two that are compared can be off. The time until all are
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

// write writes the table, the notes and the graph. If a limit is missed that counts, the error is
// report.ErrMissed.
func (f *findings) write(out io.Writer) error {
	rows := f.rows()
	fmt.Fprintf(out, "%s, %d changes a second, a quarter of them ends:\n\n", f.sizes[len(f.sizes)-1].waits(), changeRate)
	if err := report.WriteTable(out, rows); err != nil {
		return err
	}
	f.writeNotes(out)
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

// rows compares ours with the informer at the largest size, with polling at the one before it, and
// with itself at both; and the lists.
func (f *findings) rows() []report.Row {
	few, many := f.sizes[len(f.sizes)-2], f.sizes[len(f.sizes)-1]
	rows := []report.Row{
		many.besideInformer(watchesFigure(), mostWatches, "≤ 2"),
		many.besideInformer(connectionsFigure(), 0, ""),
		many.besideInformer(memoryFigure().perWorkflow(), mostHeapPerWait, "≤ 8 KB"),
	}
	for _, fig := range append(append(startFigures(), runFigures()...), arrivalFigure(50), arrivalFigure(90)) {
		rows = append(rows, many.besideInformer(fig, 0, ""))
	}
	rows = append(rows, compare(arrivalFigure(99), many.windows[ours], many.windows[informer], informerName, arrivalRatio),
		many.besideInformer(answerFigure(50), 0, ""), many.besideInformer(answerFigure(90), 0, ""), many.delayRow())
	for _, fig := range append([]figure{connectionsFigure(), memoryFigure().perWorkflow(), answerFigure(50), answerFigure(90), answerFigure(99)}, runFigures()...) {
		fig.what += ", of " + few.waits()
		rows = append(rows, compare(fig, few.windows[ours], few.windows[polling], pollingName, 0))
	}
	for _, fig := range append(append([]figure{memoryFigure()}, startFigures()...), runFigures()...) {
		fig = fig.perWorkflow()
		fig.what += ", of " + many.waits()
		rows = append(rows, compare(fig, many.windows[ours], few.windows[ours], "ours, of "+few.waits(), mostGrowth))
	}
	size, page := form{mega, "%.2f MB"}, float64(f.objectBytes*workflow.DefaultPageSize)
	mine, all := float64(f.paged), float64(f.atOnce)
	what := fmt.Sprintf("List of %s, most memory", grouped(many.workflows))
	return append(rows,
		report.RatioRow(what, size.text(mine), fmt.Sprintf("a page of %d as JSON", workflow.DefaultPageSize), size.text(page), mine/page, mostPages),
		report.RatioRow(what, size.text(mine), "dynamic client's List, all at once", size.text(all), mine/all, 0))
}

// compare compares a figure of ours with that of another way or size. The limit is of the ratio; 0
// is none.
func compare(fig figure, ours, theirs windows, peer string, limit float64) report.Row {
	a, b := ours.of(fig.get), theirs.of(fig.get)
	ratio := a / b
	if a == 0 && limit > 0 { // nothing is within the limit, also beside nothing
		ratio = 0
	}
	return report.RatioRow(fig.what, fig.text(a), peer, fig.text(b), ratio, limit)
}

// besideInformer has a limit for ours if limit is not empty.
func (at atSize) besideInformer(fig figure, most float64, limit string) report.Row {
	r := compare(fig, at.windows[ours], at.windows[informer], informerName, 0)
	r.Limit, r.Missed = limit, limit != "" && !(at.windows[ours].of(fig.get) <= most)
	return r
}

// delayRow has a limit for an idle machine that reaches the rate: if the informer needs longer
// as well, changes wait for the machine.
func (at atSize) delayRow() report.Row {
	fig := answerFigure(99)
	r := at.besideInformer(fig, mostDelay, "≤ 50 ms on an idle machine")
	if min(at.windows[ours].of(fig.get), at.windows[informer].of(fig.get)) > mostDelay {
		r.Limit, r.Missed = "", false
		r.What += " (no limit: the informer needs more than the 50 ms as well, so this machine is too slow or not idle)"
	}
	return r
}

// writeNotes writes what else one has to know of the figures.
func (f *findings) writeNotes(out io.Writer) {
	for _, at := range f.sizes {
		for _, way := range []string{ours, informer, polling} {
			w := at.windows[way]
			failed := w.of(func(m measured) float64 { return float64(m.started.Failed + m.running.Failed) })
			late := w.of(func(m measured) float64 { return float64(m.running.Late) })
			rate, missing := w.of(func(m measured) float64 { return m.rate }), w.of(unmatched)
			for _, note := range []struct {
				holds  bool
				format string
				value  float64
			}{
				{failed > 0, "%.0f requests failed.", failed},
				{late > 0, "the client was so far behind that arrivals of events were noted late, %.0f times.", late},
				{rate < 0.95*changeRate, "only %.0f changes a second were made.", rate},
				{missing > 1 && way != polling, "%.0f %% of the ends were not reported by an event.", missing},
			} {
				if note.holds {
					fmt.Fprintf(out, "\n%s, %s: "+note.format+"\n", at.waits(), way, note.value)
				}
			}
		}
	}
}

// unmatched is the share of the ends that were not reported by an event, in percent.
func unmatched(m measured) float64 {
	return 100 * (1 - float64(len(m.delays.fromArrival))/float64(max(1, len(m.delays.fromAnswer))))
}

func (at atSize) waits() string { return grouped(at.workflows) + " waits" }

// grouped returns a number with commas between its thousands.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
