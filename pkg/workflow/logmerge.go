package workflow

import (
	"container/heap"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// mergeLogs passes on what was written so far, ordered by time over all sources, holding
// one line of each. A log is not requested before the lines of the others have got to the
// time when its container started, so that not all of a long workflow's are open at once.
func mergeLogs(ctx context.Context, sources []*logSource, emit func(LogLine) error) error {
	var heads mergeHeap
	defer func() {
		for _, h := range heads {
			h.close()
		}
	}()
	for i, source := range sources {
		if !source.state.started || source.previous && !source.state.restarted {
			continue
		}
		h := &mergeHead{source: source, index: i, order: source.state.since}
		if source.previous {
			h.order = time.Time{} // that instance started some time before
		}
		heads = append(heads, h)
	}
	heap.Init(&heads)
	for len(heads) > 0 {
		h := heads[0]
		if h.next != nil {
			if err := emit(h.line); err != nil {
				return err
			}
		} else {
			h.open(ctx)
		}
		more, err := h.advance()
		if err != nil {
			return err
		}
		if !more {
			h.close()
			heap.Pop(&heads)
			continue
		}
		heap.Fix(&heads, 0)
	}
	return pace.Ended(ctx, ctx.Err())
}

// mergeHead is the next line of a source, or where it has not been opened, the time before
// which there is none.
type mergeHead struct {
	source *logSource
	index  int
	order  time.Time
	line   LogLine
	next   func() (LogLine, error, bool)
	stop   func()
}

func (h *mergeHead) open(ctx context.Context) {
	h.next, h.stop = iter.Pull2(func(yield func(LogLine, error) bool) {
		err := h.source.past(ctx, h.source.state.ended || !h.source.goesOn, func(line LogLine) error {
			if !yield(line, nil) {
				return errLeft
			}
			return nil
		})
		if err != nil && !errors.Is(err, errLeft) {
			yield(LogLine{}, err)
		}
	})
}

func (h *mergeHead) advance() (more bool, err error) {
	line, err, more := h.next()
	h.line, h.order = line, h.source.order
	return more, err
}

func (h *mergeHead) close() {
	if h.stop != nil {
		h.stop()
	}
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
