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
// [backfill.Dependencies].Observer. It creates a span for each operation, a child of the span in
// the caller's context. Spans of sequences last until their loop ends, and those of waits as long
// as the wait: see [Options.OwnTrace]. It is safe for concurrent use, by any number of clients.
//
// The error is a [*workflow.InvalidError] if the tracer provider is missing, or an operation is
// unknown.
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

// spanKey is the key of the span that Begin has started. The span that OpenTelemetry finds in a
// context can be another one: that of a second observer, or the caller's.
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
	// Set at the start, since a sampler uses them.
	attributes := make([]attribute.KeyValue, 0, 4)
	attributes = append(attributes,
		keyOperation.String(string(call.Op)), keyBackend.String(string(call.Backend)), keyNamespace.String(call.Namespace))
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

// End ends the span, with the result of the operation.
func (o *observer) End(ctx context.Context, call workflow.Call, err error) {
	if o.operation(call.Op).left {
		return // the context has the span of an enclosing operation
	}
	span, ok := ctx.Value(spanKey{o}).(trace.Span)
	if !ok {
		return
	}
	defer span.End()
	if !span.IsRecording() {
		return
	}
	if call.Name != "" { // for a Start it wasn't known before
		span.SetAttributes(keyName.String(call.Name))
	}
	if call.Source != "" {
		span.SetAttributes(keySource.String(string(call.Source)))
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
