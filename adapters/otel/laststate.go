package otel

import (
	"errors"

	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// recordLastState adds the last state of the workflow in an error to the span.
func recordLastState(span trace.Span, err error) {
	if s := lastState(err); s != nil {
		span.SetAttributes(keyUID.String(string(s.UID)), keyOutcome.String(string(s.Outcome())))
		linkToStart(span, s)
	}
}

func lastState(err error) *status.WorkflowStatus {
	var waited *workflow.WaitError
	if errors.As(err, &waited) {
		return waited.Last
	}
	var gone *workflow.DeletedError
	if errors.As(err, &gone) {
		return gone.Last
	}
	return nil
}

// linkToStart links a span to the one that started the workflow, unless they share a trace.
func linkToStart(span trace.Span, s *status.WorkflowStatus) {
	start := SpanContextOf(s)
	if start.IsValid() && start.TraceID() != span.SpanContext().TraceID() {
		span.AddLink(trace.Link{SpanContext: start})
	}
}
