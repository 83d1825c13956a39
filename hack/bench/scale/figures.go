package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// windows are those of one way at one size.
type windows []measured

// of is the median of what the windows give.
func (w windows) of(get func(measured) float64) float64 {
	values := make([]float64, 0, len(w))
	for _, m := range w {
		values = append(values, get(m))
	}
	return percentile(values, 50)
}

// percentile is the smallest of the values that is at least as large as that share of them, in
// percent; NaN if there are none. It sorts the values.
func percentile[T time.Duration | float64](values []T, share float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	rank := int(math.Ceil(share / 100 * float64(len(values))))
	return float64(values[max(rank, 1)-1])
}

// figure is one thing that is measured: a number and how it is written.
type figure struct {
	what string
	get  func(measured) float64
	text func(float64) string
}

func perWait(of float64, m measured) float64 { return of / float64(m.workflows) }

// What it takes until each workflow has been seen.
func heapFigure() figure {
	return figure{"heap and stacks, per workflow", func(m measured) float64 { return perWait(m.memory.total(), m) }, kilobytes}
}

func startTimeFigure() figure {
	return figure{"time until all are seen", func(m measured) float64 { return float64(m.started.At) }, duration}
}

func startCPUFigure() figure {
	return figure{"CPU until all are seen", func(m measured) float64 { return float64(m.started.CPU) }, duration}
}

func startBytesFigure() figure {
	return figure{"bytes until all are seen", func(m measured) float64 { return m.started.bytes() }, megabytes}
}

func startRequestsFigure() figure {
	return figure{"requests until all are seen", func(m measured) float64 { return float64(m.started.Requests) }, count}
}

// What it takes while workflows change.
func cpuFigure() figure {
	return figure{"CPU", func(m measured) float64 { return m.running.perSecond(float64(m.running.CPU)) }, cpuText}
}

func bytesFigure() figure {
	return figure{"bytes", func(m measured) float64 { return m.running.perSecond(m.running.bytes()) }, perSecond(megabytes)}
}

func requestsFigure() figure {
	return figure{"requests", func(m measured) float64 { return m.running.perSecond(float64(m.running.Requests)) }, perSecond(tenths)}
}

func watchesFigure() figure {
	return figure{"watches open at once", func(m measured) float64 { return float64(m.running.MostOpen) }, count}
}

func connectionsFigure() figure {
	return figure{"connections made", func(m measured) float64 { return float64(m.started.Dialled + m.running.Dialled) }, count}
}

func arrivalFigure(share float64) figure {
	return figure{fmt.Sprintf("event at the client to its return, p%g", share),
		func(m measured) float64 { return percentile(m.delays.fromArrival, share) }, milliseconds}
}

func answerFigure(share float64) figure {
	return figure{fmt.Sprintf("write answered to its return, p%g", share),
		func(m measured) float64 { return percentile(m.delays.fromAnswer, share) }, milliseconds}
}
