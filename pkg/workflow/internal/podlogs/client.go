package podlogs

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Client reads the logs of the pods of one namespace. It keeps no state, so it is safe for
// concurrent use as long as its fields do not change.
type Client struct {
	// Pods lists and watches the pods of the namespace.
	Pods Pods
	// REST requests the logs. It is a client for core/v1, such as one from [NewRESTClient].
	REST      rest.Interface
	Namespace string
	// RetryFor is how long a list of pods, and a log that makes no progress, is retried over
	// transient faults. Negative means that neither is retried.
	RetryFor time.Duration
	// IdleTimeout is how long a watch may deliver nothing before it is replaced.
	IdleTimeout time.Duration
	// Outage, if not nil, records outages of the API server for all calls that share it. Shortly
	// after one, a list that is refused is retried.
	Outage *pace.Outage
	// Retrying, if not nil, is called before an attempt is repeated; see [pace.Pacer].
	Retrying func(ctx context.Context, err error, after time.Duration)
}

// Pods lists and watches pods, as a dynamic client does.
type Pods interface {
	List(ctx context.Context, opts metav1.ListOptions) (*unstructured.UnstructuredList, error)
	Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
}

// MaxLine is the maximum length of a [Line]'s Text in bytes.
const MaxLine = 1 << 20

// Line is one line of a container's log, or one piece of a line that is longer than [MaxLine].
type Line struct {
	// Time is when the line was written, by the clock of the pod's machine. It is zero for a line
	// that was served without a time.
	Time           time.Time
	Pod, Container string
	// NodeID and Node are the ID and the display name of the workflow's node that the pod runs
	// for, or "" if there is none.
	NodeID, Node string
	// Text is the line without its line feed. All pieces of a line have the same Time.
	Text string
}

// Selection says which lines to read. The zero value selects all lines of all containers.
type Selection struct {
	// Nodes selects pods by their nodes. A Retry node stands for its attempts. An empty selector
	// selects all pods, those without a node included.
	Nodes status.NodeSelector
	// Containers are the names of the containers to read. None means all.
	Containers []string
	// Since excludes older lines.
	Since time.Time
	// Tail is the number of lines to begin with of each container that has started before the
	// call. Lines of Argo's executor in another container's log are not counted. Nil means all.
	Tail *int64
	// LimitBytes ends a log before the line that would exceed it. 0 means no limit.
	LimitBytes int64
	// Previous selects the previous instances of restarted containers. It is not for Follow.
	Previous bool
}

// Logs are the logs of the pods that a workflow has.
type Logs struct {
	client    *Client
	selection Selection
	workflow  *status.WorkflowStatus
	pods      []*pod // the oldest first
	version   string // the resource version to watch the pods from
}

// Find lists the pods of the workflow with the state s, retrying for RetryFor. The error is s.NodesErr
// if the selection needs the workflow's nodes, or that of the list.
func (c *Client) Find(ctx context.Context, s *status.WorkflowStatus, selection Selection) (*Logs, error) {
	if err := selection.readable(s); err != nil {
		return nil, err
	}
	pods, version, err := c.listPods(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Logs{client: c, selection: selection, workflow: s, pods: pods, version: version}, nil
}

// Containers returns the names of the containers of all pods, selected or not, in order.
func (l *Logs) Containers() []string {
	var names []string
	for _, pod := range l.pods {
		for _, container := range pod.containers {
			names = append(names, container.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Read calls emit for each line that has been written so far, ordered by time over all containers
// of which at most 128 ran at the same time, and blocks until all have been read. The error is that
// of emit, a [*pace.InterruptedError] if ctx ended, an [*UnavailableError], an
// [*IncompleteError], or that of the API server.
func (l *Logs) Read(ctx context.Context, emit func(Line) error) error {
	nodes := newNodeIndex(l.workflow)
	var logs []*containerLog
	for _, pod := range l.pods {
		if node, selected := l.selection.node(pod, nodes, true); selected {
			logs = append(logs, l.containerLogs(pod, node, true)...)
		}
	}
	if err := merge(ctx, logs, emit); err != nil {
		return err
	}
	return incomplete(missingOf(logs), nil)
}

// pacer returns a pacer whose retries the client reports. A zero until sets no limit.
func (c *Client) pacer(until time.Time) *pace.Pacer {
	return &pace.Pacer{Until: until, Retrying: c.Retrying}
}
