package podlogs

import (
	"context"
	"slices"
	"time"
)

const (
	// reorderWindow is how long a line that is followed is held, since earlier ones may still be on
	// their way.
	reorderWindow = 500 * time.Millisecond
	// maxHeldLines and maxHeldBytes bound how much is held.
	maxHeldLines = 1 << 12
	maxHeldBytes = 4 << 20
)

// heldLine is a line that is held until its release.
type heldLine struct {
	line    Line
	order   time.Time // never decreases within one log
	ordinal int       // in the order of arrival
	release time.Time
	emitted bool
}

func (l *heldLine) key() (time.Time, int) { return l.order, l.ordinal }

// reorder emits lines as they arrive, ordered as far as they arrive within reorderWindow of each
// other, until lines is closed. While emit blocks, it receives no further lines.
func reorder(ctx context.Context, lines <-chan heldLine, emit func(Line) error) error {
	b := reorderBuffer{emit: emit}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var due <-chan time.Time
		if len(b.arrived) > 0 {
			timer.Reset(time.Until(b.arrived[0].release))
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			if err := b.emitDue(time.Now()); err != nil {
				return err
			}
		case line, open := <-lines:
			if !open {
				return b.emitDue(time.Now().Add(2 * reorderWindow))
			}
			line.release = time.Now().Add(reorderWindow)
			if err := b.hold(line); err != nil {
				return err
			}
		}
	}
}

// reorderBuffer holds lines for a while to put them in order.
type reorderBuffer struct {
	emit    func(Line) error
	held    timeHeap[*heldLine]
	arrived []*heldLine // in the order of arrival; the first has not been emitted
	count   int
	bytes   int
}

func (b *reorderBuffer) hold(line heldLine) error {
	b.count++
	line.ordinal = b.count
	b.bytes += len(line.line.Text)
	if len(b.arrived) >= 2*maxHeldLines { // most were emitted before the first of them
		b.arrived = slices.DeleteFunc(b.arrived, func(l *heldLine) bool { return l.emitted })
	}
	b.arrived = append(b.arrived, &line)
	b.held.push(&line)
	for len(b.held) > maxHeldLines || b.bytes > maxHeldBytes {
		if err := b.emitFirst(); err != nil {
			return err
		}
	}
	return nil
}

// emitDue emits the lines that are to be released by a time, and those with an earlier order.
func (b *reorderBuffer) emitDue(by time.Time) error {
	for len(b.arrived) > 0 && !b.arrived[0].release.After(by) {
		if err := b.emitFirst(); err != nil {
			return err
		}
	}
	return nil
}

func (b *reorderBuffer) emitFirst() error {
	first := b.held.pop()
	line := first.line
	first.line, first.emitted = Line{}, true // arrived does not keep the text
	b.bytes -= len(line.Text)
	for len(b.arrived) > 0 && b.arrived[0].emitted {
		b.arrived[0] = nil
		b.arrived = b.arrived[1:]
	}
	return b.emit(line)
}
