package argoprom

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"

// Options configure an [Observer]. The zero value is for hosts that only have native clients.
type Options struct {
	// Backends are the clients' backends. For each of them, the metrics that matter for alerts
	// start at 0, since a counter that first appears with 1 has not increased. Other backends are
	// counted as well. Defaults to [workflow.BackendNative].
	Backends []workflow.Backend
	// NativeHistograms adds Prometheus's native histograms to those with fixed buckets. Scrapes
	// contain them only if the server requests them.
	NativeHistograms bool
}
