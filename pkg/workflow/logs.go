package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/podlogs"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// LogOptions select the lines of a workflow's logs to read. The zero value reads what all
// containers of all pods have written so far.
type LogOptions struct {
	// Follow continues with the lines that are written after the call, until the workflow has ended
	// and its containers' logs have been read to their ends.
	Follow bool
	// Containers are the names of the containers to read, e.g. "main". Empty means all: init
	// containers, sidecars, and Argo's own "init" and "wait" (Argo 4.1 with initlessPod has one
	// "supervisor" instead). If the workflow has ended, a name that none of its pods has is
	// invalid, as is a Selector that matches none of its nodes.
	Containers []string
	// Selector limits the pods to those whose nodes match, in the notation of
	// [Decision.Selector]. If a Retry node matches, so do its attempts. With Follow, a node
	// counts as soon as it matches. A Selector excludes pods that do not belong to a node, such as
	// those that collect artifacts.
	Selector string
	// Since excludes lines that are older, by this machine's clock. 0 excludes no lines. SinceTime
	// excludes lines before a time. At most one of the two may be set.
	Since     time.Duration
	SinceTime time.Time
	// Tail is the number of lines to begin with in each container, counted back from the end of its
	// log when that is first read. Nil means all. A container that starts after the call, or has
	// not written anything by then, is read from its beginning. Lines that Argo's executor writes
	// into the log of the program that it runs are not counted, but yielded.
	Tail *int64
	// LimitBytes ends each container's log before the line that would exceed it, including line
	// feeds. 0 means no limit.
	LimitBytes int64
	// Previous reads the previous instances of containers that were restarted. It must not be
	// set with Follow. A kubelet keeps one instance. Until it looks at the pod again, which may take
	// longer than [Options.RetryFor], it may take one that it has removed for the previous one: then
	// the call fails with [ErrUnavailable].
	Previous bool
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// LogLine is one line of a container's log.
type LogLine struct {
	// Time is when the line was written, by the clock of the machine that the pod ran on. It is
	// zero for a line that was served without a time.
	Time           time.Time
	Pod, Container string
	// NodeID and Node are the ID and the display name of the workflow's node that the pod ran for.
	// They are "" if there is none.
	NodeID, Node string
	// Text is the line as it was written, without the line feed. A line longer than [MaxLogLine] is
	// split into several lines with the same time. To show Text on a terminal, use
	// [status.Printable].
	Text string
}

// MaxLogLine is the maximum length of a [LogLine]'s Text in bytes.
const MaxLogLine = podlogs.MaxLine

// LogsIncompleteError is the error of logs that could not be read to their ends because their pods
// were deleted. It follows the last line of all other logs. It unwraps to [ErrLogsIncomplete] or,
// if the workflow was deleted or replaced, to an error that matches [ErrDeleted] or [ErrReplaced].
type LogsIncompleteError struct {
	Missing []MissingLog // at least one
	Err     error
}

// MissingLog is the log of a container whose lines may be missing.
type MissingLog struct {
	Pod       string // the pod's name
	Container string // the container's name in it
}

func (e *LogsIncompleteError) Unwrap() error { return e.Err }

func (e *LogsIncompleteError) Error() string {
	names := make([]string, len(e.Missing))
	for i, log := range e.Missing {
		names[i] = log.Pod + "/" + log.Container
	}
	return fmt.Sprintf("%v; pods were deleted before their logs were read to the end (pod/container): %s", e.Err, shown.List(names))
}

// Logs yields the lines of a workflow's logs. It yields the lines written so far first, ordered by
// time over all containers. If more than 128 containers ran at the same time, the later ones follow
// when earlier ones have been read. With [LogOptions.Follow] it then yields new lines, in order if
// they arrive within half a second of each other. The lines of one container always keep their
// order. The pods of a workflow are those with the label that Argo sets.
//
// A stream that breaks resumes where it stopped: no line is lost or repeated, unless the kubelet
// has rotated it away. Everything that the API server has sent is yielded, however slow the
// consumer is. If a pod is deleted before its log was read to the end, for instance by the
// workflow's podGC, the error after the last line is a [*LogsIncompleteError]. Logs does not know
// of pods that were deleted before the call.
//
// Following ends when the workflow and its containers have ended. If the containers do not end, it
// ends one minute after the workflow, and yields what they have written by then. It includes new
// pods and restarted containers. If the workflow is deleted, the error after the last line is
// [ErrDeleted].
//
// Argo's executor runs the programs of a pod, and writes lines of its own into their logs, also
// behind the program's last line: messages with the field argo (`msg="sub-process exited"
// argo=true`), and "Error: exit status 7" if the program fails. Logs yields them as they are.
//
// Logs does not send a request before the sequence is ranged over. It fetches lines as they are
// consumed. The loop may end at any time; no goroutine or connection outlives it.
//
// At most 128 logs of lines written so far are open at a time, up to 16 of them ahead of their
// turn. At most 128 logs are followed at a time: more containers take turns of 5 seconds. A call
// holds up to 40 MiB, whatever the length of lines: 16 KiB for each open log, four long lines, and
// 4 MiB of lines to put in order. In addition, it holds 64 KiB for each container that has just
// written much. Over HTTP/2, up to 128 KiB of each open log are read ahead (4 MiB with
// [Options.Logs] or a transport of the host).
//
// An error is yielded once, as the last element. Errors: [ErrInvalid] (an option, in an
// [*InvalidError]), [ErrNotFound], [ErrReplaced], [ErrDeleted], [ErrLogsIncomplete],
// [ErrUnreadable] (an object that cannot be read; with a Selector also nodes), [ErrNodesOffloaded],
// [ErrNodesGone] and [ErrHistory] (with a Selector, also if the nodes are offloaded during the call),
// [ErrForbidden] (needs get of workflows, list of pods and get of pods/log; to follow, also watch
// of workflows and pods), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable] (also if a pod's
// machine does not answer, cannot read a log, or sends nothing for a minute of what has been
// written), [ErrUnsupported] (see [Options.Logs]); if ctx ends, its error, as a [*WaitError] while
// following.
func (c *WorkflowClient) Logs(ctx context.Context, name string, opts LogOptions) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		var err error
		ctx, o := c.begin(ctx, OpLogs, name, &err)
		defer o.emitEnd(ctx)
		err = c.readLogs(ctx, name, opts, func(line podlogs.Line) error {
			if !yield(LogLine(line), nil) {
				return errLeft
			}
			return nil
		})
		switch {
		case errors.Is(err, errLeft):
			err = nil
		case err != nil:
			err = c.error(OpLogs, name, err)
			yield(LogLine{}, err)
		}
	}
}

