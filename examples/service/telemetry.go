package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// lookWithin is how long a scrape waits for how the backfills stand. Prometheus itself waits 10 s.
	lookWithin = 5 * time.Second
	// labelBackfill has the session. It is the label that docs/dashboards tells backfills apart by.
	labelBackfill = "backfill"
)

// telemetry is what tells others of the service's doings.
type telemetry struct {
	// observer is told of every call to the cluster.
	observer workflow.Observer

	registry *prometheus.Registry // the service's own, so that nothing else is in it
	every    time.Duration        // backfills are not looked at more often

	mu        sync.Mutex // held while they are: others wait for the same answer
	until     time.Time  // the answer is good
	standings []measured
}

// measured is a backfill, and the metrics of how it stands.
type measured struct {
	api.Backfill
	metrics *argoprom.Backfill
}

// newTelemetry has calls counted and logged. Traces take an observer more in the list: that of
// adapters/otel, whose Options.StartAnnotations go to the clients, too, and an SDK's provider, which is
// to be shut down at the end.
func newTelemetry(handler slog.Handler, every time.Duration) *telemetry {
	calls := argoprom.NewObserver(argoprom.Options{})
	t := &telemetry{
		observer: workflow.Observers(workflow.NewLogObserver(handler), calls),
		registry: prometheus.NewRegistry(), every: every,
	}
	t.registry.MustRegister(calls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return t
}

// measure adds a backfill, whose session has to be another than those before. It comes before the
// first request.
func (t *telemetry) measure(b api.Backfill) {
	m := measured{b, argoprom.NewBackfill()}
	prometheus.WrapRegistererWith(prometheus.Labels{labelBackfill: b.Session}, t.registry).MustRegister(m.metrics)
	t.standings = append(t.standings, m)
}

// metrics is everything that there is to be scraped. Each scrape looks at the backfills, so that what
// it shows is true also where nobody has the page open.
func (t *telemetry) metrics() http.Handler {
	all := promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.look(r.Context())
		all.ServeHTTP(w, r)
	})
}

// look finds out how all backfills stand, at once. Of one that can't be read nothing is known. What was
// cut off by the end of ctx says nothing.
func (t *telemetry) look(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.until) {
		return
	}
	within, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var looking sync.WaitGroup
	for _, m := range t.standings {
		looking.Go(func() {
			st, err := m.Status(within)
			switch {
			case ctx.Err() != nil:
			case err != nil:
				m.metrics.Observe(nil)
			default:
				m.metrics.Observe(st)
			}
		})
	}
	looking.Wait()
	if ctx.Err() == nil {
		t.until = time.Now().Add(t.every)
	}
}
