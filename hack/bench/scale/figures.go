package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// windows are those of one way at one size.
type windows []measured

// of returns the median of what the windows give.
func (w windows) of(get func(measured) float64) float64 {
	values := make([]float64, 0, len(w))
	for _, m := range w {
		values = append(values, get(m))
	}
	return percentile(values, 50)
}

// percentile returns the smallest of the values that is at least as large as that share of them, in
// percent; NaN if there are none. It sorts the values.
func percentile[T time.Duration | float64](values []T, share float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	rank := int(math.Ceil(share / 100 * float64(len(values))))
	return float64(values[max(rank, 1)-1])
}

// figure is a number that is measured.
type figure struct {
	what string
	get  func(measured) float64
	form
	each form // of what each of the workflows takes
}

// form is how a number is written: in which unit, and with which format.
type form struct {
	unit   float64
	format string
}

func (f form) text(value float64) string { return fmt.Sprintf(f.format, value/f.unit) }

// Units, of bytes and nanoseconds.
const (
	kilo        = 1e3
	mega        = 1e6
	microsecond = float64(time.Microsecond)
	millisecond = float64(time.Millisecond)
	second      = float64(time.Second)
)

// perWorkflow is the figure shared out among the workflows.
func (f figure) perWorkflow() figure {
	get := func(m measured) float64 { return f.get(m) / float64(m.workflows) }
	return figure{what: f.what + ", per workflow", get: get, form: f.each}
}

func memoryFigure() figure {
	memory := func(m measured) float64 { return float64(m.memory) }
	return figure{"heap and stacks", memory, form{mega, "%.2f MB"}, form{kilo, "%.2f KB"}}
}

// startFigures are of the time until each workflow has been seen.
func startFigures() []figure {
	return []figure{
		{"time until all are seen", func(m measured) float64 { return float64(m.started.At) }, form{second, "%.2f s"}, form{microsecond, "%.0f µs"}},
		{"CPU until all are seen", func(m measured) float64 { return float64(m.started.CPU) }, form{second, "%.2f s"}, form{microsecond, "%.0f µs"}},
		{"bytes until all are seen", func(m measured) float64 { return float64(m.started.Bytes) }, form{mega, "%.2f MB"}, form{kilo, "%.2f KB"}},
		{"requests until all are seen", func(m measured) float64 { return float64(m.started.Requests) }, form{1, "%.0f"}, form{1, "%.4f"}},
	}
}

func cpuFigure() figure {
	cpu := func(m measured) float64 { return m.running.perSecond(m.running.CPU) }
	return figure{"CPU", cpu, form{second / 100, "%.1f %% of one"}, form{microsecond, "%.0f µs/s"}}
}

// runFigures are of the time while workflows change.
func runFigures() []figure {
	return []figure{
		cpuFigure(),
		{"bytes", func(m measured) float64 { return m.running.perSecond(m.running.Bytes) }, form{mega, "%.2f MB/s"}, form{kilo, "%.2f KB/s"}},
		{"requests", func(m measured) float64 { return m.running.perSecond(m.running.Requests) }, form{1, "%.1f/s"}, form{1, "%.4f/s"}},
	}
}

func watchesFigure() figure {
	return figure{what: "watches open at once", get: func(m measured) float64 { return float64(m.running.MostOpen) }, form: form{1, "%.0f"}}
}

func connectionsFigure() figure {
	return figure{what: "connections made", get: func(m measured) float64 { return float64(m.started.Dialled + m.running.Dialled) }, form: form{1, "%.0f"}}
}

func arrivalFigure(share float64) figure {
	return delayFigure("event at the client", share, func(m measured) []time.Duration { return m.delays.fromArrival })
}

func answerFigure(share float64) figure {
	return delayFigure("write answered", share, func(m measured) []time.Duration { return m.delays.fromAnswer })
}

func delayFigure(from string, share float64, of func(measured) []time.Duration) figure {
	get := func(m measured) float64 { return percentile(of(m), share) }
	return figure{what: fmt.Sprintf("%s to its return, p%g", from, share), get: get, form: form{millisecond, "%.2f ms"}}
}
