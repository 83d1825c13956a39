package podlogs

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// drainTimeout is how long the containers of a workflow that has ended may take to end.
const drainTimeout = time.Minute

// States calls deliver for each state of the workflow after the one that was passed to
// [Client.Find], in order, and blocks until the workflow has completed, it was deleted or replaced
// (a [*DeletedError]), or ctx ended.
type States func(ctx context.Context, deliver func(*status.WorkflowStatus)) error

// Follow calls emit for each line that has been written so far, as Read does, and then for those
// that are written until the workflow has ended and its containers have ended too, or a minute has
// passed: those in order as far as they arrive within half a second of each other. It calls states
// unless the workflow has completed. The error is that of emit, a [*pace.InterruptedError] if ctx
// ended, that of states, s.NodesErr of a later state if the selection needs its nodes, an
// [*UnavailableError], an [*IncompleteError], or that of the API server.
func (l *Logs) Follow(ctx context.Context, states States, emit func(Line) error) error {
	own, fail := context.WithCancelCause(ctx)
	c := newCoordinator(l, fail)
	defer c.running.Wait()
	defer fail(context.Canceled)

	for _, pod := range l.pods {
		c.update(own, pod, true)
	}
	var ended []*containerLog // which have no stream, as merge reads them to their ends
	for _, log := range c.backlog {
		if log.state.ended {
			ended = append(ended, log)
		}
	}
	c.running.Go(func() { c.run(own, states) })

	var stopped error
	emitUntilStopped := func(line Line) error {
		stopped = emit(line)
		return stopped
	}
	err := merge(own, c.backlog, emitUntilStopped)
	if err == nil {
		close(c.backlogRead)
		err = reorder(own, c.lines, emitUntilStopped)
	}
	switch {
	case err == nil: // run has closed lines, and changes nothing after that
		return incomplete(append(missingOf(ended), c.missing...), c.end)
	case stopped != nil:
		return stopped
	case ctx.Err() != nil:
		return pace.Interruption(ctx, nil)
	case own.Err() != nil:
		return context.Cause(own)
	}
	return err
}

// coordinator coordinates the streams of one call of Follow. The goroutine of run owns all fields
// except those that are marked as shared.
type coordinator struct {
	logs    *Logs                   // shared: read only
	fail    context.CancelCauseFunc // shared: ends the call with an error
	running sync.WaitGroup          // shared

	workflow *status.WorkflowStatus // the latest state
	nodes    *nodeIndex             // of workflow
	over     bool                   // no later state follows
	end      error                  // of the call, after the last line
	pods     map[types.UID]*followedPod
	backlog  []*containerLog // of the pods that Find listed; not changed by run
	active   int             // streams that run
	missing  []Missing

	open, longLines *slots // shared: for open streams, and for long lines

	backlogRead chan struct{} // closed when the backlog has been emitted
	lines       chan heldLine
	states      chan *status.WorkflowStatus
	ends        chan error // that of the function that delivers states
	updates     chan podUpdate
	done        chan *containerLog // its stream has ended
}

func newCoordinator(l *Logs, fail context.CancelCauseFunc) *coordinator {
	return &coordinator{
		logs: l, fail: fail,
		workflow: l.workflow, nodes: newNodeIndex(l.workflow), over: l.workflow.Completed(), pods: map[types.UID]*followedPod{},
		open: newSlots(maxOpen), longLines: newSlots(maxLongLines),
		backlogRead: make(chan struct{}), lines: make(chan heldLine), states: make(chan *status.WorkflowStatus),
		ends: make(chan error, 1), updates: make(chan podUpdate), done: make(chan *containerLog),
	}
}

// run starts a stream for each container, and closes lines when the workflow and all streams have
// ended.
func (c *coordinator) run(ctx context.Context, states States) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	c.watchPods(watching)
	if c.over {
		c.workflowEnded(ctx, nil, false)
	} else {
		c.running.Go(func() { c.ends <- c.receiveStates(ctx, states) })
	}
	var drained <-chan time.Time
	for {
		if c.over {
			if drained == nil {
				timer := time.NewTimer(drainTimeout)
				defer timer.Stop()
				drained = timer.C
			}
			if c.active == 0 && !c.startable() {
				close(c.lines)
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case state := <-c.states:
			if err := c.logs.selection.readable(state); err != nil {
				c.fail(err)
				return
			}
			c.workflow, c.nodes = state, newNodeIndex(state)
			for _, followed := range c.pods {
				c.update(ctx, followed.pod, false)
			}
		case err := <-c.ends:
			c.workflowEnded(ctx, err, true)
		case update := <-c.updates:
			c.apply(ctx, update, !c.over)
		case log := <-c.done:
			c.active--
			c.missing = append(c.missing, missingOf([]*containerLog{log})...)
		case <-drained:
			for _, followed := range c.pods {
				followed.abandon()
			}
		}
	}
}

