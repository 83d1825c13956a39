package workflow

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/podlogs"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// DefaultNamespace is the default of [Options.Namespace], the namespace where migrations run.
const DefaultNamespace = "ma"

// DefaultRetryFor is the default of [Options.RetryFor].
const DefaultRetryFor = 30 * time.Second

// DefaultTemplateMaxAge is the default of [Options.TemplateMaxAge].
const DefaultTemplateMaxAge = 10 * time.Second

// DefaultWatchSilence is the default of [Options.WatchSilence]. It is one and a half times the
// interval at which the API server sends bookmarks.
const DefaultWatchSilence = 90 * time.Second

// DefaultDiagnoseStartAfter is the default of [Options.DiagnoseStartAfter]. It is much longer than
// a running controller takes to pick up a workflow.
const DefaultDiagnoseStartAfter = 30 * time.Second

// Options configure a [WorkflowClient]. The zero value is ready to use.
type Options struct {
	// Namespace is the namespace of the workflows. It defaults to [DefaultNamespace].
	Namespace string
	// InstanceID is set on the workflows that the client starts. They run under the controller that
	// has the same instanceID in its configuration, or if it is empty, the one that has none. If no
	// controller has the ID, they never run.
	InstanceID string
	// RetryFor is how long a call retries transient faults, unless its context ends first. Wait,
	// Watch, and Logs with Follow retry them until their context ends. If the API server asks for a
	// delay (Retry-After), the next attempt is no earlier; if that is later than RetryFor allows,
	// the call fails at once. 0 means [DefaultRetryFor]; a negative value disables retries.
	RetryFor time.Duration
	// TemplateMaxAge is the maximum age of a cached template against which Start checks a request.
	// A start with a cached template takes one request instead of two. If the check against a
	// cached template fails, Start reads the template and checks again. 0 means
	// [DefaultTemplateMaxAge]; a negative value disables the cache.
	TemplateMaxAge time.Duration
	// WatchSilence is how long a watch may deliver nothing before it is considered dead. The client
	// then reads the workflows again and opens another watch, with more patience (up to eight times)
	// after each of these requests that brings no answer. The API server sends a bookmark about once
	// a minute on a watch that works. 0 means [DefaultWatchSilence].
	WatchSilence time.Duration
	// DiagnoseStartAfter is how long a workflow may have no phase before Wait and Watch deliver its
	// state once more with a [status.StartDiagnostic], since probably no controller picks it up. 0
	// means [DefaultDiagnoseStartAfter]; a negative value disables the diagnostic.
	DiagnoseStartAfter time.Duration
	// Logs is the REST client for core/v1 that [WorkflowClient.Logs] uses, such as the RESTClient
	// of a typed clientset's CoreV1. If it is nil, [NewForConfig] creates one, and a client made by
	// [New] returns [ErrUnsupported] from Logs. Its configuration should have no Timeout. A Timeout
	// cuts off each stream, and Logs then needs another request to continue where it stopped.
	Logs rest.Interface
	// Observer receives the client's operations and events. Nil disables observation. There are
	// observers in adapters/prometheus and adapters/otel, [NewLogObserver] returns one for
	// log/slog, and [MultiObserver] combines several.
	Observer Observer
	// EventSource, if set, makes the client record a Kubernetes Event on each workflow that it
	// starts, suspends, resumes, stops, terminates or retries. It is the name of the component that
	// reports the event, e.g. of the host. Each change then takes another request (create on
	// events), for at most a second. A failure to record an event does not make the call fail; see
	// [EventNotRecorded].
	EventSource string
	// StartAnnotations, if set, returns annotations for each workflow that Start and Resubmit
	// create, such as the trace that the start belongs to. ctx is the context that [Observer].Begin
	// returned for the call. Annotations of the request take precedence over them; they take
	// precedence over those copied from a CronWorkflow or from a resubmitted workflow. They are not
	// part of the request: with an IdempotencyKey, a repeated start may have others. If one would
	// be invalid among the request's Annotations, the start is [ErrInvalid].
	StartAnnotations func(ctx context.Context) map[string]string
	// NodeDecoders decode nodes that the controller compresses with zstd or brotli;
	// adapters/nodecodecs provides them. The zero value decodes gzip, the controller's default. A
	// workflow whose nodes cannot be decoded has a [*status.CompressionError] in NodesErr. GatePolicies
	// take the place of their rule for gates.
	NodeDecoders status.NodeDecoders
	// GatePolicies make gates of steps that wait for a field of an object, e.g. [ApprovalGates]. The first
	// policy that applies to a step counts. Every status that the client returns has these gates. Nil means
	// that only suspend nodes are gates; they are with any policies.
	GatePolicies []GatePolicy
	// History has workflows that are no longer in the cluster, such as Argo's archive. If it is set, Get,
	// Gates, Wait and Watch also return those, an IdempotencyKey is known for as long as the history has its
	// workflow, and List, Retry and Resubmit can use them; see docs/history.md. Nil means that only the
	// workflows of the cluster exist. A History that is also a [StartRecorder] or
	// [Recorder] records what the client does.
	History History
	// NodeStore has the nodes of workflows that the controller has offloaded. If it is set, the client
	// reads them with each state of such a workflow that it returns, and changes them there. Nil means that
	// these workflows have no nodes, and what needs nodes returns [ErrNodesOffloaded].
	NodeStore NodeStore
}

