package argoprom_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The client reports to the observer, and the host serves its metrics.
func ExampleNewObserver() {
	api := httptest.NewServer(http.HandlerFunc(oneWorkflow))
	defer api.Close()
	cfg := &rest.Config{Host: api.URL} // in a pod, that of rest.InClusterConfig
	registry := prometheus.NewRegistry()

	observer := argoprom.NewObserver(argoprom.Options{})
	registry.MustRegister(observer)
	client, err := workflow.NewForConfig(cfg, workflow.Options{Observer: observer})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"migration-1", "migration-1", "migration-2"} {
		if _, err := client.Get(context.Background(), name); err != nil {
			fmt.Println(workflow.Reason(err))
		}
	}

	metrics := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer metrics.Close()
	fmt.Print(scraped(metrics.URL, `argoservice_operations_total{backend="native",result="NotFound"`))
	fmt.Print(scraped(metrics.URL, `argoservice_operations_total{backend="native",result="OK",verb="get"`))
	// Output:
	// NotFound
	// argoservice_operations_total{backend="native",result="NotFound",verb="get"} 1
	// argoservice_operations_total{backend="native",result="OK",verb="get"} 2
}

// oneWorkflow is an API server with one workflow.
func oneWorkflow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !strings.HasSuffix(r.URL.Path, "/namespaces/ma/workflows/migration-1") {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
			"details": {"group": "argoproj.io", "kind": "workflows", "name": "migration-2"}}`)
		return
	}
	fmt.Fprint(w, `{"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1", "status": {"phase": "Succeeded"},
		"metadata": {"namespace": "ma", "name": "migration-1", "uid": "1", "resourceVersion": "1"}}`)
}

// The host gives each of several backfills a label, and unregisters it at its end.
func ExampleNewBackfill() {
	registry := prometheus.NewRegistry()
	progress := argoprom.NewBackfill()
	labelled := prometheus.WrapRegistererWith(prometheus.Labels{"backfill": "logs-2026"}, registry)
	labelled.MustRegister(progress)
	defer labelled.Unregister(progress)

	// Usually in a loop over Backfill.Follow. Here the target cluster doesn't answer.
	progress.Observe(&backfill.Status{
		State:  backfill.StateRunning,
		Pods:   workflow.ResultOf(backfill.Pods{Running: 3, Desired: 4}, nil),
		Shards: workflow.ResultOf(backfill.Shards{}, errors.New("the target cluster doesn't answer")),
	})

	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	fmt.Print(scraped(server.URL, "argoservice_backfill_pods"))
	fmt.Print(scraped(server.URL, "argoservice_backfill_shards"))
	// Output:
	// argoservice_backfill_pods{backfill="logs-2026",state="Pending"} 0
	// argoservice_backfill_pods{backfill="logs-2026",state="Running"} 3
	// argoservice_backfill_pods{backfill="logs-2026",state="Terminating"} 0
	// argoservice_backfill_pods_desired{backfill="logs-2026"} 4
}

// This needs a backfill, so it only compiles here.
func ExampleBackfill_Observe() {
	_ = func(ctx context.Context, b backfill.Backfill, registry *prometheus.Registry) error {
		progress := argoprom.NewBackfill()
		labels := prometheus.Labels{"backfill": "logs-2026"} // only where there are several
		prometheus.WrapRegistererWith(labels, registry).MustRegister(progress)
		for s, err := range b.Follow(ctx, backfill.FollowOptions{}) {
			if err != nil {
				return err
			}
			progress.Observe(s)
		}
		return nil
	}
}

// scraped returns the served lines that begin with a prefix.
func scraped(url, prefix string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	var lines strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, prefix) {
			lines.WriteString(line)
		}
	}
	return lines.String()
}
