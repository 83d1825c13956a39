package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Start a workflow and follow it to its end.
func Example() {
	run := func(ctx context.Context, cfg *rest.Config) error {
		// cfg is that of rest.InClusterConfig in a pod, or of a kubeconfig.
		client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: "ma"})
		if err != nil {
			return err
		}
		started, err := client.Start(ctx, workflow.StartRequest{
			Template:       "reindex",
			Parameters:     map[string]any{"session-name": "s-42", "shards": 8},
			IdempotencyKey: "s-42", // the same key is the same workflow, in every process
		})
		if err != nil {
			return err // says what is wrong with which parameter, or which permission is missing
		}
		for state, err := range client.Watch(ctx, started.Name) {
			if err != nil {
				return err
			}
			fmt.Println(state.Outcome(), state.Progress)
		}
		return nil
	}
	if err := run(context.Background(), exampleCluster()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Pending 0/0
	// Succeeded 5/5
}

func ExampleResultOf() {
	get := func(name string) (string, error) { return name, errors.New("not today") }
	result := workflow.ResultOf(get("a"))
	text, err := result.MarshalJSON()
	fmt.Println(string(text), err)
	// Output: {"success":false,"error":"not today"} <nil>
}

// exampleClient is a client of the stand-in.
func exampleClient(objects ...map[string]any) *workflow.WorkflowClient {
	client, err := workflow.NewForConfig(exampleCluster(objects...), workflow.Options{})
	if err != nil {
		fmt.Println(err)
	}
	return client
}
