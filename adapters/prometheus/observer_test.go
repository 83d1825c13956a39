package argoprom_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// bare returns an observer without any initial series.
func bare() *argoprom.Observer {
	return argoprom.NewObserver(argoprom.Options{Backends: []workflow.Backend{}})
}

// expect compares the series of some metrics, given without help and type.
func expect(t *testing.T, c prometheus.Collector, want string, metrics ...string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var full strings.Builder
	unused := len(strings.Fields(want)) / 2 // each line has a series and its value
	for _, f := range families {
		full.WriteString("# HELP " + f.GetName() + " " + f.GetHelp() + "\n# TYPE " + f.GetName() + " " + strings.ToLower(f.GetType().String()) + "\n")
		for line := range strings.Lines(want) {
			line = strings.TrimSpace(line)
			name := line[:min(len(line), max(0, strings.IndexAny(line, "{ ")))]
			for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
				if name == f.GetName()+suffix {
					full.WriteString(line + "\n")
					unused--
				}
			}
		}
	}
	if unused != 0 {
		t.Errorf("%d of the series are of metrics that are not there", unused)
	}
	if err := testutil.CollectAndCompare(c, strings.NewReader(full.String()), metrics...); err != nil {
		t.Error(err)
	}
}

func TestOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := bare()
		call(o, workflow.OpStart, 40*time.Millisecond, nil)
		call(o, workflow.OpStart, 2*time.Second, &workflow.Error{Op: workflow.OpStart, Err: workflow.ErrForbidden})
		call(o, workflow.OpWait, 2*time.Hour, nil)
		call(o, workflow.OpGet, time.Millisecond, errors.New("no such thing"))
		call(o, workflow.OpWatch, time.Hour, &workflow.WaitError{Err: context.Canceled})
		call(o, workflow.OpLogs, time.Hour, &workflow.WaitError{Err: context.Canceled})
		expect(t, o, `
			argoservice_operations_total{backend="native",result="OK",verb="start"} 1
			argoservice_operations_total{backend="native",result="Forbidden",verb="start"} 1
			argoservice_operations_total{backend="native",result="OK",verb="wait"} 1
			argoservice_operations_total{backend="native",result="Other",verb="get"} 1
			argoservice_operations_total{backend="native",result="Canceled",verb="watch"} 1
			argoservice_operations_total{backend="native",result="Canceled",verb="logs"} 1
		`, "argoservice_operations_total")
		// Waits, watches and logs are not among the calls, and a failed call has its own series.
		if n := testutil.CollectAndCount(o, "argoservice_operation_duration_seconds"); n != 3 {
			t.Errorf("%d series of durations instead of 3", n)
		}
	})
}

// Only an operation that returns a workflow says where it was read.
func TestAnswers(t *testing.T) {
	o := bare()
	for _, c := range []workflow.Call{
		{Op: workflow.OpGet, Source: status.SourceLive}, {Op: workflow.OpGet, Source: status.SourceHistory},
		{Op: workflow.OpStart, Source: status.SourceHistory, Found: true}, {Op: workflow.OpStart, Source: status.SourceHistory, DryRun: true},
		{Op: workflow.OpWait, Source: status.SourceHistory}, {Op: workflow.OpList},
	} {
		c.Backend, c.Began = "native", time.Now()
		o.End(o.Begin(t.Context(), c), c, nil)
	}
	call(o, workflow.OpGet, 0, workflow.ErrHistory)
	expect(t, o, `
		argoservice_answers_total{backend="native",source="live",verb="get"} 1
		argoservice_answers_total{backend="native",source="history",verb="get"} 1
		argoservice_answers_total{backend="native",source="history",verb="start"} 1
		argoservice_answers_total{backend="native",source="history",verb="wait"} 1
	`, "argoservice_answers_total")
}

func TestFollowDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := bare()
		call(o, workflow.OpWait, 2*time.Hour, nil)
		expect(t, o, `
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="1"} 0
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="10"} 0
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="60"} 0
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="300"} 0
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="900"} 0
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="3600"} 0
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="14400"} 1
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="43200"} 1
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="86400"} 1
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="259200"} 1
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="604800"} 1
			argoservice_follow_duration_seconds_bucket{backend="native",result="OK",verb="wait",le="+Inf"} 1
			argoservice_follow_duration_seconds_sum{backend="native",result="OK",verb="wait"} 7200
			argoservice_follow_duration_seconds_count{backend="native",result="OK",verb="wait"} 1
		`, "argoservice_follow_duration_seconds")
	})
}

func TestInFlight(t *testing.T) {
	o := bare()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	wait := workflow.Call{Op: workflow.OpWait, Backend: "native", Began: time.Now()}
	if o.Begin(ctx, wait) != ctx {
		t.Error("another context")
	}
	o.Begin(ctx, wait)
	o.End(ctx, wait, context.Canceled)
	expect(t, o, `argoservice_operations_in_flight{backend="native",verb="wait"} 1`, "argoservice_operations_in_flight")
	// The operation is the same, even if a name is chosen meanwhile.
	start := workflow.Call{Op: workflow.OpStart, Backend: "native", Began: time.Now()}
	o.Begin(ctx, start)
	start.Name = "chosen"
	o.End(ctx, start, nil)
	expect(t, o, `
		argoservice_operations_in_flight{backend="native",verb="wait"} 1
		argoservice_operations_in_flight{backend="native",verb="start"} 0
	`, "argoservice_operations_in_flight")
}

func TestEvents(t *testing.T) {
	for name, c := range map[string]struct {
		events  []workflow.Event
		metrics []string
		want    string
	}{
		"retries": {
			[]workflow.Event{
				workflow.Retrying{Op: workflow.OpStop, Backend: "native", Err: workflow.ErrConflict},
				workflow.Retrying{Op: workflow.OpStop, Backend: "native", Err: workflow.ErrConflict},
				workflow.Retrying{Op: workflow.OpStop, Backend: "kubectl", Err: workflow.ErrUnavailable},
			},
			[]string{"argoservice_retries_total"},
			`argoservice_retries_total{backend="native",reason="Conflict",verb="stop"} 2
			 argoservice_retries_total{backend="kubectl",reason="Unavailable",verb="stop"} 1`,
		},
		"watches": {
			[]workflow.Event{
				workflow.WatchOpened{Backend: "native"},
				workflow.WatchClosed{Backend: "native"}, // by the API server, which is not a fault
				workflow.WatchOpened{Backend: "native", Again: true},
				workflow.WatchOpened{Backend: "native", Name: "a"},
				workflow.WatchOpened{Backend: "native", Name: "b"},
				workflow.WatchClosed{Backend: "native", Name: "a", Err: workflow.ErrUnavailable},
			},
			[]string{"argoservice_watches_open", "argoservice_watches_opened_total", "argoservice_watch_faults_total"},
			`argoservice_watches_open{backend="native",scope="shared"} 1
			 argoservice_watches_open{backend="native",scope="single"} 1
			 argoservice_watches_opened_total{again="false",backend="native",scope="shared"} 1
			 argoservice_watches_opened_total{again="true",backend="native",scope="shared"} 1
			 argoservice_watches_opened_total{again="false",backend="native",scope="single"} 2
			 argoservice_watch_faults_total{backend="native",reason="Unavailable",scope="single"} 1`,
		},
		"ends": {
			[]workflow.Event{
				workflow.WorkflowEnded{Backend: "native", Status: ended(status.PhaseSucceeded)},
				workflow.WorkflowEnded{Backend: "native", Status: &status.WorkflowStatus{Phase: status.PhaseFailed, Shutdown: status.ShutdownStop}},
				workflow.WorkflowEnded{Backend: "native"},
			},
			[]string{"argoservice_workflows_ended_total"},
			`argoservice_workflows_ended_total{backend="native",outcome="Succeeded"} 1
			 argoservice_workflows_ended_total{backend="native",outcome="Stopped"} 1`,
		},
		"Kubernetes events": {
			[]workflow.Event{workflow.EventNotRecorded{Op: workflow.OpResume, Backend: "native", Err: workflow.ErrForbidden}},
			[]string{"argoservice_events_not_recorded_total"},
			`argoservice_events_not_recorded_total{backend="native",reason="Forbidden",verb="resume"} 1`,
		},
		"nothing": {[]workflow.Event{nil, workflow.Reached{Op: workflow.OpWait, Backend: "native"}}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := bare()
			for _, e := range c.events {
				o.OnEvent(t.Context(), e)
			}
			expect(t, o, c.want, c.metrics...)
		})
	}
}

