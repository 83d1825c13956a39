package podlogs

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// openAhead is how many logs are opened before their turn, so that their first lines have arrived
// by then.
const openAhead = 16

// merge emits what has been written so far, ordered by time over all logs. A log is requested
// shortly before the lines of the others reach the time at which its container started, so not all
// logs of a long workflow are open at once. At most maxOpen are: if more containers ran at the same
// time, the later ones wait until an earlier one has been read. The order never depends on a log
// that is not open, so the merge always makes progress.
//
// For each open log the merge knows the time of the next line. The text stays in the connection, so
// memory does not grow with the length of lines.
func merge(ctx context.Context, logs []*containerLog, emit func(Line) error) error {
	own, cancel := context.WithCancel(ctx)
	m := &merger{unopened: mergeInputs(logs)}
	defer m.running.Wait()
	defer cancel()
	for ctx.Err() == nil {
		m.open(own)
		if len(m.inputs) == 0 {
			return nil
		}
		first := m.inputs[0]
		next, more := m.next(own, first)
		switch {
		case !more:
			m.inputs.pop()
		case next.err != nil:
			return next.err
		case next.line != nil:
			if err := emit(*next.line); err != nil {
				return err
			}
		case next.order.After(first.order):
			first.order = next.order
			heap.Fix(&m.inputs, 0)
		}
	}
	return pace.Interruption(ctx, nil)
}

// merger merges logs. Each open one has a goroutine, which owns the log.
type merger struct {
	running  sync.WaitGroup
	unopened []*mergeInput // the earliest first
	inputs   timeHeap[*mergeInput]
	ahead    int  // how many of inputs have had no turn
	full     bool // maxOpen logs were open
}

// mergeInput is a log and the time before which it has no further line.
type mergeInput struct {
	log    *containerLog
	index  int
	order  time.Time
	turned bool // it has had a turn
	paused bool // it waits for its turn
	steps  chan mergeStep
	turn   chan struct{}
}

func (in *mergeInput) key() (time.Time, int) { return in.order, in.index }

// mergeStep is a line, an error, or the time of a line that is read in its turn.
type mergeStep struct {
	order time.Time
	line  *Line
	err   error
}

// mergeInputs returns the inputs for those logs that exist, the earliest first.
func mergeInputs(logs []*containerLog) []*mergeInput {
	var inputs []*mergeInput
	for i, log := range logs {
		if !log.state.started || log.previous && !log.state.restarted {
			continue
		}
		in := &mergeInput{log: log, index: i, order: log.state.since, steps: make(chan mergeStep), turn: make(chan struct{})}
		if log.previous {
			in.order = time.Time{} // the previous instance started at an earlier, unknown time
		}
		inputs = append(inputs, in)
	}
	slices.SortStableFunc(inputs, func(a, b *mergeInput) int { return a.order.Compare(b.order) })
	return inputs
}

// open opens the logs that the next line can be from, and some ahead. After maxOpen were open, it
// waits until there is room for several, since opening them one by one would take longer.
func (m *merger) open(ctx context.Context) {
	m.full = m.full && len(m.inputs) > maxOpen-openAhead
	for len(m.unopened) > 0 && !m.full {
		in := m.unopened[0]
		needed := len(m.inputs) == 0 || !in.order.After(m.inputs[0].order)
		if !needed && m.ahead >= openAhead {
			return
		}
		m.unopened[0] = nil
		m.unopened = m.unopened[1:]
		m.ahead++
		m.inputs.push(in)
		m.full = len(m.inputs) == maxOpen
		m.running.Go(func() { in.readLines(ctx) })
	}
}

// read reads the log, and pauses before each line until its turn.
func (in *mergeInput) readLines(ctx context.Context) {
	defer close(in.steps)
	send := func(step mergeStep) error {
		select {
		case in.steps <- step:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	in.log.turn = func(order time.Time) error {
		if err := send(mergeStep{order: order}); err != nil {
			return err
		}
		select {
		case <-in.turn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m := readSoFar
	if in.log.state.ended || !in.log.followed {
		m = readFinal
	}
	err := in.log.readWritten(ctx, m, func(line Line) error { return send(mergeStep{line: &line}) })
	in.log.turn = nil
	if err != nil {
		_ = send(mergeStep{err: err}) // fails only if the merge has ended
	}
}

// next gives an input its turn and returns the next step. It returns false if the log has been read,
// or if ctx ended.
func (m *merger) next(ctx context.Context, in *mergeInput) (mergeStep, bool) {
	if !in.turned {
		in.turned = true
		m.ahead--
	}
	if in.paused {
		in.paused = false
		select {
		case in.turn <- struct{}{}:
		case <-ctx.Done():
			return mergeStep{}, false
		}
	}
	step, more := <-in.steps
	in.paused = more && step.line == nil && step.err == nil
	return step, more
}
