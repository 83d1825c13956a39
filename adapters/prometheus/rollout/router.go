package rollout

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Router collects a router's own metrics: the share of the workflows that the native backend should
// get, and the results of comparisons in shadow mode. A registry takes one, or several with
// different labels.
type Router struct {
	router              *legacy.Router
	target, comparisons *prometheus.Desc
}

var _ prometheus.Collector = (*Router)(nil)

// NewRouter returns a collector for a router, which it reads at each collection.
func NewRouter(router *legacy.Router) *Router {
	return &Router{
		router: router,
		target: prometheus.NewDesc(prefix+"rollout_target_ratio",
			"Share of the workflows that the native backend should get, from 0 to 1.", nil, nil),
		comparisons: prometheus.NewDesc(prefix+"shadow_comparisons_total",
			"Comparisons of both backends' answers, by result.", []string{"result"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (r *Router) Describe(descs chan<- *prometheus.Desc) {
	descs <- r.target
	descs <- r.comparisons
}

// Collect implements [prometheus.Collector].
func (r *Router) Collect(metrics chan<- prometheus.Metric) {
	metrics <- prometheus.MustNewConstMetric(r.target, prometheus.GaugeValue, share(r.router.Rollout()))
	counts := r.router.Shadow()
	for _, c := range []struct {
		result string
		count  int64
	}{
		{"Agreed", counts.Agreed}, {"Differed", counts.Differed}, {"Changed", counts.Changed},
		{"Failed", counts.Failed}, {"Dropped", counts.Dropped},
	} {
		metrics <- prometheus.MustNewConstMetric(r.comparisons, prometheus.CounterValue, float64(c.count), c.result)
	}
}

func share(r legacy.Rollout) float64 {
	switch r.Force {
	case workflow.BackendNative:
		return 1
	case workflow.BackendKubectl:
		return 0
	}
	return r.Percent / 100
}
