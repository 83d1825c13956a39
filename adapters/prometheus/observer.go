package argoprom

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Observer counts what clients do. It is both what a client reports to and what a registry collects
// from. One serves any number of clients, of which the label backend tells apart those of different
// backends; a registry takes one, or several that it is given with different labels by
// [prometheus.WrapRegistererWith]. It can be used from any goroutine, does no I/O, and holds a call
// up for half a microsecond, or some ten where there is an error to look at.
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
		backends = []string{workflow.BackendNative}
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

// Begin implements [workflow.Observer]. The context is returned as it is. Dry runs are not counted.
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
	durations := o.metrics.calls
	if follows(call.Op) {
		durations = o.metrics.follows
	}
	durations.WithLabelValues(verb, backend, result).Observe(time.Since(call.Began).Seconds())
}

// Note implements [workflow.Observer]. Events that it doesn't know are left out.
func (o *Observer) Note(_ context.Context, event workflow.Event) {
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

// valid makes a backend's name one that a label can have: others would panic.
func valid(backend string) string { return strings.ToValidUTF8(backend, "\uFFFD") }

// resultOK is the result of an operation without an error.
const resultOK = "OK"

func resultOf(err error) string {
	if err == nil {
		return resultOK
	}
	return workflow.Reason(err)
}

// follows reports whether an operation lasts as long as the workflow does. Logs can; a call doesn't
// say which kind it is.
func follows(op workflow.Op) bool {
	return op == workflow.OpWait || op == workflow.OpWatch || op == workflow.OpLogs
}

// scopeOf is what a watch is for, a workflow of that name or many.
func scopeOf(name string) string {
	if name == "" {
		return "shared"
	}
	return "single"
}
