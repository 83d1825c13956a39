package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Show what a workflow prints until it has ended.
func ExampleWorkflowClient_Logs() {
	show := func(ctx context.Context, client workflow.LogStreamer, name string) error {
		for line, err := range client.Logs(ctx, name, workflow.LogOptions{
			Follow:     true,
			Containers: []string{"main"}, // without what Argo's own containers say
			Tail:       new(int64(100)),  // of each that runs or ran already
		}) {
			switch {
			case errors.Is(err, workflow.ErrDeleted):
				slog.Warn("the workflow is gone", "name", name)
				return nil
			case err != nil:
				return err // always the last element
			}
			fmt.Printf("%s %s/%s: %s\n", line.Time.Format(time.TimeOnly), line.Node, line.Container, line.Text)
		}
		return nil
	}
	_ = show
}

// Look for the first sign of trouble in the pods that failed, and leave it at that.
func ExampleWorkflowClient_Logs_failed() {
	reason := func(ctx context.Context, client workflow.LogStreamer, name string) (string, error) {
		for line, err := range client.Logs(ctx, name, workflow.LogOptions{
			Selector: "phase=Failed",
			Grep:     `(?i)\b(error|exception|fatal)\b`,
		}) {
			return line.Node + ": " + line.Text, err
		}
		return "", nil
	}
	_ = reason
}

// A host that shares one dynamic client says what logs are read with.
func ExampleOptions_logs() {
	newClient := func(dyn dynamic.Interface, core rest.Interface) (*workflow.WorkflowClient, error) {
		// core is a REST client of core/v1, such as clientset.CoreV1().RESTClient().
		return workflow.New(dyn, workflow.Options{Namespace: "ma", Logs: core})
	}
	_ = newClient
}
