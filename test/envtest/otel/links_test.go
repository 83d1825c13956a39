package otel_test

import (
	"context"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func linked(span sdk.ReadOnlySpan) []string {
	var all []string
	for _, link := range span.Links() {
		all = append(all, link.SpanContext.TraceID().String()+"-"+link.SpanContext.SpanID().String())
	}
	return all
}

// A wait of another process is linked to the start: by the state that it was for, and where it
// ends without, by the last state.
func TestWaitsAreLinkedToTheStart(t *testing.T) {
	stopped := startedElsewhere()
	stopped.Phase = status.PhaseRunning
	for name, c := range map[string]struct {
		events []workflow.Event
		err    error
		want   int
	}{
		"reached":       {[]workflow.Event{workflow.Reached{Op: workflow.OpWait, Status: startedElsewhere()}}, nil, 1},
		"no longer":     {nil, failed(workflow.OpWait, &workflow.WaitError{Last: stopped, Err: context.DeadlineExceeded}), 1},
		"gone":          {nil, failed(workflow.OpWait, &workflow.DeletedError{Last: stopped, Err: workflow.ErrDeleted}), 1},
		"gone unseen":   {nil, failed(workflow.OpWait, &workflow.DeletedError{Err: workflow.ErrDeleted}), 0},
		"no annotation": {[]workflow.Event{workflow.Reached{Status: &status.WorkflowStatus{Name: "x"}}}, nil, 0},
		"no status":     {[]workflow.Event{workflow.Reached{}}, nil, 0},
	} {
		r := record(t, otel.Options{})
		r.run(t.Context(), workflow.OpWait, c.err, c.events...)
		span := r.only(t)
		links := linked(span)
		if len(links) != c.want || c.want == 1 && links[0] != startTrace+"-"+startSpan {
			t.Errorf("%s: links to %v", name, links)
		}
		attributes := texts(span.Attributes())
		if seen := c.err != nil && c.want == 1; seen != (attributes["argo.workflow.uid"] == "uid-1" && attributes["argo.workflow.outcome"] == "Running") {
			t.Errorf("%s: %v", name, attributes)
		}
	}
}

// Who has started the workflow in the same trace finds it there without a link.
func TestNoLinkWithinATrace(t *testing.T) {
	r := record(t, otel.Options{})
	ctx, _ := r.host.Start(t.Context(), "request")
	started := r.observer.Begin(ctx, call(workflow.OpStart))
	ended := &status.WorkflowStatus{Name: "reindex-x7f2k", Annotations: otel.StartAnnotations(started)}
	r.observer.End(started, call(workflow.OpStart), nil)
	r.run(ctx, workflow.OpWait, nil, workflow.Reached{Op: workflow.OpWait, Status: ended})
	if links := linked(r.Ended()[1]); len(links) != 0 {
		t.Errorf("links to %v", links)
	}
}

func TestATraceOfItsOwn(t *testing.T) {
	r := record(t, otel.Options{OwnTrace: []workflow.Op{workflow.OpWait}})
	ctx, caller := r.host.Start(t.Context(), "request")
	r.run(ctx, workflow.OpWait, nil)
	span := r.only(t)
	if span.SpanContext().TraceID() == caller.SpanContext().TraceID() || span.Parent().IsValid() {
		t.Errorf("it is in the trace of the caller, below %v", span.Parent())
	}
	if links := span.Links(); len(links) != 1 || !links[0].SpanContext.Equal(caller.SpanContext()) {
		t.Errorf("links to %v", linked(span))
	}
	r.Reset()
	r.run(trace.ContextWithSpanContext(t.Context(), trace.SpanContext{}), workflow.OpWait, nil)
	if links := linked(r.only(t)); len(links) != 0 {
		t.Errorf("without a caller, links to %v", links)
	}
}

// The newer API passes flags on that the oldest which the adapter asks for refuses to read.
func TestOlderReadersUnderstandTheAnnotation(t *testing.T) {
	start := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled | trace.FlagsRandom})
	written := otel.StartAnnotations(trace.ContextWithSpanContext(t.Context(), start))
	if text := written[otel.AnnotationTraceparent]; !strings.HasSuffix(text, "-01") {
		t.Error(text)
	}
}
