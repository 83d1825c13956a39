package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// LogOptions say which lines of a workflow's logs to read. The zero value is the log so far
// of all containers of all pods.
type LogOptions struct {
	// Follow goes on, after what there is, with what the pods write from then on, until the
	// workflow has ended and its containers have been read to their ends.
	Follow bool
	// Containers are the names of those to read, e.g. "main"; none means all: init
	// containers, Argo's own "init" and "wait", sidecars. A name that no pod of an ended
	// workflow has is refused, as is a Selector that none of its nodes matches.
	Containers []string
	// Selector limits the pods to those of the nodes that match, in the notation of
	// [ResumeOptions.Selector]. A Retry node stands for its attempts. While the workflow is
	// followed, a node counts as soon as it matches. Pods that belong to no node, such as
	// those that collect artifacts, are left out then.
	Selector string
	// Since leaves out what is older than this, by this machine's clock. 0: nothing is.
	// SinceTime does so with a time. At most one of them.
	Since     time.Duration
	SinceTime time.Time
	// Tail is the number of last lines of each container to begin with, of those there are
	// when it is first read; nil means all. Containers that start after the call, or have
	// written nothing by then, are read from their beginning.
	Tail *int64
	// LimitBytes ends each container's log before the line with which its text, line feeds
	// included, would exceed so many bytes. 0 means no limit.
	LimitBytes int64
	// Previous reads the logs of the containers' previous instances, where they were
	// restarted. Not with Follow.
	Previous bool
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
}

// LogLine is one line of a container's log.
type LogLine struct {
	// Time is when the line was written, by the clock of the machine the pod ran on. It is
	// zero where the line came without one, e.g. a note of the kubelet.
	Time           time.Time
	Pod, Container string
	// NodeID and Node are id and display name of the workflow's node that the pod ran for;
	// "" if there is none.
	NodeID, Node string
	// Text is the line as it was written, without the line feed. What is longer than
	// [MaxLogLine] comes in pieces, as lines with the same time. To show it on a terminal, use
	// [status.Printable].
	Text string
}

// MaxLogLine is how many bytes the text of a [LogLine] has at most.
const MaxLogLine = 1 << 20

// Logs yields the lines of a workflow's logs: first what was written so far, ordered by
// time over all containers of which at most 128 ran at the same time (where more did, the later
// ones follow once earlier ones have been read), then, with [LogOptions.Follow], what is written from then on, in
// order as far as lines arrive within half a second of each other. The lines of one container
// always keep their order. Which pods belong to the workflow is told by the label that Argo
// gives them.
//
// A stream that is cut off is taken up again where it stopped: no line is lost or repeated,
// unless the kubelet has rotated it away meanwhile. What the API server has sent is yielded,
// however slow the consumer is. Where a pod is deleted during the call before its log was read
// to the end, for instance by the workflow's podGC, the error after the last line is a
// [*LogsIncompleteError]; pods that were deleted before the call are not known.
//
// Following ends with the workflow, when the containers that it had then have ended too, or
// a minute later if they don't; what they have written by then is read. Pods are noticed as
// they come, and a container that is restarted is read on. Where the workflow is deleted
// meanwhile, the error after the last line is [ErrDeleted].
//
// Nothing is sent before the sequence is ranged over. The range may be left at any time, and
// nothing is left running. Lines are fetched as they are consumed. At most 128 logs of what was
// written so far are open at a time, up to 16 of them ahead of their turn, and at most 128 that
// are followed: more containers take turns of 5 seconds. A call holds up to 40 MiB, whatever the
// length of lines: 16 KiB for each open log, four long lines, and 4 MiB to be put in order. Besides,
// 64 KiB are held for each container that has just written much, and over HTTP/2, up to 128 KiB of
// each open log are read ahead (4 MiB with [Options.Logs] or a transport of the host).
//
// An error is yielded once, as the last element. Errors: [ErrInvalid] (an option, in an
// [*InvalidError]), [ErrNotFound], [ErrReplaced], [ErrDeleted], [ErrLogsIncomplete], [ErrNodesOffloaded] (with a
// selector, also when they become so while following), [ErrForbidden] (needs get of workflows,
// list of pods, get of pods/log; to follow, watch of workflows and pods too),
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable] (also if a pod's machine doesn't
// answer, cannot read a log that there is, or sends nothing for a minute of what has been
// written), [ErrUnsupported] (see [Options.Logs]); when ctx ends, the context's, while
// following as a [*WaitError].
func (c *WorkflowClient) Logs(ctx context.Context, name string, opts LogOptions) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		var err error
		ctx, o := c.begin(ctx, OpLogs, name, &err)
		defer o.end(ctx)
		err = c.readLogs(ctx, name, opts, yield)
		switch {
		case errors.Is(err, errLeft):
			err = nil
		case err != nil:
			err = c.error(OpLogs, name, err)
			yield(LogLine{}, err)
		}
	}
}

// errLeft tells that the consumer of a sequence has left it.
var errLeft = errors.New("left")

func (c *WorkflowClient) readLogs(ctx context.Context, name string, opts LogOptions, yield func(LogLine, error) bool) error {
	filter, err := opts.filter(name, time.Now())
	if err != nil {
		return err
	}
	if c.logs == nil {
		return fmt.Errorf("%w: logs need a REST client for core/v1: make the client with NewForConfig, or set Options.Logs", ErrUnsupported)
	}
	obj, err := c.getObject(ctx, name)
	if err != nil {
		return err
	}
	s, err := c.read(ctx, obj)
	switch {
	case err != nil:
		return err
	case opts.UID != "" && opts.UID != s.UID:
		return fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, s.UID, opts.UID)
	}
	if err := filter.readable(s); err != nil {
		return err
	}
	pods, version, err := c.listLogPods(ctx, s)
	if err != nil {
		return err
	}
	if problems := filter.unmatched(s, pods); len(problems) > 0 {
		return invalid(problems...)
	}
	emit := func(line LogLine) error {
		if !yield(line, nil) {
			return errLeft
		}
		return nil
	}
	if opts.Follow {
		return c.followLogs(ctx, s, pods, version, filter, emit)
	}
	nodes := newLogNodes(s)
	var sources []*logSource
	for _, pod := range pods {
		if node, selected := filter.node(pod, nodes, true); selected {
			sources = append(sources, c.logSources(pod, node, filter, true)...)
		}
	}
	if err := mergeLogs(ctx, sources, emit); err != nil {
		return err
	}
	return incomplete(missingLogs(sources), nil)
}
