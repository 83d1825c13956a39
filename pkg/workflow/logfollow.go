package workflow

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// drainFor is how long the containers of a workflow that has ended may take to end.
const drainFor = time.Minute

// followLogs passes on what was written so far and then what is written from there on.
func (c *WorkflowClient) followLogs(
	ctx context.Context, s *status.WorkflowStatus, pods []*logPod, version string, filter *logFilter, emit func(LogLine) error,
) error {
	own, fail := context.WithCancelCause(ctx)
	f := newLogFollower(c, s, filter, fail)
	f.last.Store(s)
	defer f.running.Wait()
	defer fail(context.Canceled)

	for _, pod := range pods {
		f.update(own, pod, true)
	}
	var read []*logSource // by mergeLogs, to their ends
	sources := f.sources
	for _, source := range sources {
		if source.state.ended {
			read = append(read, source)
		}
	}
	f.running.Go(func() { f.direct(own, version) })
	err := mergeLogs(own, sources, emit)
	if err == nil {
		close(f.past)
		err = orderLines(own, f.lines, emit)
	}
	switch {
	case err == nil: // what direct has set it has set before it ended the lines
		return incomplete(append(missingLogs(read), f.missing...), f.end)
	case errors.Is(err, errLeft):
		return err
	case ctx.Err() != nil:
		return &WaitError{Last: f.last.Load(), Err: context.Cause(ctx), ended: ctx.Err()}
	case own.Err() != nil:
		return context.Cause(own)
	}
	return err
}

func newLogFollower(
	c *WorkflowClient, s *status.WorkflowStatus, filter *logFilter, fail context.CancelCauseFunc,
) *logFollower {
	return &logFollower{
		client: c, filter: filter, fail: fail, workflow: s, nodes: newLogNodes(s), over: s.Completed(),
		pods: map[types.UID]*followedPod{}, streams: newLogTurns(logStreams), long: newLogTurns(longLines),
		past: make(chan struct{}), lines: make(chan heldLine), states: make(chan *status.WorkflowStatus),
		ends: make(chan error, 1), seen: make(chan podsSeen), done: make(chan *logSource),
	}
}

// logFollower follows a workflow, its pods and their containers. What is not said to be
// for all goroutines belongs to that of direct.
type logFollower struct {
	client  *WorkflowClient
	filter  *logFilter
	fail    context.CancelCauseFunc // for all: ends the following with an error
	running sync.WaitGroup          // for all
	last    atomic.Pointer[status.WorkflowStatus]

	workflow *status.WorkflowStatus // its latest state
	nodes    *logNodes              // of that
	over     bool                   // no later one comes
	end      error                  // of the sequence, after the last line
	pods     map[types.UID]*followedPod
	sources  []*logSource // of the first list of pods
	active   int          // streams that run
	missing  []MissingLog

	streams, long *logTurns // for all: the places for open streams, and for long lines

	past   chan struct{} // closed when what was written before the call has been passed on
	lines  chan heldLine
	states chan *status.WorkflowStatus
	ends   chan error // the end of states, with a reason other than the workflow's own end
	seen   chan podsSeen
	done   chan *logSource // its stream has ended
}

// direct starts a stream for each container, and ends the lines when the workflow and all
// streams have ended.
func (f *logFollower) direct(ctx context.Context, version string) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	first := f.workflow
	f.running.Go(func() {
		err := f.client.watchLogPods(watching, first, version, func(seen podsSeen) {
			select {
			case f.seen <- seen:
			case <-watching.Done():
			}
		})
		if watching.Err() == nil {
			f.fail(err)
		}
	})
	if f.workflow.Completed() {
		f.workflowEnded(ctx, nil, false)
	} else {
		f.running.Go(func() { f.followWorkflow(ctx, first) })
	}
	var drained <-chan time.Time
	for {
		if f.over {
			if drained == nil {
				timer := time.NewTimer(drainFor)
				defer timer.Stop()
				drained = timer.C
			}
			if f.active == 0 && !f.waiting() {
				close(f.lines)
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case s := <-f.states:
			f.last.Store(s)
			if err := f.filter.readable(s); err != nil {
				f.fail(err)
				return
			}
			f.workflow, f.nodes = s, newLogNodes(s)
			for _, pod := range f.pods {
				f.update(ctx, pod.pod, false)
			}
		case err := <-f.ends:
			f.workflowEnded(ctx, err, true)
		case seen := <-f.seen:
			f.handle(ctx, seen, !f.over)
		case source := <-f.done:
			f.active--
			f.missing = append(f.missing, missingLogs([]*logSource{source})...)
		case <-drained:
			for _, pod := range f.pods {
				pod.giveUp()
			}
		}
	}
}

// followWorkflow reports the workflow's states, and their end.
func (f *logFollower) followWorkflow(ctx context.Context, first *status.WorkflowStatus) {
	f.ends <- f.client.followOn(ctx, first, func(s *status.WorkflowStatus) (bool, error) {
		select {
		case f.states <- s:
		case <-ctx.Done():
		}
		return s.Completed(), nil
	})
}

// workflowEnded takes stock: the pods there are now are the last ones.
func (f *logFollower) workflowEnded(ctx context.Context, err error, list bool) {
	if err != nil && !errors.Is(err, ErrDeleted) && !errors.Is(err, ErrReplaced) {
		f.fail(err)
		return
	}
	if list {
		pods, _, failed := f.client.listLogPods(ctx, f.workflow)
		if failed != nil {
			f.fail(failed)
			return
		}
		f.over = true // also makes known that no node will be added
		f.handle(ctx, podsSeen{pods: pods, all: true}, true)
	}
	f.over, f.end = true, err
}

// waiting reports whether there is a container that has not started but may.
func (f *logFollower) waiting() bool {
	for _, pod := range f.pods {
		for _, stream := range pod.streams {
			if !stream.started && !stream.ended {
				return true
			}
		}
	}
	return false
}

// handle takes in the states of pods. add: those that are not known yet are followed too.
func (f *logFollower) handle(ctx context.Context, seen podsSeen, add bool) {
	there := map[types.UID]bool{}
	for _, pod := range seen.pods {
		if seen.gone {
			f.drop(pod, false)
			continue
		}
		there[pod.uid] = true
		if add || f.pods[pod.uid] != nil {
			f.update(ctx, pod, false)
		}
	}
	if seen.all {
		for uid, followed := range f.pods {
			if !there[uid] {
				f.drop(followed.pod, true)
			}
		}
	}
}

// drop forgets a pod that was deleted. What its streams still get they pass on. Of a container
// that has no stream lines are missing if it has started, or, unseen, can have.
func (f *logFollower) drop(pod *logPod, unseen bool) {
	followed := f.pods[pod.uid]
	if followed == nil {
		return
	}
	delete(f.pods, pod.uid)
	if !followed.selected {
		node, selected := f.filter.node(pod, f.nodes, true)
		if !selected {
			return
		}
		for _, source := range f.client.logSources(pod, node, f.filter, false) {
			followed.streams = append(followed.streams, &logStream{source: source, cancel: func() {}})
		}
	}
	for _, stream := range followed.streams {
		log := MissingLog{Pod: pod.name, Container: stream.source.line.Container}
		if !stream.started && (unseen || pod.started(log.Container)) {
			f.missing = append(f.missing, log)
		}
	}
	followed.gone()
}

// started reports whether a container of the pod has a log.
func (p *logPod) started(container string) bool {
	return slices.ContainsFunc(p.containers, func(c logContainer) bool { return c.name == container && c.started })
}
