package argoprom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const prefix = "argoservice_"

// Names of labels. docs/metrics.md lists their values.
const (
	labelVerb    = "verb"
	labelBackend = "backend"
	labelResult  = "result"
	labelReason  = "reason"
	labelScope   = "scope"
	labelAgain   = "again"
	labelOutcome = "outcome"
	labelSource  = "source"
)

// instruments are the metrics of an [Observer].
type instruments struct {
	operations *prometheus.CounterVec
	inFlight   *prometheus.GaugeVec
	calls      *prometheus.HistogramVec
	follows    *prometheus.HistogramVec
	retries    *prometheus.CounterVec
	answers    *prometheus.CounterVec

	watches       *prometheus.GaugeVec
	watchesOpened *prometheus.CounterVec
	watchFaults   *prometheus.CounterVec
	delays        *prometheus.HistogramVec

	ended             *prometheus.CounterVec
	eventsNotRecorded *prometheus.CounterVec
}

func newInstruments(opts Options) *instruments {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		o := prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}
		if opts.NativeHistograms {
			// Each bucket is a tenth wider than the previous one, and their number limits the
			// memory.
			o.NativeHistogramBucketFactor = 1.1
			o.NativeHistogramMaxBucketNumber = 160
			o.NativeHistogramMinResetDuration = time.Hour
		}
		return prometheus.NewHistogramVec(o, labels)
	}
	return &instruments{
		operations: counter("operations_total", "Completed operations.", labelVerb, labelBackend, labelResult),
		inFlight:   gauge("operations_in_flight", "Operations in progress.", labelVerb, labelBackend),
		calls: histogram("operation_duration_seconds", "Duration of operations, except waits, watches and logs.",
			callBuckets(), labelVerb, labelBackend, labelResult),
		follows: histogram("follow_duration_seconds", "Duration of waits, watches and logs.",
			followBuckets(), labelVerb, labelBackend, labelResult),
		retries: counter("retries_total", "Failed attempts that were repeated.", labelVerb, labelBackend, labelReason),
		answers: counter("answers_total", "Workflows that operations returned, by where they were read.",
			labelVerb, labelBackend, labelSource),

		watches: gauge("watches_open", "Open watches.", labelBackend, labelScope),
		watchesOpened: counter("watches_opened_total", "Watches that were opened, for the first time or again after they had ended.",
			labelBackend, labelScope, labelAgain),
		watchFaults: counter("watch_faults_total", "Watches that ended with a fault.", labelBackend, labelScope, labelReason),
		delays: histogram("delivery_delay_seconds",
			"Time from when the state that a call waited for arrived at the client until the call saw it; states that were there from the beginning are left out.",
			delayBuckets(), labelVerb, labelBackend),

		ended: counter("workflows_ended_total", "Workflows that ended while they were watched.", labelBackend, labelOutcome),
		eventsNotRecorded: counter("events_not_recorded_total", "Kubernetes Events about a change that could not be recorded.",
			labelVerb, labelBackend, labelReason),
	}
}

func (i *instruments) all() []prometheus.Collector {
	return []prometheus.Collector{
		i.operations, i.inFlight, i.calls, i.follows, i.retries, i.answers,
		i.watches, i.watchesOpened, i.watchFaults, i.delays,
		i.ended, i.eventsNotRecorded,
	}
}
