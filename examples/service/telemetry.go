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
	// lookWithin limits how long a scrape waits for the states of the backfills. Prometheus itself
	// waits 10 s.
	lookWithin = 5 * time.Second
	// labelBackfill contains the session. It is the label by which docs/dashboards distinguishes
	// backfills.
	labelBackfill = "backfill"
)

// telemetry provides the service's metrics and logs.
type telemetry struct {
	// observer receives every call to the cluster.
	observer workflow.Observer

	registry *prometheus.Registry // the service's own, so that nothing else is in it
	every    time.Duration        // the minimum interval between reads of the backfills

	mu        sync.Mutex // held during a read: others wait for its result
	until     time.Time  // the end of the result's validity
	backfills []measured
}

// measured is a backfill and the metrics of its state.
type measured struct {
	api.Backfill
	metrics *argoprom.Backfill
}

// newTelemetry counts and logs calls. For traces, add another observer to the list: that of
// adapters/otel, whose Options.StartAnnotations go to the clients, too, and an SDK's provider,
// which has to be shut down at the end.
func newTelemetry(handler slog.Handler, every time.Duration) *telemetry {
	calls := argoprom.NewObserver(argoprom.Options{})
	t := &telemetry{
		observer: workflow.MultiObserver(workflow.NewLogObserver(handler), calls),
		registry: prometheus.NewRegistry(), every: every,
	}
	t.registry.MustRegister(calls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return t
}

// measure adds a backfill with a session of its own. It must be called before the first request.
func (t *telemetry) measure(b api.Backfill) {
	m := measured{b, argoprom.NewBackfill()}
	prometheus.WrapRegistererWith(prometheus.Labels{labelBackfill: b.Session}, t.registry).MustRegister(m.metrics)
	t.backfills = append(t.backfills, m)
}

// metrics returns the handler for scrapes. Each scrape reads the backfills, so it is up to date
// even if no page is open.
func (t *telemetry) metrics() http.Handler {
	all := promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.look(r.Context())
		all.ServeHTTP(w, r)
	})
}

// look reads the state of all backfills concurrently. If one can't be read, its metrics are absent.
// A read that is cancelled with ctx changes nothing.
func (t *telemetry) look(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.until) {
		return
	}
	within, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var looking sync.WaitGroup
	for _, m := range t.backfills {
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