// errLeft means that the consumer of a sequence has left its loop.
var errLeft = errors.New("left")

func (c *WorkflowClient) readLogs(ctx context.Context, name string, opts LogOptions, emit func(podlogs.Line) error) error {
	selection, err := opts.selection(name, time.Now())
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
	s, err := c.readStatus(ctx, obj)
	switch {
	case err != nil:
		return err
	case opts.UID != "" && opts.UID != s.UID:
		return fmt.Errorf("%w: its UID is %s, not %s", ErrReplaced, s.UID, opts.UID)
	}
	logs, err := c.podLogs().Find(ctx, s, *selection)
	if err != nil {
		return err
	}
	if problems := unmatched(s, selection, logs.Containers()); len(problems) > 0 {
		return invalid(problems...)
	}
	if opts.Follow {
		return c.followLogs(ctx, s, logs, emit)
	}
	return logsError(logs.Read(ctx, emit))
}

func (c *WorkflowClient) followLogs(ctx context.Context, s *status.WorkflowStatus, logs *podlogs.Logs, emit func(podlogs.Line) error) error {
	var last atomic.Pointer[status.WorkflowStatus]
	last.Store(s)
	states := func(ctx context.Context, deliver func(*status.WorkflowStatus)) error {
		err := c.follow(ctx, watchhub.Target{Name: s.Name, UID: s.UID, Known: s}, func(s *status.WorkflowStatus) (bool, error) {
			last.Store(s)
			deliver(s)
			return s.Completed(), nil
		})
		if errors.Is(err, ErrDeleted) || errors.Is(err, ErrReplaced) {
			return &podlogs.DeletedError{Err: err}
		}
		return err
	}
	err := logs.Follow(ctx, states, emit)
	var interrupted *pace.InterruptedError
	if errors.As(err, &interrupted) {
		return &WaitError{Last: last.Load(), Err: context.Cause(ctx), ended: ctx.Err()}
	}
	return logsError(err)
}

