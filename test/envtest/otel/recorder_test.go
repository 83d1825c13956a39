package otel_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// recording is an observer with a record of its spans, and the tracer of a host beside it.
type recording struct {
	*tracetest.SpanRecorder
	observer workflow.Observer
	host     trace.Tracer
}

func record(t testing.TB, opts otel.Options) *recording {
	t.Helper()
	r := &recording{SpanRecorder: tracetest.NewSpanRecorder()}
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(r.SpanRecorder))
	opts.TracerProvider, r.host = provider, provider.Tracer("host")
	var err error
	if r.observer, err = otel.NewObserver(opts); err != nil {
		t.Fatal(err)
	}
	return r
}

// run records a call of an operation, with what happens in it and its error.
func (r *recording) run(ctx context.Context, op workflow.Op, err error, events ...workflow.Event) {
	ctx = r.observer.Begin(ctx, call(op))
	for _, event := range events {
		r.observer.OnEvent(ctx, event)
	}
	r.observer.End(ctx, call(op), err)
}

// only is the one span that has ended.
func (r *recording) only(t testing.TB) sdk.ReadOnlySpan {
	t.Helper()
	spans := r.Ended()
	if len(spans) != 1 {
		t.Fatalf("%d spans have ended, want one", len(spans))
	}
	return spans[0]
}

func texts(attributes []attribute.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range attributes {
		all[string(kv.Key)] = kv.Value.String()
	}
	return all
}
