package otel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ScopeName is the instrumentation scope of the spans.
const ScopeName = "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"

// NewObserver returns an observer for [workflow.Options].Observer and
// [backfill.Dependencies].Observer that makes a span of each
// operation, a child of the span in the context that the operation was called with. It may be used
// by many goroutines and clients. Spans of sequences last until their range is left, and those of
// waits as long as the wait: see [Options.OwnTrace].
//
// The error is a [*workflow.InvalidError]: the tracer provider is missing, or an operation is unknown.
func NewObserver(opts Options) (workflow.Observer, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	return &observer{tracer: opts.TracerProvider.Tracer(ScopeName), operations: opts.operations()}, nil
}

type observer struct {
	tracer     trace.Tracer
	operations map[workflow.Op]operation
}

// spanKey is for the span that Begin has started. The one that OpenTelemetry finds in a context
// can be another: that of a second observer, or the caller's.
type spanKey struct{ *observer }

func (o *observer) operation(op workflow.Op) operation {
	if known, ok := o.operations[op]; ok {
		return known
	}
	return operation{spanName: spanName(op)} // of a newer client
}

// Begin starts the span.
func (o *observer) Begin(ctx context.Context, call workflow.Call) context.Context {
	op := o.operation(call.Op)
	if op.left {
		return ctx
	}
	// Given at once, since a sampler goes by what a span begins with.
	attributes := make([]attribute.KeyValue, 0, 4)
	attributes = append(attributes,
		keyOperation.String(string(call.Op)), keyBackend.String(call.Backend), keyNamespace.String(call.Namespace))
	if call.Name != "" {
		attributes = append(attributes, keyName.String(call.Name))
	}
	if call.DryRun {
		attributes = append(attributes, keyDryRun.Bool(true))
	}
	start := make([]trace.SpanStartOption, 0, 4)
	start = append(start, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	if !call.Began.IsZero() {
		start = append(start, trace.WithTimestamp(call.Began))
	}
	if op.ownTrace {
		start = append(start, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	ctx, span := o.tracer.Start(ctx, op.spanName, start...)
	return context.WithValue(ctx, spanKey{o}, span)
}

// End ends it, with how the operation went.
func (o *observer) End(ctx context.Context, call workflow.Call, err error) {
	if o.operation(call.Op).left {
		return // what the context has is the span of an operation around it
	}
	span, ok := ctx.Value(spanKey{o}).(trace.Span)
	if !ok {
		return
	}
	defer span.End()
	if !span.IsRecording() {
		return
	}
	if call.Name != "" { // of a Start it wasn't known before
		span.SetAttributes(keyName.String(call.Name))
	}
	if err == nil {
		return
	}
	reason := workflow.Reason(err)
	span.SetAttributes(keyReason.String(reason))
	if !expected(call.Op, reason) {
		span.SetAttributes(keyErrorType.String(reason))
		span.SetStatus(codes.Error, err.Error())
	}
	recordLastState(span, err)
}
