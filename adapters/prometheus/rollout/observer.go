package rollout

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const prefix = "argoservice_"

// Observer counts the routes and differences of routers. Pass its methods to them:
//
//	legacy.RouterOptions{
//		OnRoute: observer.Route,
//		Shadow:     legacy.ShadowOptions{OnDifference: observer.Difference},
//	}
//
// It is safe for concurrent use, does no I/O and delays a call by less than a microsecond.
type Observer struct {
	routes      *prometheus.CounterVec
	differences *prometheus.CounterVec
}

var _ prometheus.Collector = (*Observer)(nil)

// NewObserver returns an observer that is not registered anywhere.
func NewObserver() *Observer {
	o := &Observer{
		routes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "rollout_routes_total",
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

// Route is for [legacy.RouterOptions.OnRoute].
func (o *Observer) Route(r legacy.Route) {
	o.routes.WithLabelValues(string(r.Op), string(r.Backend), strconv.FormatBool(r.Fallback)).Inc()
}

// Difference is for [legacy.ShadowOptions.OnDifference].
func (o *Observer) Difference(d legacy.Difference) {
	o.differences.WithLabelValues(string(d.Op), string(d.Primary)).Inc()
}

// Describe implements [prometheus.Collector].
func (o *Observer) Describe(descs chan<- *prometheus.Desc) {
	o.routes.Describe(descs)
	o.differences.Describe(descs)
}

// Collect implements [prometheus.Collector].
func (o *Observer) Collect(metrics chan<- prometheus.Metric) {
	o.routes.Collect(metrics)
	o.differences.Collect(metrics)
}
