package workflow

import (
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

// DefaultNamespace is where migrations run unless [Options] say otherwise.
const DefaultNamespace = "ma"

// DefaultRetryFor is how long a call keeps trying over transient faults.
const DefaultRetryFor = 30 * time.Second

// DefaultTemplateMaxAge is how long Start relies on what it has read of a template.
const DefaultTemplateMaxAge = 10 * time.Second

// DefaultWatchSilence is half as long again as a watch takes to bring a bookmark.
const DefaultWatchSilence = 90 * time.Second

// DefaultDiagnoseStartAfter is much longer than a controller at work takes.
const DefaultDiagnoseStartAfter = 30 * time.Second

// Options configure a [WorkflowClient]. The zero value is ready to use.
type Options struct {
	// Namespace of the workflows; "" means [DefaultNamespace].
	Namespace string
	// InstanceID is put on the workflows that are started, for a controller that was given
	// one (instanceID in its configuration). A wrong id leaves a workflow unseen for ever.
	InstanceID string
	// RetryFor is how long a call other than Wait, Watch and Logs that follow keeps trying over transient
	// faults, as long as its context lasts. 0 means [DefaultRetryFor], negative not at all.
	RetryFor time.Duration
	// TemplateMaxAge is how old a template may be against which Start checks a request; within
	// it, a start from the same template is one request, not two. What an older reading would
	// refuse is always checked against a new one. 0 means [DefaultTemplateMaxAge], negative
	// that the template is read for every start.
	TemplateMaxAge time.Duration
	// QPS is the most requests a second this client sends, on average; Burst is the most at
	// once, 2 × QPS if it is 0. QPS 0 keeps the limit that the [rest.Config] sets by its
	// RateLimiter or its QPS and Burst, and if it sets none, there is none: client-go's default
	// of 5 a second does not apply, since the API server's priority and fairness is a limit. A
	// limit holds for all requests of the client together, logs included; only a watch of pods
	// does not count, since client-go limits none. For [NewForConfig] only.
	QPS   float32
	Burst int
	// UserAgent names this client in the API server's audit log; "" keeps that of the
	// [rest.Config]. For [NewForConfig] only.
	UserAgent string
	// WatchSilence is how long a watch may bring nothing, not even one of the bookmarks that the
	// API server sends about once a minute, before it is taken for dead: then the workflows are
	// read afresh and another watch is opened. 0 means [DefaultWatchSilence].
	WatchSilence time.Duration
	// DiagnoseStartAfter is how long Wait and Watch see a workflow without a phase before they
	// show it once more with a [status.StartDiagnostic]: probably no controller takes it up. 0
	// means [DefaultDiagnoseStartAfter], negative never.
	DiagnoseStartAfter time.Duration
	// Logs is the client that [WorkflowClient.Logs] reads with: a REST client of core/v1, such
	// as the RESTClient of a typed clientset's CoreV1. [NewForConfig] makes one if it is nil;
	// with [New] and without it, Logs is [ErrUnsupported]. A Timeout of its configuration cuts
	// each stream off after that time; Logs then continues where it stopped, at the cost of a
	// request each time. Give it none.
	Logs rest.Interface
	// Observer is told what the client does; nil: nobody is. adapters/prometheus and adapters/otel
	// have some, [NewLogObserver] makes one for log/slog, and [Observers] puts them together.
	Observer Observer
	// EventSource, if given, has a Kubernetes Event recorded on each workflow that the client
	// starts, suspends, resumes, stops, terminates or retries, with this name as who reports it,
	// e.g. that of the host. It takes a request more for each change (create on events), and
	// at most a second. A change whose event can't be recorded is made all the same; see
	// [EventNotRecorded].
	EventSource string
	// StartAnnotations, if given, returns annotations for each workflow that Start and Resubmit
	// make, such as the trace that the start is a part of; ctx is what [Observer].Begin has
	// returned for the call. Those of the request go before them; they go before those that a
	// CronWorkflow or an older workflow hands on. They are no part of the request: with an
	// IdempotencyKey, a repeated start may have others. Those that the request's Annotations could not
	// have either make the start [ErrInvalid].
	StartAnnotations func(ctx context.Context) map[string]string
	// NodeDecoders read nodes that the controller compresses by zstd or brotli; those of
	// adapters/nodecodecs do. The zero value reads gzip, the controller's default: other nodes
	// are then a [*status.CompressionError] in the NodesErr of their workflow.
	NodeDecoders status.NodeDecoders
	// Backend is what errors name as the implementation; "" means [BackendNative]. It is for
	// implementations that are built on this one.
	Backend string
}

// WorkflowClient runs workflows of one namespace through the Kubernetes API. It holds no
// state but the templates read last, what start diagnostics have found and the watches that calls
// of Wait, Watch and Logs share, and no goroutine of it outlives the last of those calls; use one for
// all goroutines.
type WorkflowClient struct {
	workflows        dynamic.ResourceInterface
	templates        dynamic.ResourceInterface
	clusterTemplates dynamic.ResourceInterface
	crons            dynamic.ResourceInterface
	known            *knownTemplates
	pods             dynamic.ResourceInterface
	podWatches       dynamic.ResourceInterface // pods, for requests that last
	reviews          dynamic.ResourceInterface // of the caller's own access
	logs             rest.Interface            // nil: logs cannot be read
	metadata         source.MetadataLister
	source           source.Source // of workflows
	namespace        string
	instanceID       string
	backend          string
	decoders         status.NodeDecoders
	retryFor         time.Duration
	diagnoseAfter    time.Duration
	searches         *searches // by start diagnostics
	outage           *pace.Outage
	watchSilence     time.Duration
	hub              *watchhub.Hub
	observer         Observer                                    // nil: nobody is told
	events           *eventRecorder                              // nil: none are recorded
	startAnnotations func(ctx context.Context) map[string]string // nil: there are none
}

// NewForConfig returns a client for the cluster that cfg describes: one from
// [rest.InClusterConfig] in a pod, or from a kubeconfig. It copies cfg and sends nothing.
// cfg.Timeout bounds each request that is answered at once, but no watch, no list that is read
// for waits, and no log. cfg.QPS, Burst, RateLimiter and UserAgent count where [Options] set
// none. The error is an [*Error] that matches [ErrInvalid]: an option or cfg is malformed.
func NewForConfig(cfg *rest.Config, opts Options) (*WorkflowClient, error) {
	if cfg == nil {
		return nil, newError(OpNew, opts.Namespace, "", invalid(field.Required(field.NewPath("cfg"), "a *rest.Config")))
	}
	if regexp.MustCompile(`^([^/?#]*://)?[^/?#]*@`).MatchString(cfg.Host) { // errors and logs show it
		return nil, newError(OpNew, opts.Namespace, "", invalid(field.Invalid(field.NewPath("cfg", "Host"), field.OmitValueType{},
			"must have no user or password; use Username and Password")))
	}
	own := rest.CopyConfig(cfg)
	if _, _, err := rest.DefaultServerUrlFor(own); err != nil { // whose text has all of it
		return nil, newError(OpNew, opts.Namespace, "", invalid(field.Invalid(field.NewPath("cfg", "Host"), field.OmitValueType{},
			"must be a URL such as https://host:6443, or a host with a port")))
	}
	limitRequests(own, opts)
	if opts.UserAgent != "" {
		own.UserAgent = opts.UserAgent
	}
	unbounded := rest.CopyConfig(own)
	unbounded.Timeout = 0
	source.BoundRequests(own)
	dyn, err := dynamic.NewForConfig(own)
	if err == nil && opts.Logs == nil {
		opts.Logs, err = podlogs.NewRESTClient(unbounded)
	}
	var watching *dynamic.DynamicClient
	if err == nil {
		watching, err = dynamic.NewForConfig(unbounded)
	}
	if err != nil {
		return nil, newError(OpNew, opts.Namespace, "", errors.Join(ErrInvalid, err))
	}
	client, err := New(dyn, opts)
	if err != nil {
		return nil, err
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

// limitRequests gives cfg one limit for all clients that are made of it.
func limitRequests(cfg *rest.Config, opts Options) {
	qps, burst := opts.QPS, opts.Burst
	if qps > 0 && burst == 0 {
		burst = max(1, int(2*qps))
	}
	if qps == 0 {
		if cfg.RateLimiter != nil {
			return
		}
		qps, burst = cfg.QPS, cfg.Burst
		if burst == 0 {
			burst = rest.DefaultBurst
		}
	}
	if qps <= 0 {
		cfg.QPS = -1 // client-go takes 0 for 5 a second
		return
	}
	cfg.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(qps, burst)
}

// New returns a client over dyn, for hosts that share one dynamic client. Rate limits, user
// agent and timeout are those of dyn. A timeout also cuts off watches, which are then opened
// again, so dyn should have none. To follow workflows takes several times the work that it takes
// with [NewForConfig], since a dynamic client decodes all of each object. The error is an
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
	if opts.QPS < 0 {
		problems = append(problems, field.Invalid(options.Child("qps"), opts.QPS, "must be 0 (no limit) or more"))
	}
	if opts.Burst < 0 {
		problems = append(problems, field.Invalid(options.Child("burst"), opts.Burst, "must be 0 (twice the qps) or more"))
	}
	if opts.WatchSilence < 0 {
		problems = append(problems, field.Invalid(options.Child("watchSilence"), opts.WatchSilence.String(), "must be 0 (the default) or more"))
	}
	problems = append(problems, eventSourceProblems(options.Child("eventSource"), opts.EventSource)...)
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
	if opts.Backend == "" {
		opts.Backend = BackendNative
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
		backend:          opts.Backend,
		decoders:         opts.NodeDecoders,
		retryFor:         opts.RetryFor,
		outage:           &pace.Outage{},
		watchSilence:     opts.WatchSilence,
		diagnoseAfter:    opts.DiagnoseStartAfter,
		searches:         &searches{},
		observer:         opts.Observer,
		events:           newEventRecorder(dyn, opts.Namespace, opts.EventSource),
		startAnnotations: opts.StartAnnotations,
	}
	client.hub = client.newHub()
	return client, nil
}

// Namespace is the namespace of the workflows.
func (c *WorkflowClient) Namespace() string { return c.namespace }

// The type of a workflow object.
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
