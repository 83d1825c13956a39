package workflow

import (
	"context"
	"iter"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// WaitMany waits for many workflows at once and yields the name and the outcome of each as soon as
// it is known. Each name has one outcome, even if it is given several times: what w.Wait returns
// for it. A wait that fails does not affect the others.
//
// Nothing is sent before the sequence is ranged over. If the loop ends early, the remaining waits
// are cancelled, and nothing is left behind. When ctx ends, each of them yields its [*WaitError].
//
// The condition is called by one goroutine for each workflow, by several at the same time. With
// [WorkflowClient], ten thousand names share one watch, and a second one while one takes over from
// another.
func WaitMany(ctx context.Context, w Waiter, names []string, until Condition) iter.Seq2[string, Result[*status.WorkflowStatus]] {
	type outcome struct {
		name   string
		result Result[*status.WorkflowStatus]
	}
	return func(yield func(string, Result[*status.WorkflowStatus]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		left := make(chan struct{})
		defer running.Wait()
		defer cancel()
		defer close(left)

		outcomes := make(chan outcome)
		given := make(map[string]bool, len(names))
		for _, name := range names {
			if given[name] {
				continue
			}
			given[name] = true
			running.Go(func() {
				o := outcome{name, ResultOf(w.Wait(ctx, name, until))}
				select {
				case outcomes <- o:
				case <-left:
				}
			})
		}
		for range given {
			if o := <-outcomes; !yield(o.name, o.result) {
				return
			}
		}
	}
}
