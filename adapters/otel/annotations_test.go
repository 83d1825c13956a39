package otel_test

import (
	"context"
	"maps"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
)

func spanContext(t testing.TB, flags trace.TraceFlags, state string) trace.SpanContext {
	t.Helper()
	tid, err1 := trace.TraceIDFromHex(traceID)
	sid, err2 := trace.SpanIDFromHex(spanID)
	ts, err3 := trace.ParseTraceState(state)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: tid, SpanID: sid, TraceFlags: flags, TraceState: ts})
}

func TestStartAnnotations(t *testing.T) {
	const parent = "00-" + traceID + "-" + spanID
	for name, c := range map[string]struct {
		span trace.SpanContext
		want map[string]string
	}{
		"no span":      {trace.SpanContext{}, nil},
		"sampled":      {spanContext(t, trace.FlagsSampled, ""), map[string]string{otel.AnnotationTraceparent: parent + "-01"}},
		"not sampled":  {spanContext(t, 0, ""), map[string]string{otel.AnnotationTraceparent: parent + "-00"}},
		"a newer flag": {spanContext(t, trace.FlagsSampled|2, ""), map[string]string{otel.AnnotationTraceparent: parent + "-01"}},
		"with a state": {
			spanContext(t, trace.FlagsSampled, "vendor=x,other=y"),
			map[string]string{otel.AnnotationTraceparent: parent + "-01", otel.AnnotationTracestate: "vendor=x,other=y"},
		},
	} {
		written := otel.StartAnnotations(trace.ContextWithSpanContext(t.Context(), c.span))
		if !maps.Equal(written, c.want) {
			t.Errorf("%s: %v", name, written)
		}
		read := otel.SpanContextOf(&status.WorkflowStatus{Annotations: written})
		want := c.span.WithTraceFlags(c.span.TraceFlags() & trace.FlagsSampled).WithRemote(c.span.IsValid())
		if !read.Equal(want) {
			t.Errorf("%s: %v is read", name, read)
		}
	}
}

// A trace state comes from the host's callers.
func TestTraceStatesHoldNoExpressions(t *testing.T) {
	for _, state := range []string{"vendor={{workflow.parameters.password}}", `vendor=\u007b{x}}`} {
		span := spanContext(t, trace.FlagsSampled, state)
		written := otel.StartAnnotations(trace.ContextWithSpanContext(t.Context(), span))
		if _, has := written[otel.AnnotationTracestate]; has || written[otel.AnnotationTraceparent] == "" {
			t.Errorf("%s: %v", state, written)
		}
	}
}

func TestAnnotationsThatNameNoSpan(t *testing.T) {
	const zero = "00000000000000000000000000000000"
	for _, text := range []string{
		"", "00", "x", "00-" + traceID + "-" + spanID, "00-" + zero + "-" + spanID + "-01", "00-" + traceID + "-" + zero[:16] + "-01",
		"ff-" + traceID + "-" + spanID + "-01", "00-" + traceID + "-" + spanID + "-01-more", "00-" + traceID[:31] + "G-" + spanID + "-01",
	} {
		s := &status.WorkflowStatus{Annotations: map[string]string{otel.AnnotationTraceparent: text, otel.AnnotationTracestate: "a=b"}}
		if read := otel.SpanContextOf(s); read.IsValid() {
			t.Errorf("%q: %v", text, read)
		}
	}
	if otel.SpanContextOf(nil).IsValid() || otel.StartAnnotations(context.Background()) != nil {
		t.Error("from nothing")
	}
	// The trace state belongs to vendors; a malformed one doesn't affect the rest.
	s := &status.WorkflowStatus{Annotations: map[string]string{
		otel.AnnotationTraceparent: "00-" + traceID + "-" + spanID + "-01", otel.AnnotationTracestate: "=,,=",
	}}
	if read := otel.SpanContextOf(s); read.SpanID().String() != spanID || read.TraceState().Len() != 0 {
		t.Error(read)
	}
}
