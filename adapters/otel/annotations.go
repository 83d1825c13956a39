package otel

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The annotations that StartAnnotations puts on a workflow, in the form of the W3C Trace Context
// headers.
const (
	AnnotationTraceparent = annotationPrefix + "traceparent"
	AnnotationTracestate  = annotationPrefix + "tracestate"

	annotationPrefix = "argoservice.opensearch.org/"
)

// StartAnnotations is for [workflow.Options].StartAnnotations. It returns annotations that name the
// span in ctx, which is the span of the start if an observer of this package creates one, and
// otherwise the caller's. It returns nil without a span. A span that isn't sampled is named too,
// with a flag that says so: logs may have its trace. A trace state with { or a backslash is left
// out: it can come from a caller's header, and Argo would evaluate {{ in it if a template reads the
// annotation.
func StartAnnotations(ctx context.Context) map[string]string {
	start := trace.SpanContextFromContext(ctx)
	if !start.IsValid() {
		return nil
	}
	// Older readers refuse a traceparent with any other flag.
	start = start.WithTraceFlags(start.TraceFlags() & trace.FlagsSampled)
	if strings.ContainsAny(start.TraceState().String(), `{\`) {
		start = start.WithTraceState(trace.TraceState{}) // a caller's header must not become an expression of Argo's
	}
	written := annotations{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(ctx, start), written)
	return written
}

// SpanContextOf returns the context of the span that started a workflow, according to its
// annotations, for links or as a parent. It is invalid if there are none, or if they are malformed:
// anyone who may edit the workflow can write them.
func SpanContextOf(s *status.WorkflowStatus) trace.SpanContext {
	if s == nil {
		return trace.SpanContext{}
	}
	// The context only carries the propagator's result.
	ctx := propagation.TraceContext{}.Extract(context.Background(), annotations(s.Annotations))
	return trace.SpanContextFromContext(ctx)
}

// annotations carry headers under annotation names.
type annotations map[string]string

func (a annotations) Get(header string) string { return a[annotationPrefix+header] }
func (a annotations) Set(header, value string) { a[annotationPrefix+header] = value }

// Keys is not used by the propagators here.
func (a annotations) Keys() []string { return []string{"traceparent", "tracestate"} }
