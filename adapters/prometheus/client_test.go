package argoprom_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// running is an API server with one workflow, which ends once it is watched and end is closed.
type running struct{ end chan struct{} }

func (s *running) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	const object = `{"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1", "status": {"phase": "%s"},
		"metadata": {"namespace": "ma", "name": "w", "uid": "1", "resourceVersion": "%d"}}`
	now := fmt.Sprintf(object, "Running", 1)
	switch {
	case strings.HasSuffix(r.URL.Path, "/workflows/w"):
		fmt.Fprint(w, now)
	case r.URL.Query().Get("watch") == "":
		fmt.Fprint(w, `{"kind": "WorkflowList", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"resourceVersion": "1"}, "items": [`+now+`]}`)
	default:
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-s.end:
			fmt.Fprintf(w, `{"type": "MODIFIED", "object": `+object+"}\n", "Succeeded", 2)
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
		}
		<-r.Context().Done()
	}
}

// A client's waits are in flight, with a watch, until the workflow has ended, which is counted
// once.
func TestWithAClient(t *testing.T) {
	api := &running{end: make(chan struct{})}
	server := httptest.NewServer(api)
	defer server.Close()
	observer := argoprom.NewObserver(argoprom.Options{})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(observer)
	client, err := workflow.NewForConfig(&rest.Config{Host: server.URL}, workflow.Options{Observer: observer})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const waits = 2
	var following sync.WaitGroup // until each wait has received a state, and so is one of the watch's
	following.Add(waits)
	ended := make(chan error, waits)
	for range waits {
		first := sync.OnceFunc(following.Done)
		go func() {
			_, err := client.Wait(ctx, "w", func(s *status.WorkflowStatus) (bool, error) {
				first()
				return workflow.Completed(s)
			})
			ended <- err
		}()
	}
	following.Wait()
	become(ctx, t, registry, `argoservice_operations_in_flight{verb="wait"}`, waits)
	become(ctx, t, registry, `argoservice_watches_open{}`, 1)
	close(api.end)
	for range waits {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	become(ctx, t, registry, `argoservice_watches_open{}`, 0)
	for metric, want := range map[string]float64{
		`argoservice_operations_in_flight{}`:                     0,
		`argoservice_operations_total{result="OK",verb="wait"}`:  waits,
		`argoservice_operations_total{}`:                         waits,
		`argoservice_follow_duration_seconds{}`:                  waits,
		`argoservice_operation_duration_seconds{}`:               0,
		`argoservice_delivery_delay_seconds{verb="wait"}`:        waits,
		`argoservice_workflows_ended_total{outcome="Succeeded"}`: 1,
		`argoservice_workflows_ended_total{}`:                    1,
		`argoservice_watches_opened_total{again="false"}`:        1,
		`argoservice_watch_faults_total{}`:                       0,
	} {
		if got := value(t, registry, metric); got != want {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
}

// become waits until a metric has a value.
func become(ctx context.Context, t *testing.T, registry prometheus.Gatherer, metric string, want float64) {
	t.Helper()
	for value(t, registry, metric) != want {
		select {
		case <-ctx.Done():
			t.Fatalf("%s is %v, want %v", metric, value(t, registry, metric), want)
		case <-time.After(time.Millisecond):
		}
	}
}

// value returns the sum of the series with these labels; for a histogram, the sum of its counts.
func value(t *testing.T, registry prometheus.Gatherer, metric string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	name, labels, _ := strings.Cut(strings.TrimSuffix(metric, "}"), "{")
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var has strings.Builder // the labels are sorted, like those of the requested metric
			for _, l := range m.GetLabel() {
				fmt.Fprintf(&has, "%s=%q,", l.GetName(), l.GetValue())
			}
			matches := f.GetName() == name
			for label := range strings.SplitSeq(labels, ",") {
				matches = matches && strings.Contains(has.String(), label)
			}
			if matches {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}
