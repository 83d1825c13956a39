package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// OnEvent adds an event to the span in the context. It ignores watch events, because calls share
// watches, so they belong to no span. It also ignores kinds of events that it doesn't know.
func (o *observer) OnEvent(ctx context.Context, event workflow.Event) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	switch e := event.(type) {
	case workflow.Retrying:
		add(span, "argoservice.retry", about(e.Op, e.Name), failure(e.Err), seconds(keyAfter, e.After))
	case workflow.Reached:
		if s := e.Status; s != nil {
			add(span, "argoservice.reached", about(e.Op, s.Name), seconds(keyDelay, e.Delay))
			linkToStart(span, s)
		}
	case workflow.EventNotRecorded:
		add(span, "argoservice.event.not_recorded", about(e.Op, e.Name), failure(e.Err))
	case workflow.WorkflowEnded:
		if s := e.Status; s != nil {
			add(span, "argoservice.workflow.ended", []attribute.KeyValue{
				keyName.String(s.Name), keyUID.String(string(s.UID)), keyOutcome.String(string(s.Outcome())),
			})
		}
	}
}

func add(span trace.Span, name string, parts ...[]attribute.KeyValue) {
	var all []attribute.KeyValue
	for _, part := range parts {
		all = append(all, part...)
	}
	span.AddEvent(name, trace.WithAttributes(all...))
}

// about names the operation, since the span can be an enclosing one.
func about(op workflow.Op, name string) []attribute.KeyValue {
	attributes := []attribute.KeyValue{keyOperation.String(string(op))}
	if name != "" {
		attributes = append(attributes, keyName.String(name))
	}
	return attributes
}

func failure(err error) []attribute.KeyValue {
	if err == nil {
		return nil
	}
	return []attribute.KeyValue{keyReason.String(workflow.Reason(err)), keyErrorMessage.String(err.Error())}
}

func seconds(key attribute.Key, d time.Duration) []attribute.KeyValue {
	return []attribute.KeyValue{key.Float64(d.Seconds())}
}
