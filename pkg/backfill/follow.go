package backfill

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// DefaultPodsEvery is how often Follow counts the workers, DefaultShardsEvery how often it
	// asks the target cluster.
	DefaultPodsEvery   = 2 * time.Second
	DefaultShardsEvery = 10 * time.Second
)

// FollowOptions say how often the parts are read that nothing announces. The workflow's own
// changes are seen as they come.
type FollowOptions struct {
	PodsEvery   time.Duration // 0: [DefaultPodsEvery]
	ShardsEvery time.Duration // 0: [DefaultShardsEvery]
}

func (o FollowOptions) withDefaults() FollowOptions {
	if o.PodsEvery <= 0 {
		o.PodsEvery = DefaultPodsEvery
	}
	if o.ShardsEvery <= 0 {
		o.ShardsEvery = DefaultShardsEvery
	}
	return o
}

// news is what has changed: one of the parts, or the end of the workflow.
type news struct {
	workflow *status.WorkflowStatus
	pods     *workflow.Result[Pods]
	shards   *workflow.Result[Shards]
	ended    bool
	err      error
}

func (b *argoBackfill) Follow(ctx context.Context, opts FollowOptions) iter.Seq2[*Status, error] {
	opts = opts.withDefaults()
	return func(yield func(*Status, error) bool) {
		first, err := b.Status(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield(first, nil) || first.State == StateNotStarted {
			return
		}
		// What goes on for as long as it is followed keeps no state of the workflow.
		name, uid, workers := first.Workflow.Name, first.Workflow.UID, b.workersOf(first.Workflow)
		following, stop := context.WithCancel(ctx)
		var readers sync.WaitGroup
		defer readers.Wait()
		defer stop()
		all := make(chan news)
		send := func(n news) bool {
			select {
			case all <- n:
				return true
			case <-following.Done():
				return false
			}
		}
		readers.Go(func() { b.watch(following, name, uid, send) })
		every(following, &readers, opts.PodsEvery, func() bool {
			r := workflow.ResultOf(pollPods(following, workers))
			return send(news{pods: &r})
		})
		every(following, &readers, opts.ShardsEvery, func() bool {
			r := workflow.ResultOf(readShards(following, b.deps.WorkingState, b.session))
			return send(news{shards: &r})
		})
		b.merge(ctx, first, all, opts, yield)
	}
}

// watch sends the workflow's states, and then its end or why there is none to see.
func (b *argoBackfill) watch(ctx context.Context, name string, uid types.UID, send func(news) bool) {
	for s, err := range b.deps.Workflows.Watch(ctx, name) {
		switch {
		case err != nil:
			send(news{err: err})
			return
		case s.UID != uid:
			send(news{err: workflow.ErrReplaced})
			return
		case !send(news{workflow: s}):
			return
		}
	}
	send(news{ended: true})
}

// every calls read at an interval, in a goroutine of its own, until it returns false or ctx ends.
func every(ctx context.Context, readers *sync.WaitGroup, interval time.Duration, read func() bool) {
	readers.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if !read() {
					return
				}
			}
		}
	})
}

// merge yields a status for all news that change it.
func (b *argoBackfill) merge(
	ctx context.Context, last *Status, all <-chan news, opts FollowOptions, yield func(*Status, error) bool,
) {
	wf, pods, shards := last.Workflow, last.Pods, last.Shards
	for {
		var n news
		select {
		case n = <-all:
		case <-ctx.Done():
			yield(nil, b.failed(context.Cause(ctx)))
			return
		}
		switch {
		case n.err != nil:
			yield(nil, b.failed(n.err))
			return
		case n.ended:
			b.linger(ctx, last, wf, opts.PodsEvery, yield)
			return
		case n.workflow != nil:
			wf = n.workflow
		case n.pods != nil:
			pods = *n.pods
		case n.shards != nil:
			shards = *n.shards
		}
		if now := b.combine(wf, pods, shards); !same(now, last) {
			last = now
			if !yield(now, nil) {
				return
			}
		}
	}
}

// linger yields what becomes of a workflow that has ended, until its workers have too.
func (b *argoBackfill) linger(
	ctx context.Context, last *Status, wf *status.WorkflowStatus, interval time.Duration, yield func(*Status, error) bool,
) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		now := b.statusOf(ctx, wf)
		if !same(now, last) && !yield(now, nil) || now.State.Completed() {
			return
		}
		last = now
		select {
		case <-ticker.C:
		case <-ctx.Done():
			yield(nil, b.failed(context.Cause(ctx)))
			return
		}
		var err error
		if wf, err = b.still(ctx, wf); err != nil {
			yield(nil, b.failed(err))
			return
		}
	}
}

// still is the workflow as it is now, or as it was if it can't be read. It is an error if it is gone:
// another one by its name would have workers that look like its own.
func (b *argoBackfill) still(ctx context.Context, before *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	now, err := b.deps.Workflows.Get(ctx, before.Name)
	switch {
	case errors.Is(err, workflow.ErrNotFound):
		return nil, &workflow.GoneError{Last: before, Err: workflow.ErrDeleted}
	case err != nil:
		return before, nil //nolint:nilerr // that of the pods, which can't be read either, is shown
	case now.UID != before.UID:
		return nil, &workflow.GoneError{Last: before, Err: workflow.ErrReplaced}
	}
	return now, nil
}

// same reports whether two statuses of one workflow say the same.
func same(a, b *Status) bool {
	return a.State == b.State && a.Workflow.ResourceVersion == b.Workflow.ResourceVersion &&
		a.Pods.Data == b.Pods.Data && sameError(a.Pods.Err, b.Pods.Err) &&
		a.Shards.Data == b.Shards.Data && sameError(a.Shards.Err, b.Shards.Err)
}

func sameError(a, b error) bool {
	return a == nil && b == nil || a != nil && b != nil && (errors.Is(a, b) || a.Error() == b.Error())
}
