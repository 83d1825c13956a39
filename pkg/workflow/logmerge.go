package workflow

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// logsAhead is how many logs are opened before their turn, so that their first lines are there
// when it comes.
const logsAhead = 16

// mergeLogs passes on what was written so far, ordered by time over all sources. A log is
// requested shortly before the lines of the others get to the time when its container started,
// so that not all of a long workflow's are open at once. At most logStreams are: where more
// containers ran at the same time, the later ones wait until an earlier one has been read. So
// the order never depends on a log that is not open, and the merge always goes on.
//
// Of each open log the time of its next line is known, and the text is still in the connection:
// what is held does not grow with the length of lines.
func mergeLogs(ctx context.Context, sources []*logSource, emit func(LogLine) error) error {
	own, cancel := context.WithCancel(ctx)
	m := &logMerge{ctx: own, unopened: mergeHeads(sources)}
	defer m.running.Wait()
	defer cancel()
	for ctx.Err() == nil {
		m.open()
		if len(m.heads) == 0 {
			return nil
		}
		head := m.heads[0]
		next, more := m.next(head)
		switch {
		case !more:
			heap.Pop(&m.heads)
		case next.err != nil:
			return next.err
		case next.line != nil:
			if err := emit(*next.line); err != nil {
				return err
			}
		case next.order.After(head.order):
			head.order = next.order
			heap.Fix(&m.heads, 0)
		}
	}
	return pace.Interruption(ctx, nil)
}

// logMerge merges logs. Each that is open has a goroutine, which owns its source meanwhile.
type logMerge struct {
	ctx      context.Context //nolint:containedctx // of all that runs for one call of mergeLogs
	running  sync.WaitGroup
	unopened []*mergeHead // those that began earliest first
	heads    mergeHeap    // those that are open
	ahead    int          // of which so many have not had a turn
	full     bool         // there were as many as may be open
}

// mergeHead is a source with the time before which it has no line.
type mergeHead struct {
	source *logSource
	index  int
	order  time.Time
	turned bool // it has had a turn
	paused bool // it waits for its turn
	next   chan mergeStep
	turn   chan struct{}
}

// mergeStep is the next of a source: a line, an error, or the time of a line whose turn has to
// come before it is read.
type mergeStep struct {
	order time.Time
	line  *LogLine
	err   error
}

// mergeHeads are those of the sources that have a log.
func mergeHeads(sources []*logSource) []*mergeHead {
	var heads []*mergeHead
	for i, source := range sources {
		if !source.state.started || source.previous && !source.state.restarted {
			continue
		}
		h := &mergeHead{
			source: source, index: i, order: source.state.since, next: make(chan mergeStep), turn: make(chan struct{}),
		}
		if source.previous {
			h.order = time.Time{} // that instance started some time before
		}
		heads = append(heads, h)
	}
	slices.SortStableFunc(heads, func(a, b *mergeHead) int { return a.order.Compare(b.order) })
	return heads
}

// open opens the logs that the next line can be from, and some ahead. When as many are open as may
// be, it waits until there is room for several: to open one after the other would take longer.
func (m *logMerge) open() {
	m.full = m.full && len(m.heads) > logStreams-logsAhead
	for len(m.unopened) > 0 && !m.full {
		h := m.unopened[0]
		needed := len(m.heads) == 0 || !h.order.After(m.heads[0].order)
		if !needed && m.ahead >= logsAhead {
			return
		}
		m.unopened[0] = nil
		m.unopened = m.unopened[1:]
		m.ahead++
		heap.Push(&m.heads, h)
		m.full = len(m.heads) == logStreams
		m.running.Go(func() { m.read(h) })
	}
}

// read reads a source, and pauses before each line until its turn.
func (m *logMerge) read(h *mergeHead) {
	defer close(h.next)
	send := func(step mergeStep) error {
		select {
		case h.next <- step:
			return nil
		case <-m.ctx.Done():
			return m.ctx.Err()
		}
	}
	h.source.turn = func(order time.Time) error {
		if err := send(mergeStep{order: order}); err != nil {
			return err
		}
		select {
		case <-h.turn:
			return nil
		case <-m.ctx.Done():
			return m.ctx.Err()
		}
	}
	final := h.source.state.ended || !h.source.goesOn
	err := h.source.past(m.ctx, final, func(line LogLine) error { return send(mergeStep{line: &line}) })
	h.source.turn = nil
	if err != nil {
		_ = send(mergeStep{err: err}) // unless the merge has ended
	}
}

// next gives a source its turn and returns what comes of it; false: it has been read.
func (m *logMerge) next(h *mergeHead) (mergeStep, bool) {
	if !h.turned {
		h.turned = true
		m.ahead--
	}
	if h.paused {
		h.paused = false
		select {
		case h.turn <- struct{}{}:
		case <-m.ctx.Done():
			return mergeStep{}, false
		}
	}
	step, more := <-h.next
	h.paused = more && step.line == nil && step.err == nil
	return step, more
}

// mergeHeap has the earliest head first; at the same time, that of the first source.
type mergeHeap []*mergeHead

func (h mergeHeap) Len() int      { return len(h) }
func (h mergeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h mergeHeap) Less(i, j int) bool {
	if by := h[i].order.Compare(h[j].order); by != 0 {
		return by < 0
	}
	return h[i].index < h[j].index
}

// Push implements heap.Interface.
func (h *mergeHeap) Push(x any) { *h = append(*h, x.(*mergeHead)) }

// Pop implements heap.Interface.
func (h *mergeHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}
