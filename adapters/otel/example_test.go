package otel_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/otel"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The client's operations are spans, and its workflows name the span that started them.
func ExampleNewObserver() {
	run := func(cfg *rest.Config, provider trace.TracerProvider) error {
		observer, err := otel.NewObserver(otel.Options{
			TracerProvider: provider,                       // the host's; nothing global is used
			OwnTrace:       []workflow.Op{workflow.OpWait}, // waits take hours here
		})
		if err != nil {
			return err
		}
		client, err := workflow.NewForConfig(cfg, workflow.Options{Observer: observer, StartAnnotations: otel.StartAnnotations})
		if err != nil {
			return err
		}
		fmt.Println("traced in namespace", client.Namespace())
		return nil
	}
	if err := run(&rest.Config{Host: "https://example"}, noop.NewTracerProvider()); err != nil {
		fmt.Println(err)
	}
	// Output: traced in namespace ma
}

// The span in which the host reports a workflow's end is linked to the start.
func ExampleSpanContextOf() {
	report := func(ctx context.Context, tracer trace.Tracer, ended *status.WorkflowStatus) {
		start := otel.SpanContextOf(ended)
		_, span := tracer.Start(ctx, "report the end", trace.WithLinks(trace.Link{SpanContext: start}))
		defer span.End()
		fmt.Println("started in trace", start.TraceID())
	}
	ended := &status.WorkflowStatus{Name: "reindex-x7f2k", Annotations: map[string]string{
		otel.AnnotationTraceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}}
	report(context.Background(), noop.NewTracerProvider().Tracer("host"), ended)
	// Output: started in trace 4bf92f3577b34da6a3ce929d0e0e4736
}
