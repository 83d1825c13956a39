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
	// asks for the shards.
	DefaultPodsEvery   = 2 * time.Second
	DefaultShardsEvery = 10 * time.Second
)

// FollowOptions are the intervals at which Follow polls what it cannot watch. Changes of the
// workflow are watched.
type FollowOptions struct {
	PodsEvery   time.Duration // defaults to [DefaultPodsEvery]
	ShardsEvery time.Duration // also for failed documents; defaults to [DefaultShardsEvery]
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

// update is a part that was read again, or the end of the watch. One field is set.
type update struct {
	workflow *status.WorkflowStatus
	pods     *workflow.Result[Pods]
	work     *progress
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
		if past(first.Workflow) {
			b.followTermination(ctx, first, first.Workflow, opts.PodsEvery, yield)
			return
		}
		// The goroutines run for as long as the backfill, so they hold no status of the workflow.
		name, uid := first.Workflow.Name, first.Workflow.UID
		var polled *connection
		if b.connection != nil {
			polled = b.connection.withoutRetries()
		}
		pool := b.workersOver(polled, first.Workflow)
		following, stop := context.WithCancel(ctx)
		var readers sync.WaitGroup
		defer readers.Wait()
		defer stop()
		updates := make(chan update)
		send := func(u update) bool {
			select {
			case updates <- u:
				return true
			case <-following.Done():
				return false
			}
		}
		readers.Go(func() { b.watch(following, name, uid, send) })
		every(following, &readers, opts.PodsEvery, func() bool {
			r := workflow.ResultOf(readPods(following, pool))
			return send(update{pods: &r})
		})
		every(following, &readers, opts.ShardsEvery, func() bool {
			work := readProgress(following, b.deps, b.session)
			return send(update{work: &work})
		})
		b.merge(ctx, first, updates, opts, yield)
	}
}

// watch sends the states of a workflow, and then its end or the error that ends the watch.
func (b *argoBackfill) watch(ctx context.Context, name string, uid types.UID, send func(update) bool) {
	for s, err := range b.deps.Workflows.Watch(ctx, name, workflow.WithUID(uid)) {
		switch {
		case err != nil:
			send(update{err: err})
			return
		case !send(update{workflow: s}):
			return
		}
	}
	send(update{ended: true})
}

// every calls read at an interval, in a goroutine, until it returns false or ctx ends.
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

// merge yields a status for each update that changes it.
func (b *argoBackfill) merge(
	ctx context.Context, last *Status, updates <-chan update, opts FollowOptions, yield func(*Status, error) bool,
) {
	wf, pods, work := last.Workflow, last.Pods, progress{last.Shards, last.FailedDocuments}
	for {
		var u update
		select {
		case u = <-updates:
		case <-ctx.Done():
			yield(nil, b.wrap(context.Cause(ctx)))
			return
		}
		switch {
		case u.err != nil:
			yield(nil, b.wrap(u.err))
			return
		case u.ended:
			b.followTermination(ctx, last, wf, opts.PodsEvery, yield)
			return
		case u.workflow != nil:
			wf = u.workflow
		case u.pods != nil:
			pods = *u.pods
		case u.work != nil:
			work = *u.work
		}
		if now := b.combine(wf, pods, work); !equal(now, last) {
			last = now
			if !yield(now, nil) {
				return
			}
		}
	}
}

// followTermination yields the statuses of a workflow that has ended, until its workers have too.
func (b *argoBackfill) followTermination(
	ctx context.Context, last *Status, wf *status.WorkflowStatus, interval time.Duration, yield func(*Status, error) bool,
) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		now := b.statusOf(ctx, wf)
		if !equal(now, last) && !yield(now, nil) || now.State.Completed() {
			return
		}
		last = now
		select {
		case <-ticker.C:
		case <-ctx.Done():
			yield(nil, b.wrap(context.Cause(ctx)))
			return
		}
		var err error
		if wf, err = b.refetchEnded(ctx, wf); err != nil {
			yield(nil, b.wrap(err))
			return
		}
	}
}

// refetchEnded returns the workflow as it is now, or as it was if it cannot be read. A workflow
// that was deleted is an error, since the workers of another one by its name would look like its
// own.
func (b *argoBackfill) refetchEnded(ctx context.Context, before *status.WorkflowStatus) (*status.WorkflowStatus, error) {
	now, err := b.deps.Workflows.Get(ctx, before.Name)
	switch {
	case errors.Is(err, workflow.ErrNotFound):
		return nil, &workflow.DeletedError{Last: before, Err: workflow.ErrDeleted}
	case err != nil:
		return before, nil //nolint:nilerr // the status shows the error of the pods, which cannot be read either
	case now.UID != before.UID:
		return nil, &workflow.DeletedError{Last: before, Err: workflow.ErrReplaced}
	}
	return now, nil
}

// Follow polls the status until the Deployment is stopped.
func (b *deploymentBackfill) Follow(ctx context.Context, opts FollowOptions) iter.Seq2[*Status, error] {
	opts = opts.withDefaults()
	return func(yield func(*Status, error) bool) {
		last, err := b.Status(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield(last, nil) {
			return
		}
		following, stop := context.WithCancel(ctx)
		var readers sync.WaitGroup
		defer readers.Wait()
		defer stop()
		works := make(chan progress)
		every(following, &readers, opts.ShardsEvery, func() bool {
			select {
			case works <- readProgress(following, b.deps, b.session):
				return true
			case <-following.Done():
				return false
			}
		})
		ticker := time.NewTicker(opts.PodsEvery)
		defer ticker.Stop()
		for last.State != StateStopped {
			now := *last
			select {
			case work := <-works:
				now.Shards, now.FailedDocuments = work.shards, work.failed
			case <-ticker.C:
				st, err := b.statusWithoutShards(ctx, b.polled)
				switch {
				case err == nil:
					now = *st
					now.Shards, now.FailedDocuments = last.Shards, last.FailedDocuments
				case errors.Is(err, workflow.ErrUnavailable): // shown, and read again at the next interval
					now.Pods = workflow.ResultOf(Pods{}, err)
				default:
					yield(nil, err)
					return
				}
			case <-ctx.Done():
				yield(nil, b.wrap(context.Cause(ctx)))
				return
			}
			if !equal(&now, last) {
				last = &now
				if !yield(last, nil) {
					return
				}
			}
		}
	}
}

// equal reports whether two statuses of one workflow say the same.
func equal(a, b *Status) bool {
	return a.State == b.State && a.Workflow.ResourceVersion == b.Workflow.ResourceVersion &&
		a.Pods.Data == b.Pods.Data && equalErrors(a.Pods.Err, b.Pods.Err) &&
		a.Shards.Data == b.Shards.Data && equalErrors(a.Shards.Err, b.Shards.Err) &&
		a.FailedDocuments.Data == b.FailedDocuments.Data && equalErrors(a.FailedDocuments.Err, b.FailedDocuments.Err)
}

func equalErrors(a, b error) bool {
	return a == nil && b == nil || a != nil && b != nil && (errors.Is(a, b) || a.Error() == b.Error())
}
