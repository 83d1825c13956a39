package podlogs

import (
	"container/heap"
	"time"
)

// timed is an item of a timeHeap.
type timed interface {
	// key returns the item's time, and its ordinal among items with the same time.
	key() (time.Time, int)
}

// timeHeap is a heap with the earliest item first. The methods are those of [heap.Interface]; use
// push and pop.
type timeHeap[T timed] []T

func (h *timeHeap[T]) push(item T) { heap.Push(h, item) }
func (h *timeHeap[T]) pop() T      { return heap.Pop(h).(T) }

func (h timeHeap[T]) Len() int      { return len(h) }
func (h timeHeap[T]) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h timeHeap[T]) Less(i, j int) bool {
	at, ordinal := h[i].key()
	otherAt, otherOrdinal := h[j].key()
	if order := at.Compare(otherAt); order != 0 {
		return order < 0
	}
	return ordinal < otherOrdinal
}

// Push implements [heap.Interface].
func (h *timeHeap[T]) Push(item any) { *h = append(*h, item.(T)) }

// Pop implements [heap.Interface].
func (h *timeHeap[T]) Pop() any {
	end := len(*h) - 1
	item := (*h)[end]
	var none T
	(*h)[end] = none // or the slice would keep the item
	*h = (*h)[:end]
	return item
}
