package argoprom

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Observer counts what clients do. Clients report to it, and a registry collects from it. One
// observer serves any number of clients; the label backend distinguishes their backends. A registry
// takes one observer, or several with different labels, added with [prometheus.WrapRegistererWith].
//
// It is safe for concurrent use, does no I/O, and delays a call by half a microsecond, or by some
// ten if the call returns an error.
type Observer struct {
	metrics *instruments
}

var (
	_ workflow.Observer    = (*Observer)(nil)
	_ prometheus.Collector = (*Observer)(nil)
)

// NewObserver returns an observer that is not registered anywhere.
func NewObserver(opts Options) *Observer {
	o := &Observer{metrics: newInstruments(opts)}
	backends := opts.Backends
	if backends == nil {
		backends = []workflow.Backend{workflow.BackendNative}
	}
	for _, backend := range backends {
		o.metrics.beginWithZero(valid(backend))
	}
	return o
}

// Describe implements [prometheus.Collector].
func (o *Observer) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range o.metrics.all() {
		c.Describe(descs)
	}
}

// Collect implements [prometheus.Collector].
func (o *Observer) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range o.metrics.all() {
		c.Collect(metrics)
	}
}

// Begin implements [workflow.Observer]. It returns ctx unchanged. Dry runs are not counted.
func (o *Observer) Begin(ctx context.Context, call workflow.Call) context.Context {
	if call.DryRun {
		return ctx
	}
	o.metrics.inFlight.WithLabelValues(string(call.Op), valid(call.Backend)).Inc()
	return ctx
}

// End implements [workflow.Observer].
func (o *Observer) End(_ context.Context, call workflow.Call, err error) {
	if call.DryRun {
		return
	}
	verb, backend, result := string(call.Op), valid(call.Backend), resultOf(err)
	o.metrics.inFlight.WithLabelValues(verb, backend).Dec()
	o.metrics.operations.WithLabelValues(verb, backend, result).Inc()
	if call.Source != "" {
		o.metrics.answers.WithLabelValues(verb, backend, string(call.Source)).Inc()
	}
	durations := o.metrics.calls
	if follows(call.Op) {
		durations = o.metrics.follows
	}
	durations.WithLabelValues(verb, backend, result).Observe(time.Since(call.Began).Seconds())
}

// OnEvent implements [workflow.Observer]. It ignores events that it doesn't know.
func (o *Observer) OnEvent(_ context.Context, event workflow.Event) {
	switch e := event.(type) {
	case workflow.Retrying:
		o.metrics.retries.WithLabelValues(string(e.Op), valid(e.Backend), workflow.Reason(e.Err)).Inc()
	case workflow.WatchOpened:
		scope := scopeOf(e.Name)
		o.metrics.watches.WithLabelValues(valid(e.Backend), scope).Inc()
		o.metrics.watchesOpened.WithLabelValues(valid(e.Backend), scope, strconv.FormatBool(e.Again)).Inc()
	case workflow.WatchClosed:
		scope := scopeOf(e.Name)
		o.metrics.watches.WithLabelValues(valid(e.Backend), scope).Dec()
		if e.Err != nil {
			o.metrics.watchFaults.WithLabelValues(valid(e.Backend), scope, workflow.Reason(e.Err)).Inc()
		}
	case workflow.Reached:
		if e.Delay > 0 {
			o.metrics.delays.WithLabelValues(string(e.Op), valid(e.Backend)).Observe(e.Delay.Seconds())
		}
	case workflow.WorkflowEnded:
		if e.Status != nil {
			o.metrics.ended.WithLabelValues(valid(e.Backend), string(e.Status.Outcome())).Inc()
		}
	case workflow.EventNotRecorded:
		o.metrics.eventsNotRecorded.WithLabelValues(string(e.Op), valid(e.Backend), workflow.Reason(e.Err)).Inc()
	}
}

// valid makes a backend's name a valid label value: Prometheus panics for others.
func valid(backend workflow.Backend) string { return strings.ToValidUTF8(string(backend), "\uFFFD") }

// resultOK is the result of an operation without an error.
const resultOK = "OK"

func resultOf(err error) string {
	if err == nil {
		return resultOK
	}
	return workflow.Reason(err)
}

// follows reports whether an operation lasts as long as the workflow. Logs may or may not; a call
// doesn't say which.
func follows(op workflow.Op) bool {
	return op == workflow.OpWait || op == workflow.OpWatch || op == workflow.OpLogs
}

// scopeOf returns the scope of a watch: of one workflow with this name, or of many.
func scopeOf(name string) string {
	if name == "" {
		return "shared"
	}
	return "single"
}
