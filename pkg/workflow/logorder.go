package workflow

import (
	"container/heap"
	"context"
	"slices"
	"time"
)

const (
	// orderWithin is how long a line that is followed is held, since earlier ones may
	// be on their way.
	orderWithin = 500 * time.Millisecond
	// holdLines and holdBytes are how much is held at most.
	holdLines = 1 << 12
	holdBytes = 4 << 20
)

// heldLine is a line that waits for its turn.
type heldLine struct {
	line    LogLine
	order   time.Time // never runs back within one source
	number  int       // in the order of arrival
	release time.Time
	passed  bool
}

// orderLines passes on lines as they arrive, ordered as far as they arrive within
// orderWithin of each other, until there are no more. Nobody else is waited for longer than
// that, and while emit blocks nothing more is taken.
func orderLines(ctx context.Context, lines <-chan heldLine, emit func(LogLine) error) error {
	o := lineOrder{emit: emit}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var due <-chan time.Time
		if len(o.arrived) > 0 {
			timer.Reset(time.Until(o.arrived[0].release))
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			if err := o.pass(time.Now()); err != nil {
				return err
			}
		case line, open := <-lines:
			if !open {
				return o.pass(time.Now().Add(2 * orderWithin))
			}
			line.release = time.Now().Add(orderWithin)
			if err := o.hold(line); err != nil {
				return err
			}
		}
	}
}

// lineOrder holds lines for a while to put them in order.
type lineOrder struct {
	emit    func(LogLine) error
	byTime  heldHeap
	arrived []*heldLine // the longest held first; that one is not passed on yet
	count   int
	bytes   int
}

func (o *lineOrder) hold(line heldLine) error {
	o.count++
	line.number = o.count
	o.bytes += len(line.line.Text)
	if len(o.arrived) >= 2*holdLines { // most were passed on before the first of them
		o.arrived = slices.DeleteFunc(o.arrived, func(l *heldLine) bool { return l.passed })
	}
	o.arrived = append(o.arrived, &line)
	heap.Push(&o.byTime, &line)
	for len(o.byTime) > holdLines || o.bytes > holdBytes {
		if err := o.passFirst(); err != nil {
			return err
		}
	}
	return nil
}

// pass passes on the lines whose turn has come by a time, and the earlier ones.
func (o *lineOrder) pass(by time.Time) error {
	for len(o.arrived) > 0 && !o.arrived[0].release.After(by) {
		if err := o.passFirst(); err != nil {
			return err
		}
	}
	return nil
}

func (o *lineOrder) passFirst() error {
	first := heap.Pop(&o.byTime).(*heldLine)
	line := first.line
	first.line, first.passed = LogLine{}, true // its text is not kept by arrived
	o.bytes -= len(line.Text)
	for len(o.arrived) > 0 && o.arrived[0].passed {
		o.arrived[0] = nil
		o.arrived = o.arrived[1:]
	}
	return o.emit(line)
}

type heldHeap []*heldLine

func (h heldHeap) Len() int      { return len(h) }
func (h heldHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h heldHeap) Less(i, j int) bool {
	if by := h[i].order.Compare(h[j].order); by != 0 {
		return by < 0
	}
	return h[i].number < h[j].number
}

// Push implements heap.Interface.
func (h *heldHeap) Push(x any) { *h = append(*h, x.(*heldLine)) }

// Pop implements heap.Interface.
func (h *heldHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}
