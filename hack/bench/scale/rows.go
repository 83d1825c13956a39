package main

import (
	"fmt"
	"math"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The limits, at the largest size.
const (
	mostWatches     = 2
	mostHeapPerWait = 8000.0 // bytes, with the goroutine
	arrivalRatio    = 0.5    // of the informer's p99
	mostDelay       = 50.0 * float64(time.Millisecond)
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

// rows are the comparisons at the largest size, the growth, and the lists.
func (f *findings) rows() []report.Row {
	at := f.largest()
	rows := []report.Row{atMost(at.beside(watchesFigure(), informer), at.windows[ours].of(watchesFigure().get), mostWatches, "≤ 2")}
	rows = append(rows, at.beside(connectionsFigure(), informer), at.beside(connectionsFigure(), polling))
	heap := at.beside(heapFigure(), informer)
	rows = append(rows, atMost(heap, at.windows[ours].of(heapFigure().get), mostHeapPerWait, "≤ 8 KB"), at.beside(heapFigure(), polling))
	for _, fig := range []figure{startTimeFigure(), startCPUFigure(), startBytesFigure(), startRequestsFigure()} {
		rows = append(rows, at.beside(fig, informer))
	}
	for _, fig := range []figure{cpuFigure(), bytesFigure(), requestsFigure()} {
		rows = append(rows, at.beside(fig, informer), at.beside(fig, polling))
	}
	rows = append(rows, at.beside(arrivalFigure(50), informer), at.beside(arrivalFigure(90), informer))
	p99 := at.beside(arrivalFigure(99), informer)
	rows = append(rows, report.RatioRow(p99.What, p99.Ours, p99.Peer, p99.Theirs, p99.Ratio, arrivalRatio))
	for _, share := range []float64{50, 90} {
		rows = append(rows, at.beside(answerFigure(share), informer), at.beside(answerFigure(share), polling))
	}
	rows = append(rows, at.delayRow(), at.beside(answerFigure(99), polling))
	return append(append(rows, f.growthRows()...), f.listRows()...)
}

// beside compares a figure of ours with that of another way.
func (at atSize) beside(fig figure, way string) report.Row {
	name := informerName
	if way == polling {
		name = pollingName
	}
	mine, theirs := at.windows[ours].of(fig.get), at.windows[way].of(fig.get)
	return report.RatioRow(fig.what, fig.text(mine), name, fig.text(theirs), mine/theirs, 0)
}

// atMost gives a row a limit that is no ratio.
func atMost(r report.Row, value, most float64, text string) report.Row {
	r.Limit, r.Missed = text, !(value <= most)
	return r
}

// delayRow has a limit for an idle machine that comes to the rate: where the informer needs longer
// as well, changes wait for the machine.
func (at atSize) delayRow() report.Row {
	fig := answerFigure(99)
	mine, theirs := at.windows[ours].of(fig.get), at.windows[informer].of(fig.get)
	r := at.beside(fig, informer)
	if mine > mostDelay && theirs > mostDelay {
		r.What += " (no limit: the informer needs more than the 50 ms as well, so this machine is too slow or not idle)"
		return r
	}
	return atMost(r, mine, mostDelay, "≤ 50 ms on an idle machine")
}

// growthRows compare the cost per wait at the largest size with that at the one before it.
func (f *findings) growthRows() []report.Row {
	if len(f.sizes) < 2 {
		return nil
	}
	few, many := f.sizes[len(f.sizes)-2], f.largest()
	var rows []report.Row
	for _, fig := range []figure{
		heapFigure(), each(startTimeFigure(), microseconds), each(startCPUFigure(), microseconds), each(startBytesFigure(), kilobytes),
		each(startRequestsFigure(), small), each(cpuFigure(), perSecond(microseconds)), each(bytesFigure(), perSecond(kilobytes)),
		each(requestsFigure(), perSecond(small)),
	} {
		mine, before := many.windows[ours].of(fig.get), few.windows[ours].of(fig.get)
		rows = append(rows, report.RatioRow(fmt.Sprintf("%s, of %s waits", fig.what, grouped(many.workflows)), fig.text(mine),
			fmt.Sprintf("ours, of %s waits", grouped(few.workflows)), fig.text(before), growth(mine, before), mostGrowth))
	}
	return rows
}

// growth is a cost by another. Nothing has not grown.
func growth(now, before float64) float64 {
	if now == 0 {
		return 0
	}
	return now / before
}

// each is a figure shared out among the workflows.
func each(fig figure, text func(float64) string) figure {
	return figure{what: fig.what + ", per workflow", get: func(m measured) float64 { return perWait(fig.get(m), m) }, text: text}
}

// listRows have the memory of a list.
func (f *findings) listRows() []report.Row {
	page := float64(f.objectBytes * workflow.DefaultPageSize)
	what := fmt.Sprintf("List of %s, most memory", grouped(f.largest().workflows))
	mine := float64(f.paged.WithGarbage)
	return []report.Row{
		report.RatioRow(what, megabytes(mine), fmt.Sprintf("a page of %d as JSON", workflow.DefaultPageSize), megabytes(page),
			mine/page, mostPages),
		report.RatioRow(what, megabytes(mine), "dynamic client's List, all at once", megabytes(float64(f.atOnce.WithGarbage)),
			mine/math.Max(1, float64(f.atOnce.WithGarbage)), 0),
	}
}