// A state that was there from the beginning has no delay, which is different from a short one.
func TestDelay(t *testing.T) {
	o := bare()
	for _, delay := range []time.Duration{0, 300 * time.Microsecond, 0, 3 * time.Second} {
		o.OnEvent(t.Context(), workflow.Reached{Op: workflow.OpWait, Backend: "native", Delay: delay})
	}
	expect(t, o, `
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.0001"} 0
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.00025"} 0
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.0005"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.001"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.0025"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.005"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.01"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.025"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.05"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.1"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.25"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="0.5"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="1"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="2.5"} 1
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="10"} 2
		argoservice_delivery_delay_seconds_bucket{backend="native",verb="wait",le="+Inf"} 2
		argoservice_delivery_delay_seconds_sum{backend="native",verb="wait"} 3.0003
		argoservice_delivery_delay_seconds_count{backend="native",verb="wait"} 2
	`, "argoservice_delivery_delay_seconds")
}

// A counter that appears with 1 has not increased, so counters for alerts begin with 0.
func TestBeginsWithZero(t *testing.T) {
	if n := testutil.CollectAndCount(bare()); n != 0 {
		t.Errorf("%d series of no backend", n)
	}
	o := argoprom.NewObserver(argoprom.Options{})
	expect(t, o, `
		argoservice_workflows_ended_total{backend="native",outcome="Succeeded"} 0
		argoservice_workflows_ended_total{backend="native",outcome="Failed"} 0
		argoservice_workflows_ended_total{backend="native",outcome="Errored"} 0
		argoservice_workflows_ended_total{backend="native",outcome="Stopped"} 0
		argoservice_workflows_ended_total{backend="native",outcome="Terminated"} 0
	`, "argoservice_workflows_ended_total")
	expect(t, o, `
		argoservice_answers_total{backend="native",source="history",verb="get"} 0
		argoservice_answers_total{backend="native",source="history",verb="wait"} 0
		argoservice_answers_total{backend="native",source="history",verb="start"} 0
		argoservice_answers_total{backend="native",source="history",verb="resubmit"} 0
	`, "argoservice_answers_total")
	before := testutil.CollectAndCount(o)
	for _, op := range ops() {
		call(o, op, 0, nil)
	}
	for _, op := range []workflow.Op{workflow.OpStart, workflow.OpRetry, workflow.OpDelete} {
		call(o, op, 0, workflow.ErrUnknownOutcome)
	}
	histograms := testutil.CollectAndCount(o, "argoservice_operation_duration_seconds", "argoservice_follow_duration_seconds")
	if after := testutil.CollectAndCount(o); after != before+histograms {
		t.Errorf("%d series have become %d, %d of them durations", before, after, histograms)
	}
	both := argoprom.NewObserver(argoprom.Options{Backends: []workflow.Backend{"native", "kubectl"}})
	if n := testutil.CollectAndCount(both); n != 2*before {
		t.Errorf("%d series of two backends, %d of one", n, before)
	}
}

