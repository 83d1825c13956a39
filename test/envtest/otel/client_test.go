package otel_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	sdkcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// echo stands in for an API server: it has what is created, and nothing else.
type echo struct {
	within trace.SpanContext // the span of the last request
}

func (e *echo) RoundTrip(r *http.Request) (*http.Response, error) {
	e.within = trace.SpanContextFromContext(r.Context())
	code, body := http.StatusNotFound, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
	if r.Method == http.MethodPost {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		code, body = http.StatusCreated, string(sent)
	}
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// A client's workflows name the span of their start, and its requests are sent within the spans of
// its operations, so that those of an instrumented transport are below them.
func TestWithAClient(t *testing.T) {
	r, server := record(t, otel.Options{}), &echo{}
	client, err := workflow.NewForConfig(&rest.Config{Host: "http://example", Transport: server}, workflow.Options{
		Observer: r.observer, StartAnnotations: otel.StartAnnotations,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, caller := r.host.Start(t.Context(), "request")
	started, err := client.Start(ctx, workflow.StartRequest{Template: "reindex", SkipTemplateCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	span := r.only(t)
	if named := otel.SpanContextOf(started.WorkflowStatus); named.SpanID() != span.SpanContext().SpanID() || named.TraceID() != caller.SpanContext().TraceID() {
		t.Errorf("%v is named, want %v", named, span.SpanContext())
	}
	if name := texts(span.Attributes())["argo.workflow.name"]; name != started.Name || name == "" {
		t.Errorf("the span has the name %q, want %q", name, started.Name)
	}
	if !server.within.Equal(span.SpanContext()) {
		t.Errorf("the request is sent within %v, want %v", server.within, span.SpanContext())
	}
	r.Reset()
	_, err = client.Get(trace.ContextWithSpan(t.Context(), caller), "other")
	if span := r.only(t); !errors.Is(err, workflow.ErrNotFound) || span.Name() != "get workflow" || span.Status().Code != sdkcodes.Unset {
		t.Errorf("%v: %s, %v", err, span.Name(), span.Status())
	}
}