// WorkflowClient runs workflows of one namespace through the Kubernetes API. It is safe for
// concurrent use; share one client. It caches templates and the results of start diagnostics. Calls
// of Wait, Watch and Logs share watches. The client has goroutines only while such calls are in
// progress, so it needs no Close.
type WorkflowClient struct {
	workflows        dynamic.ResourceInterface
	templates        dynamic.ResourceInterface
	clusterTemplates dynamic.ResourceInterface
	crons            dynamic.ResourceInterface
	known            *knownTemplates
	pods             dynamic.ResourceInterface
	podWatches       dynamic.ResourceInterface // pods, without a request timeout
	reviews          dynamic.ResourceInterface // self subject access reviews
	logs             rest.Interface            // nil if logs cannot be read
	metadata         source.MetadataLister
	source           source.Source // of workflows
	namespace        string
	instanceID       string
	backend          Backend
	decoders         status.NodeDecoders
	gates            []*gatePolicy
	retryFor         time.Duration
	diagnoseAfter    time.Duration
	searches         *searches // by start diagnostics
	outage           *pace.Outage
	watchSilence     time.Duration
	hub              *watchhub.Hub
	observer         Observer                                    // may be nil
	events           *eventRecorder                              // may be nil
	startAnnotations func(ctx context.Context) map[string]string // may be nil
	history          History                                     // may be nil
	recording        Recorder                                    // history, or nil
	nodeStore        NodeStore                                   // may be nil
	nodesOutage      *pace.Outage                                // of the node store
	nodeRequests     chan struct{}                               // those to the node store that are under way
}

// NewForConfig returns a client for the cluster of cfg, which comes from [rest.InClusterConfig] or
// from a kubeconfig. It copies cfg and sends no request. cfg.Timeout limits each request, except
// watches, logs, and lists that Wait, Watch and Logs read. cfg.UserAgent identifies the client in
// the API server's audit log. If cfg or an option is invalid, NewForConfig returns an [*Error] that
// matches [ErrInvalid].
//
// cfg.RateLimiter, or else cfg.QPS and Burst, limit all requests of the client together, including
// logs, but not watches of pods, which client-go does not limit. If neither RateLimiter nor QPS is
// set, requests are not limited. client-go's default of 5 per second does not apply, because API
// Priority and Fairness already protects the API server.
func NewForConfig(cfg *rest.Config, opts Options) (*WorkflowClient, error) {
	if cfg == nil {
		return nil, newError(OpNew, opts.Namespace, "", invalid(field.Required(field.NewPath("cfg"), "a *rest.Config")))
	}
	if regexp.MustCompile(`^([^/?#]*://)?[^/?#]*@`).MatchString(cfg.Host) { // errors and logs show it
		return nil, newError(OpNew, opts.Namespace, "", invalid(field.Invalid(field.NewPath("cfg", "Host"), field.OmitValueType{},
			"must have no user or password; use Username and Password")))
	}
	own := rest.CopyConfig(cfg)
	if _, _, err := rest.DefaultServerUrlFor(own); err != nil { // the error would include the URL
		return nil, newError(OpNew, opts.Namespace, "", invalid(field.Invalid(field.NewPath("cfg", "Host"), field.OmitValueType{},
			"must be a URL such as https://host:6443, or a host with a port")))
	}
	limitRequests(own)
	own.UserAgent = cmp.Or(own.UserAgent, rest.DefaultKubernetesUserAgent())
	unbounded := rest.CopyConfig(own)
	unbounded.Timeout = 0
	source.BoundRequests(own)
	dyn, err := source.NewDynamicClient(own)
	if err == nil && opts.Logs == nil {
		opts.Logs, err = podlogs.NewRESTClient(unbounded)
	}
	var watching dynamic.Interface
	if err == nil {
		watching, err = source.NewDynamicClient(unbounded)
	}
	if err != nil {
		return nil, newError(OpNew, opts.Namespace, "", errors.Join(ErrInvalid, err))
	}
	client, err := New(dyn, opts)
	if err != nil {
		return nil, err
	}
	if other, ok := cfg.Transport.(interface{ Backend() Backend }); ok { // that of pkg/legacy
		client.backend = other.Backend()
	}
	client.podWatches = watching.Resource(podResource()).Namespace(client.namespace)
	reader, err := source.NewREST(own, unbounded, resource("workflows"), client.namespace)
	if err != nil {
		return nil, newError(OpNew, opts.Namespace, "", errors.Join(ErrInvalid, err))
	}
	client.source, client.metadata = reader, reader
	client.hub = client.newHub()
	return client, nil
}

// limitRequests sets one rate limiter in cfg, which all clients that are created from it share.
func limitRequests(cfg *rest.Config) {
	switch {
	case cfg.RateLimiter != nil:
	case cfg.QPS > 0:
		cfg.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(cfg.QPS, cmp.Or(cfg.Burst, rest.DefaultBurst))
	default:
		cfg.QPS = -1 // client-go would take 0 as 5 per second
	}
}