func TestNativeHistograms(t *testing.T) {
	for _, native := range []bool{false, true} {
		o := argoprom.NewObserver(argoprom.Options{NativeHistograms: native})
		call(o, workflow.OpGet, time.Second, nil)
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(o)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		for _, f := range families {
			if f.GetName() == "argoservice_operation_duration_seconds" {
				h := f.GetMetric()[0].GetHistogram()
				seen = true
				if got := len(h.GetPositiveSpan()) > 0; got != native || len(h.GetBucket()) == 0 {
					t.Errorf("%v: %v", native, h)
				}
			}
		}
		if !seen {
			t.Error("no durations")
		}
	}
}

// A name that Prometheus doesn't accept must not panic in a client.
func TestInvalidBackendName(t *testing.T) {
	const backend = "a\xff"
	o := argoprom.NewObserver(argoprom.Options{Backends: []workflow.Backend{backend}})
	c := workflow.Call{Op: workflow.OpGet, Backend: backend, Began: time.Now()}
	o.End(o.Begin(t.Context(), c), c, nil)
	for _, e := range []workflow.Event{
		workflow.Retrying{Backend: backend, Err: workflow.ErrConflict}, workflow.WatchOpened{Backend: backend}, workflow.WatchClosed{Backend: backend, Err: workflow.ErrUnavailable},
		workflow.Reached{Backend: backend, Delay: 1}, workflow.WorkflowEnded{Backend: backend, Status: ended(status.PhaseError)}, workflow.EventNotRecorded{Backend: backend},
	} {
		o.OnEvent(t.Context(), e)
	}
	expect(t, o, `argoservice_watches_open{backend="a�",scope="shared"} 0`, "argoservice_watches_open")
}

// Two observers of one registry are distinguished by labels of the host.
func TestWrapped(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	a, b := argoprom.NewObserver(argoprom.Options{}), argoprom.NewObserver(argoprom.Options{})
	if err := prometheus.WrapRegistererWith(prometheus.Labels{"cluster": "a"}, registry).Register(a); err != nil {
		t.Fatal(err)
	}
	if err := prometheus.WrapRegistererWith(prometheus.Labels{"cluster": "b"}, registry).Register(b); err != nil {
		t.Fatal(err)
	}
	if err := registry.Register(argoprom.NewObserver(argoprom.Options{})); err == nil {
		t.Error("one without the label is taken as well")
	}
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
	}
}

// Concurrent calls lose nothing, even during a collection.
func TestConcurrently(t *testing.T) {
	const goroutines, each = 50, 200
	o := argoprom.NewObserver(argoprom.Options{NativeHistograms: true})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(o)
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for j := range each {
				c := workflow.Call{Op: workflow.OpWait, Backend: "native", Began: time.Now()}
				ctx := o.Begin(t.Context(), c)
				o.OnEvent(ctx, workflow.WatchOpened{Backend: "native", Again: j%2 == 0})
				o.OnEvent(ctx, workflow.Retrying{Op: workflow.OpWait, Backend: "native", Err: workflow.ErrUnavailable})
				o.OnEvent(ctx, workflow.Reached{Op: workflow.OpWait, Backend: "native", Delay: time.Duration(j + 1)})
				o.OnEvent(ctx, workflow.WorkflowEnded{Backend: "native", Status: ended(status.PhaseSucceeded)})
				o.OnEvent(ctx, workflow.WatchClosed{Backend: "native"})
				o.End(ctx, c, nil)
			}
			if i%10 == 0 {
				if _, err := registry.Gather(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	expect(t, o, `argoservice_watches_open{backend="native",scope="shared"} 0`, "argoservice_watches_open")
	expect(t, o, `argoservice_retries_total{backend="native",reason="Unavailable",verb="wait"} 10000`, "argoservice_retries_total")
	expect(t, o, `
		argoservice_watches_opened_total{again="false",backend="native",scope="shared"} 5000
		argoservice_watches_opened_total{again="true",backend="native",scope="shared"} 5000
	`, "argoservice_watches_opened_total")
}
