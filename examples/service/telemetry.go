package main

import (
	"net/http"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// telemetry is what tells others of the service's doings.
type telemetry struct {
	// observer is told of every call to the cluster.
	observer workflow.Observer
	// metrics is served at /metrics; nil: there are none.
	metrics http.Handler
}

// newTelemetry is the place to put metrics and traces.
func newTelemetry() telemetry { return telemetry{} }
