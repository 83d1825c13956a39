package otel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func unrecorded(t testing.TB, opts otel.Options) (workflow.Observer, workflow.Call, workflow.Event) {
	t.Helper()
	opts.TracerProvider = noop.NewTracerProvider()
	observer, err := otel.NewObserver(opts)
	if err != nil {
		t.Fatal(err)
	}
	call := workflow.Call{Op: workflow.OpGet, Backend: "native", Namespace: "ma", Name: "reindex-x7f2k", Began: time.Now()}
	var event workflow.Event = workflow.Retrying{Op: workflow.OpGet, Err: errors.New("once more"), After: time.Second}
	return observer, call, event
}

// Without a recording span the cost is low: the attributes at the start of a span, which a sampler
// may use, and nothing for later events.
func TestCostWithoutARecordingSpan(t *testing.T) {
	failed := &workflow.Error{Op: workflow.OpGet, Err: workflow.ErrUnavailable}
	for name, c := range map[string]struct {
		opts otel.Options
		most float64
	}{
		"a span that isn't recorded": {otel.Options{}, 8},
		"no span":                    {otel.Options{Without: []workflow.Op{workflow.OpGet}}, 0},
	} {
		observer, call, event := unrecorded(t, c.opts)
		ctx := context.Background()
		whole := testing.AllocsPerRun(100, func() {
			began := observer.Begin(ctx, call)
			observer.OnEvent(began, event)
			observer.End(began, call, failed)
		})
		if whole > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, whole, c.most)
		}
		began := observer.Begin(ctx, call)
		if later := testing.AllocsPerRun(100, func() {
			observer.OnEvent(began, event)
			observer.End(began, call, failed)
		}); later > 0 {
			t.Errorf("%s: %v allocations after its begin, want none", name, later)
		}
	}
}

func BenchmarkNotRecorded(b *testing.B) {
	observer, call, event := unrecorded(b, otel.Options{})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		began := observer.Begin(ctx, call)
		observer.OnEvent(began, event)
		observer.End(began, call, nil)
	}
}
