package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

func TestCallsAreCountedAndLogged(t *testing.T) {
	log := &logBook{}
	app := built(t, emptyCluster{}, log, exampleConfig)
	if err := app.access.check(t.Context()); err != nil { // which starts nothing
		t.Fatal(err)
	}
	handler := app.api.Handler()
	for range 2 {
		if code, text := asked(t, handler, "/api/v1/backfills/demo"); code != http.StatusOK {
			t.Fatal(code, text)
		}
	}
	if code, text := asked(t, handler, "/metrics"); code != http.StatusNotFound {
		t.Error("the metrics are served on the API's address:", code, text)
	}
	_, text := asked(t, app.metrics, "/metrics")
	for _, line := range []string{
		`argoservice_operations_total{backend="native",result="OK",verb="list"} 4`, // besides these two, the checks and the scrape itself send requests
		`argoservice_backfill_state{backfill="demo",state="NotStarted"} 1`,
		`argoservice_backfill_state{backfill="demo",state="Running"} 0`,
		`go_goroutines `, `process_start_time_seconds `,
	} {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	if strings.Contains(text, `verb="start"} 1`) || strings.Contains(log.text.String(), `"level":"INFO","msg":"start"`) {
		t.Errorf("what is checked counts as started: %s\n%s", text, &log.text)
	}
	if namespace := log.find(t, "list", "namespace"); namespace != "migrations" {
		t.Error(namespace)
	}
}

// countedStatus is a backfill that counts reads of its status.
type countedStatus struct {
	backfill.Backfill
	err   error
	takes time.Duration
	asked int
}

func (s *countedStatus) Status(ctx context.Context) (*backfill.Status, error) {
	s.asked++
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.err != nil {
		return nil, s.err
	}
	return &backfill.Status{State: backfill.StateRunning}, nil
}

func TestScrapesLookAtBackfills(t *testing.T) {
	const runs = `argoservice_backfill_state{backfill="b",state="Running"} 1`
	synctest.Test(t, func(t *testing.T) {
		watching := newTelemetry(slog.DiscardHandler, time.Second)
		one, two := &countedStatus{}, &countedStatus{}
		watching.measure(api.Backfill{Backfill: one, Session: "a"})
		watching.measure(api.Backfill{Backfill: two, Session: "b"})
		expect := func(known bool, times int) {
			t.Helper()
			if _, text := asked(t, watching.metrics(), "/metrics"); strings.Contains(text, runs) != known || two.asked != times || one.asked != times {
				t.Errorf("asked %d times: %s", two.asked, text)
			}
		}
		expect(true, 1)
		expect(true, 1) // not more often than allowed
		time.Sleep(time.Second)
		two.err = errors.New("away")
		expect(false, 2)
		time.Sleep(time.Second)
		two.err = nil
		expect(true, 3)
		time.Sleep(time.Second)
		two.takes = time.Hour
		began := time.Now()
		expect(false, 4)
		if took := time.Since(began); took != lookWithin {
			t.Error("a scrape takes", took)
		}
	})
}

func TestCancelledScrapeChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watching := newTelemetry(slog.DiscardHandler, time.Hour)
		s := &countedStatus{takes: time.Minute}
		watching.measure(api.Backfill{Backfill: s, Session: "a"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		watching.look(ctx)
		s.takes = 0
		watching.look(t.Context())
		if s.asked != 2 {
			t.Errorf("asked %d times", s.asked)
		}
	})
}

// The dependencies of a scrape are closed after end.
func TestScrapesAreWaitedFor(t *testing.T) {
	log := &logBook{}
	begun, cutOff, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	scrape := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(cutOff)
		<-release
	})
	end, err := serveMetrics(t.Context(), "127.0.0.1:0", scrape, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	scraped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(scraped)
		p := &process{t: t, url: "http://" + log.find(t, "serving metrics", "address")}
		_, _, _ = p.ask(http.MethodGet, "/metrics")
	}()
	<-begun
	go func() {
		defer close(ended)
		end()
	}()
	<-cutOff
	select {
	case <-ended:
		t.Error("it hasn't waited for a scrape")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	<-ended
	<-scraped
}

func TestMetricsHaveTheirOwnAddress(t *testing.T) {
	log := &logBook{}
	logger := slog.New(slog.NewJSONHandler(log, nil))
	end, err := serveMetrics(t.Context(), "127.0.0.1:0", newTelemetry(slog.DiscardHandler, time.Second).metrics(), logger)
	if err != nil {
		t.Fatal(err)
	}
	address := log.find(t, "serving metrics", "address")
	if _, err := serveMetrics(t.Context(), address, nil, logger); err == nil || !strings.Contains(err.Error(), "--metrics "+address) {
		t.Error(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "argoservice_operations_total") || err != nil {
		t.Errorf("%d, %v, %s", resp.StatusCode, err, text)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	end()
	if _, err := http.DefaultClient.Do(req); err == nil { //nolint:bodyclose // there is no response
		t.Error("it goes on")
	}
}