// podLogs returns the reader of the namespace's logs.
func (c *WorkflowClient) podLogs() *podlogs.Client {
	return &podlogs.Client{
		Pods: logPods{lists: c.pods, watches: c.podWatches}, REST: c.logs, Namespace: c.namespace,
		RetryFor: c.retryFor, IdleTimeout: c.watchSilence, Outage: c.outage, Retrying: emitRetrying,
	}
}

// logPods lists and watches pods with two clients, whose requests have different time limits.
type logPods struct{ lists, watches dynamic.ResourceInterface }

// List implements [podlogs.Pods].
func (p logPods) List(ctx context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	return p.lists.List(ctx, opts)
}

// Watch implements [podlogs.Pods].
func (p logPods) Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	return p.watches.Watch(ctx, opts)
}

// logsError adds the sentinels of this package to an error of package podlogs.
func logsError(err error) error {
	var incomplete *podlogs.IncompleteError
	var unavailable *podlogs.UnavailableError
	switch {
	case errors.As(err, &incomplete):
		failed := &LogsIncompleteError{Err: incomplete.Err}
		if failed.Err == nil {
			failed.Err = ErrLogsIncomplete
		}
		for _, log := range incomplete.Missing {
			failed.Missing = append(failed.Missing, MissingLog(log))
		}
		return failed
	case errors.As(err, &unavailable):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// selection validates the name and the options, and returns the lines that the options select.
func (o LogOptions) selection(name string, now time.Time) (*podlogs.Selection, error) {
	nodes, problems := nodeSelector(field.NewPath("selector"), o.Selector)
	var malformed *InvalidError
	if err := checkName(name); errors.As(err, &malformed) {
		problems = append(malformed.Problems, problems...)
	}
	for i, container := range o.Containers {
		for _, msg := range validation.IsDNS1123Label(container) {
			problems = append(problems, field.Invalid(field.NewPath("containers").Index(i), container, msg))
		}
	}
	since := field.NewPath("since")
	if o.Since < 0 {
		problems = append(problems, field.Invalid(since, o.Since.String(), "must be 0 (all lines) or more"))
	}
	if o.Since != 0 && !o.SinceTime.IsZero() {
		problems = append(problems, field.Forbidden(since, "must not be set together with sinceTime"))
	}
	if o.Tail != nil && *o.Tail < 0 {
		problems = append(problems, field.Invalid(field.NewPath("tail"), *o.Tail, "must be 0 or more; omit it for all lines"))
	}
	if o.LimitBytes < 0 {
		problems = append(problems, field.Invalid(field.NewPath("limitBytes"), o.LimitBytes, "must be 0 (no limit) or more"))
	}
	if o.Previous && o.Follow {
		problems = append(problems, field.Forbidden(field.NewPath("previous"),
			"must not be set together with follow: a previous instance has ended"))
	}
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	selection := &podlogs.Selection{
		Nodes: nodes, Containers: o.Containers, Since: o.SinceTime, Tail: o.Tail, LimitBytes: o.LimitBytes, Previous: o.Previous,
	}
	if o.Since > 0 {
		selection.Since = now.Add(-o.Since)
	}
	return selection, nil
}

// unmatched returns a problem for a selector or a container that matches nothing of a workflow that
// has ended, since it is probably misspelt. While the workflow runs, the node or pod may not exist
// yet.
func unmatched(s *status.WorkflowStatus, selection *podlogs.Selection, containers []string) (problems field.ErrorList) {
	if !s.Completed() {
		return nil
	}
	if selector := selection.Nodes; !selector.Empty() && len(s.Select(selector)) == 0 {
		names := map[string]bool{}
		for _, n := range s.Nodes {
			names[n.DisplayName] = true
		}
		problems = append(problems, field.Invalid(field.NewPath("selector"), selector.String(),
			"matches no node"+spec.Choices("", slices.Collect(maps.Keys(names)))))
	}
	for i, name := range selection.Containers {
		_, known := slices.BinarySearch(containers, name)
		if len(containers) > 0 && !known { // the containers of deleted pods are unknown
			problems = append(problems, field.NotSupported(field.NewPath("containers").Index(i), name, containers))
		}
	}
	return problems
}
