package workflow_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Changes are logged at Info, reads at Debug, and problems for an operator at Warn.
func ExampleNewLogObserver() {
	cfg := exampleCluster()
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "took" {
			return slog.Attr{} // not reproducible
		}
		return a
	}})
	client, err := workflow.NewForConfig(cfg, workflow.Options{Observer: workflow.NewLogObserver(handler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Approve(context.Background(), "reindex-x7f2k", workflow.Decision{All: true, Outputs: map[string]any{"approved-by": "ada"}}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=INFO msg=approve backend=native namespace=ma workflow=reindex-x7f2k
}

// failures is an observer that prints failed operations.
type failures struct {
	workflow.NopObserver
}

func (failures) End(_ context.Context, call workflow.Call, err error) {
	if err != nil {
		fmt.Println(call.Op, "of", call.Name, "failed:", workflow.Reason(err))
	}
}

// Logs, metrics and traces receive the same events.
func ExampleMultiObserver() {
	run := func(ctx context.Context, cfg *rest.Config, handler slog.Handler, metrics, traces workflow.Observer) error {
		client, err := workflow.NewForConfig(cfg, workflow.Options{
			Observer: workflow.MultiObserver(
				workflow.NewLogObserver(handler), // a slog.Handler
				metrics,                          // argoprom.NewObserver(argoprom.Options{}), registered by you
				traces,                           // of adapters/otel
			),
		})
		if err != nil {
			return err
		}
		_, err = client.Get(ctx, "missing")
		return err
	}
	err := run(context.Background(), exampleCluster(), slog.DiscardHandler, failures{}, failures{})
	fmt.Println(workflow.Reason(err))
	// Output:
	// get of missing failed: NotFound
	// get of missing failed: NotFound
	// NotFound
}

// A custom observer embeds NopObserver and implements only the methods it needs.
func ExampleObserver() {
	client, err := workflow.NewForConfig(exampleCluster(), workflow.Options{
		Observer: failures{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = client.Get(context.Background(), "nobody")
	// Output:
	// get of nobody failed: NotFound
}