// watchPods sends updates of the pods until ctx ends.
func (c *coordinator) watchPods(ctx context.Context) {
	c.running.Go(func() {
		err := c.logs.watchPods(ctx, func(update podUpdate) {
			select {
			case c.updates <- update:
			case <-ctx.Done():
			}
		})
		if ctx.Err() == nil {
			c.fail(err)
		}
	})
}

// receiveStates sends the workflow's states until its end.
func (c *coordinator) receiveStates(ctx context.Context, states States) error {
	return states(ctx, func(state *status.WorkflowStatus) {
		select {
		case c.states <- state:
		case <-ctx.Done():
		}
	})
}

// workflowEnded handles the end of the workflow, or of its states. If list is true, it lists the pods
// once more. Pods that are created later are not followed.
func (c *coordinator) workflowEnded(ctx context.Context, err error, list bool) {
	var deleted *DeletedError
	if err != nil && !errors.As(err, &deleted) {
		c.fail(err)
		return
	}
	update := podUpdate{}
	if list {
		pods, _, err := c.logs.client.listPods(ctx, c.workflow)
		if err != nil {
			c.fail(err)
			return
		}
		update = podUpdate{pods: pods, all: true}
	}
	c.over = true // from here on, no further node is expected
	if deleted != nil {
		c.end = deleted.Err
	}
	c.apply(ctx, update, true)
}

// startable reports whether a container has not started but may.
func (c *coordinator) startable() bool {
	for _, followed := range c.pods {
		for _, stream := range followed.streams {
			if !stream.started && stream.ending() == notEnding {
				return true
			}
		}
	}
	return false
}

// apply applies an update of the pods. Unknown pods are followed if add is true.
func (c *coordinator) apply(ctx context.Context, update podUpdate, add bool) {
	listed := map[types.UID]bool{}
	for _, pod := range update.pods {
		if update.deleted {
			c.remove(pod, false)
			continue
		}
		listed[pod.uid] = true
		if add || c.pods[pod.uid] != nil {
			c.update(ctx, pod, false)
		}
	}
	if update.all {
		for uid, followed := range c.pods {
			if !listed[uid] {
				c.remove(followed.pod, true)
			}
		}
	}
}

// update takes in the present state of a pod. If initial is true, the pod is one that Find listed.
func (c *coordinator) update(ctx context.Context, p *pod, initial bool) {
	followed := c.pods[p.uid]
	if followed == nil {
		followed = &followedPod{}
		c.pods[p.uid] = followed
	}
	followed.pod = p
	if !followed.selected {
		node, selected := c.logs.selection.node(p, c.nodes, c.over)
		if !selected {
			return
		}
		followed.selected = true
		for _, log := range c.logs.containerLogs(p, node, initial) {
			log.followed, log.longSlots = true, c.longLines
			stream := newStream(c, log, initial)
			followed.streams = append(followed.streams, stream)
			if initial {
				c.backlog = append(c.backlog, log)
				stream.started = log.state.ended
			}
		}
	}
	for _, stream := range followed.streams {
		stream.update(ctx, p)
	}
}

// remove forgets a pod that was deleted. Its streams read what still arrives. A log without a stream
// is missing if its container had started, or may have started while no watch was open (unseen).
func (c *coordinator) remove(p *pod, unseen bool) {
	followed := c.pods[p.uid]
	if followed == nil {
		return
	}
	delete(c.pods, p.uid)
	if !followed.selected {
		node, selected := c.logs.selection.node(p, c.nodes, true)
		if !selected {
			return
		}
		for _, log := range c.logs.containerLogs(p, node, false) {
			followed.streams = append(followed.streams, newStream(c, log, false))
		}
	}
	for _, stream := range followed.streams {
		log := Missing{Pod: p.name, Container: stream.log.line.Container}
		if !stream.started && (unseen || p.started(log.Container)) {
			c.missing = append(c.missing, log)
		}
	}
	followed.deleted()
}
