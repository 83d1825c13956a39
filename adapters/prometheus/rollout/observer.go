package rollout

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const prefix = "argoservice_"

// Observer counts the decisions and differences of routers. Pass its methods to them:
//
//	legacy.RouterOptions{
//		OnDecision: observer.Decision,
//		Shadow:     legacy.ShadowOptions{OnDifference: observer.Difference},
//	}
//
// It is safe for concurrent use, does no I/O and delays a call by less than a microsecond.
type Observer struct {
	decisions   *prometheus.CounterVec
	differences *prometheus.CounterVec
}

var _ prometheus.Collector = (*Observer)(nil)

// NewObserver returns an observer that is not registered anywhere.
func NewObserver() *Observer {
	o := &Observer{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "rollout_decisions_total",
			Help: "Calls that a router sent to a backend.",
		}, []string{"verb", "backend", "fallback"}),
		differences: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "shadow_differences_total",
			Help: "Reads that the backends answered differently; backend is the one whose answer the caller got.",
		}, []string{"verb", "backend"}),
	}
	// These start at 0, so that the first difference is an increase.
	for _, op := range []workflow.Op{workflow.OpGet, workflow.OpList} {
		for _, backend := range []workflow.Backend{workflow.BackendNative, workflow.BackendKubectl} {
			o.differences.WithLabelValues(string(op), string(backend))
		}
	}
	return o
}

// Decision is for [legacy.RouterOptions.OnDecision].
func (o *Observer) Decision(d legacy.Decision) {
	o.decisions.WithLabelValues(string(d.Op), string(d.Backend), strconv.FormatBool(d.Fallback)).Inc()
}

// Difference is for [legacy.ShadowOptions.OnDifference].
func (o *Observer) Difference(d legacy.Difference) {
	o.differences.WithLabelValues(string(d.Op), string(d.Primary)).Inc()
}

// Describe implements [prometheus.Collector].
func (o *Observer) Describe(descs chan<- *prometheus.Desc) {
	o.decisions.Describe(descs)
	o.differences.Describe(descs)
}

// Collect implements [prometheus.Collector].
func (o *Observer) Collect(metrics chan<- prometheus.Metric) {
	o.decisions.Collect(metrics)
	o.differences.Collect(metrics)
}
