package otel_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	sdkcodes "go.opentelemetry.io/otel/codes"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The span of a start is a child of the caller's, is in the context of what the start does, and
// gets the name when there is one.
func TestSpanOfAStart(t *testing.T) {
	r := record(t, otel.Options{})
	ctx, caller := r.host.Start(t.Context(), "request")
	start := call(workflow.OpStart)
	start.Name, start.Began = "", time.Now().Add(-time.Minute)
	ctx = r.observer.Begin(ctx, start)
	written := otel.StartAnnotations(ctx)
	start.Name = "reindex-x7f2k"
	r.observer.End(ctx, start, nil)

	span := r.only(t)
	if span.Name() != "start workflow" || span.Parent().SpanID() != caller.SpanContext().SpanID() {
		t.Errorf("%s below %v", span.Name(), span.Parent())
	}
	want := map[string]string{
		"argoservice.operation": "start", "argoservice.backend": "native",
		"k8s.namespace.name": "ma", "argo.workflow.name": "reindex-x7f2k",
	}
	if got := texts(span.Attributes()); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if span.Status().Code != sdkcodes.Unset {
		t.Errorf("%v", span.Status())
	}
	if took := span.EndTime().Sub(span.StartTime()); took < time.Minute || took > 2*time.Minute {
		t.Errorf("it began %v before its end", took)
	}
	if parent := written[otel.AnnotationTraceparent]; !strings.Contains(parent, span.SpanContext().SpanID().String()) {
		t.Errorf("the annotation %q names another span", parent)
	}
}

// The span of a call that is left out is none, and what happens in it is told by the span around
// it, which the call's end leaves alone.
func TestOperationsLeftOut(t *testing.T) {
	r := record(t, otel.Options{Without: []workflow.Op{workflow.OpGet}})
	ctx := r.observer.Begin(t.Context(), call(workflow.OpWait))
	inner := r.observer.Begin(ctx, call(workflow.OpGet))
	r.observer.OnEvent(inner, events()["Retrying"])
	r.observer.End(inner, call(workflow.OpGet), failed(workflow.OpGet, workflow.ErrUnavailable))
	if n := len(r.Ended()); n != 0 {
		t.Fatalf("%d spans have ended", n)
	}
	r.observer.End(ctx, call(workflow.OpWait), nil)
	span := r.only(t)
	if span.Status().Code != sdkcodes.Unset || len(span.Events()) != 1 {
		t.Errorf("%v, %d events", span.Status(), len(span.Events()))
	}
	event := texts(span.Events()[0].Attributes)
	want := map[string]string{
		"argoservice.operation": "get", "argo.workflow.name": "reindex-x7f2k", "argoservice.retry.after": "1.5",
		"argoservice.reason": "Unavailable", "error.message": "connection reset: Kubernetes API unavailable",
	}
	if !maps.Equal(event, want) {
		t.Errorf("%v", event)
	}
}

// Two observers, and one client that works on behalf of another: each ends its own spans.
func TestEachEndsItsOwn(t *testing.T) {
	first, second := record(t, otel.Options{}), record(t, otel.Options{})
	both := workflow.MultiObserver(first.observer, second.observer)
	outer := both.Begin(t.Context(), call(workflow.OpWait))
	inner := both.Begin(outer, call(workflow.OpGet))
	both.End(inner, call(workflow.OpGet), nil)
	for _, r := range []*recording{first, second} {
		if span := r.only(t); span.Name() != "get workflow" {
			t.Errorf("%s has ended", span.Name())
		}
	}
	both.End(outer, call(workflow.OpWait), nil)
	for _, r := range []*recording{first, second} {
		if n := len(r.Ended()); n != 2 {
			t.Errorf("%d spans have ended", n)
		}
	}
}

// What happens for many at once has a context without values, and what happens late a span that has ended.
func TestEventsWithoutASpan(t *testing.T) {
	r := record(t, otel.Options{})
	ctx := r.observer.Begin(t.Context(), call(workflow.OpWait))
	r.observer.End(ctx, call(workflow.OpWait), nil)
	for _, event := range events() {
		r.observer.OnEvent(context.Background(), event)
		r.observer.OnEvent(ctx, event)
	}
	r.observer.OnEvent(ctx, nil)
	r.observer.End(context.Background(), call(workflow.OpWait), nil)
	if n := len(r.only(t).Events()); n != 0 {
		t.Errorf("%d events", n)
	}
}

// An operation of a client that is newer than this package has its span all the same.
func TestAnOperationThatIsNew(t *testing.T) {
	r := record(t, otel.Options{})
	r.run(t.Context(), "archive", failed("archive", errors.New("full")))
	if span := r.only(t); span.Name() != "archive workflow" || span.Status().Code != sdkcodes.Error {
		t.Errorf("%s, %v", span.Name(), span.Status())
	}
}

func TestManyAtOnce(t *testing.T) {
	r := record(t, otel.Options{OwnTrace: []workflow.Op{workflow.OpWait}})
	var all sync.WaitGroup
	ctx, caller := r.host.Start(t.Context(), "request")
	for range 8 {
		all.Go(func() {
			for _, op := range []workflow.Op{workflow.OpWait, workflow.OpGet} {
				began := r.observer.Begin(ctx, call(op))
				for _, event := range events() {
					r.observer.OnEvent(began, event)
					r.observer.OnEvent(ctx, event)
				}
				r.observer.End(began, call(op), nil)
			}
		})
	}
	all.Wait()
	if n := len(r.Ended()); n != 16 || !caller.IsRecording() {
		t.Errorf("%d spans have ended", n)
	}
	for _, span := range r.Ended() {
		if len(span.Events()) != len(events())-2 { // but for those of watches
			t.Errorf("%s has %d events", span.Name(), len(span.Events()))
		}
	}
}
