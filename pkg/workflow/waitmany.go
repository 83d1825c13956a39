package workflow

import (
	"context"
	"iter"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// WaitMany waits for many workflows at once and yields the name and the outcome of each when
// it is there, in the order in which they come. Each name has one outcome, also if it is given
// several times: what w.Wait returns for it. One that fails doesn't concern the others.
//
// Nothing is sent before the sequence is ranged over. If the range is left early, the waits
// that are still going on are ended, and nothing is left behind. When ctx ends, each of them
// yields its [*WaitError].
//
// The condition is called by several goroutines at the same time, one for each workflow. With
// [WorkflowClient] ten thousand names take one watch, and a second for the moments in which one
// takes over from another.
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
