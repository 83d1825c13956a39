package otel_test

import (
	"slices"
	"testing"

	sdkcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Each operation has the span that is documented, and no span or event an attribute that isn't.
func TestSpansAndAttributesAreDocumented(t *testing.T) {
	r := record(t, otel.Options{})
	for _, op := range operations(t) {
		for _, cause := range causes() {
			r.run(t.Context(), workflow.Op(op), failed(workflow.Op(op), cause))
		}
		if _, err := otel.NewObserver(otel.Options{TracerProvider: noop.NewTracerProvider(), Without: []workflow.Op{workflow.Op(op)}}); err != nil {
			t.Errorf("%s can't be left out: %v", op, err)
		}
	}
	tried := call(workflow.OpStart)
	tried.DryRun = true
	r.observer.End(r.observer.Begin(t.Context(), tried), tried, nil)
	found := call(workflow.OpGet)
	ctx := r.observer.Begin(t.Context(), found)
	found.Source = status.SourceHistory
	r.observer.End(ctx, found, nil)
	if source := texts(r.Ended()[len(r.Ended())-1].Attributes())["argoservice.source"]; source != "history" {
		t.Errorf("the source is %q", source)
	}
	var names, attributes []string
	for _, span := range r.Ended() {
		names = append(names, span.Name())
		for _, kv := range span.Attributes() {
			attributes = append(attributes, string(kv.Key))
		}
		if span.SpanKind() != trace.SpanKindClient {
			t.Errorf("%s is of kind %v", span.Name(), span.SpanKind())
		}
	}
	same(t, "spans", table(t, "Spans"), names)
	same(t, "attributes", table(t, "Attributes"), attributes)
}

func TestEventsAreDocumented(t *testing.T) {
	rows, samples := table(t, "Events"), events()
	var names []string
	for _, kind := range found(t, "observer.go", `(?m)^func \((\w+)\) isEvent`) {
		sample, ok := samples[kind]
		if !ok {
			t.Errorf("%s has no sample here", kind)
			continue
		}
		r := record(t, otel.Options{})
		r.run(t.Context(), workflow.OpWait, nil, sample)
		events := r.only(t).Events()
		if kind == "WatchOpened" || kind == "WatchClosed" {
			if len(events) != 0 {
				t.Errorf("%s is an event of a span, and is shared", kind)
			}
			continue
		}
		if len(events) != 1 {
			t.Errorf("%s: %d events, want one", kind, len(events))
			continue
		}
		names = append(names, events[0].Name)
		want := []string{kind}
		for _, kv := range events[0].Attributes {
			want = append(want, string(kv.Key))
		}
		slices.Sort(want)
		if got := codes(rows[events[0].Name]); !slices.Equal(got, want) {
			t.Errorf("%s: docs/traces.md has %v, seen is %v", events[0].Name, got, want)
		}
	}
	same(t, "events", rows, names)
}

// Of the outcomes that are no success, those that are no errors of the span are documented.
func TestExpectedOutcomesAreDocumented(t *testing.T) {
	all, expected := operations(t), map[string][]string{}
	for _, reason := range reasons(t) {
		cause, ok := causes()[reason]
		if !ok {
			t.Errorf("%s has no sample here", reason)
			continue
		}
		for _, op := range all {
			r := record(t, otel.Options{})
			r.run(t.Context(), workflow.Op(op), failed(workflow.Op(op), cause))
			span := r.only(t)
			attributes := texts(span.Attributes())
			if attributes["argoservice.reason"] != reason {
				t.Errorf("%s, %s: the reason is %q", op, reason, attributes["argoservice.reason"])
			}
			errorType, isError := attributes["error.type"]
			switch span.Status().Code {
			case sdkcodes.Unset:
				expected[reason] = append(expected[reason], op)
				if isError {
					t.Errorf("%s, %s: error.type without an error", op, reason)
				}
			case sdkcodes.Error:
				if errorType != reason || span.Status().Description == "" {
					t.Errorf("%s, %s: error.type %q, %q", op, reason, errorType, span.Status().Description)
				}
			default:
				t.Errorf("%s, %s: %v", op, reason, span.Status())
			}
		}
	}
	rows := table(t, "Outcomes")
	var seen []string
	for reason, ops := range expected {
		seen = append(seen, reason)
		slices.Sort(ops)
		if len(ops) == len(all) {
			ops = []string{"all"}
		}
		if got := codes(rows[reason]); !slices.Equal(got, ops) {
			t.Errorf("%s: docs/traces.md has %v, seen is %v", reason, got, ops)
		}
	}
	same(t, "outcomes", rows, seen)
}
