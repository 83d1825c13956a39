package workflow

import (
	"context"
	"iter"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// WaitMany waits for many workflows at once. It yields the name and the result of each as soon as
// the result is known. The result is what w.Wait returns for the name. A name that is given several
// times has one result. A wait that fails does not affect the others. The options apply to each wait;
// pass the UIDs of the workflows with [WithUIDs].
//
// WaitMany does not send a request before the sequence is ranged over. If the loop ends early, the
// remaining waits are cancelled, and no goroutine is left behind. When ctx ends, each remaining
// name yields its [*WaitError].
//
// The condition is called by one goroutine for each workflow, so it must be safe for concurrent
// use. With [WorkflowClient], ten thousand names share one watch, or two while one watch replaces
// another.
func WaitMany(ctx context.Context, w Waiter, names []string, until Condition, opts ...WaitOption) iter.Seq2[string, Result[*status.WorkflowStatus]] {
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
				o := outcome{name, ResultOf(w.Wait(ctx, name, until, opts...))}
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