// New returns a client that uses dyn, for hosts that share one dynamic client. It sends no request.
// The rate limit, user agent and timeout are those of dyn. dyn should have no timeout, because it
// also cuts off watches, which the client then has to open again. Within one attempt, client-go
// itself repeats a request up to ten times if the API server asks for a delay (Retry-After) or the
// connection of a read breaks; [Options].RetryFor does not limit that and [Retrying] does not report
// it. Watching workflows costs several times as much as with [NewForConfig], because a dynamic
// client decodes each object completely. If dyn is nil or an option is invalid, New returns an
// [*Error] that matches [ErrInvalid].
func New(dyn dynamic.Interface, opts Options) (*WorkflowClient, error) {
	if opts.Namespace == "" {
		opts.Namespace = DefaultNamespace
	}
	var problems field.ErrorList
	if dyn == nil {
		problems = append(problems, field.Required(field.NewPath("dyn"), "a dynamic client"))
	}
	options := field.NewPath("options")
	for _, msg := range validation.IsDNS1123Label(opts.Namespace) {
		problems = append(problems, field.Invalid(options.Child("namespace"), opts.Namespace, msg))
	}
	for _, msg := range validation.IsValidLabelValue(opts.InstanceID) {
		problems = append(problems, field.Invalid(options.Child("instanceID"), opts.InstanceID, msg))
	}
	if opts.WatchSilence < 0 {
		problems = append(problems, field.Invalid(options.Child("watchSilence"), opts.WatchSilence.String(), "must be 0 (the default) or more"))
	}
	problems = append(problems, eventSourceProblems(options.Child("eventSource"), opts.EventSource)...)
	gates, ofGates := readGatePolicies(options.Child("gatePolicies"), opts.GatePolicies)
	problems = append(problems, ofGates...)
	if len(problems) > 0 {
		return nil, newError(OpNew, opts.Namespace, "", invalid(problems...))
	}
	if opts.RetryFor == 0 {
		opts.RetryFor = DefaultRetryFor
	}
	if opts.TemplateMaxAge == 0 {
		opts.TemplateMaxAge = DefaultTemplateMaxAge
	}
	if opts.WatchSilence == 0 {
		opts.WatchSilence = DefaultWatchSilence
	}
	if opts.DiagnoseStartAfter == 0 {
		opts.DiagnoseStartAfter = DefaultDiagnoseStartAfter
	}
	workflows := dyn.Resource(resource("workflows")).Namespace(opts.Namespace)
	pods := dyn.Resource(podResource()).Namespace(opts.Namespace)
	client := &WorkflowClient{
		workflows:        workflows,
		templates:        dyn.Resource(resource("workflowtemplates")).Namespace(opts.Namespace),
		clusterTemplates: dyn.Resource(resource("clusterworkflowtemplates")),
		crons:            dyn.Resource(resource("cronworkflows")).Namespace(opts.Namespace),
		known:            &knownTemplates{maxAge: opts.TemplateMaxAge},
		logs:             opts.Logs,
		pods:             pods,
		podWatches:       pods,
		reviews:          reviewsOf(dyn),
		metadata:         source.NewDynamicMetadata(dyn, resource("").GroupVersion()),
		source:           source.NewDynamic(workflows),
		namespace:        opts.Namespace,
		instanceID:       opts.InstanceID,
		backend:          BackendNative,
		retryFor:         opts.RetryFor,
		outage:           &pace.Outage{},
		watchSilence:     opts.WatchSilence,
		diagnoseAfter:    opts.DiagnoseStartAfter,
		searches:         &searches{},
		observer:         opts.Observer,
		events:           newEventRecorder(dyn, opts.Namespace, opts.EventSource),
		startAnnotations: opts.StartAnnotations,
		history:          opts.History,
		recording:        recorderOf(opts.History),
		nodeStore:        opts.NodeStore,
		nodesOutage:      &pace.Outage{},
		nodeRequests:     make(chan struct{}, mostNodeRequests),
	}
	for _, p := range gates {
		p.objects = dyn.Resource(p.resource()).Namespace(opts.Namespace)
	}
	client.gates, client.decoders = gates, opts.NodeDecoders.WithGates(gateRule(gates, opts.Namespace))
	if client.nodeStore != nil {
		client.decoders = client.decoders.WithOffloaded(client.loadNodes)
	}
	client.hub = client.newHub()
	return client, nil
}

// Namespace returns the namespace of the workflows.
func (c *WorkflowClient) Namespace() string { return c.namespace }

// The type of a Workflow object.
const (
	apiVersion = naming.APIVersion
	kind       = naming.Kind
)

func resource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: naming.Group, Version: naming.Version, Resource: plural}
}

// error is not inlined, for the same reason as begin.
//
//go:noinline
func (c *WorkflowClient) error(op Op, name string, err error) error {
	failed := newError(op, c.namespace, name, err)
	failed.Backend = c.backend
	return failed
}
