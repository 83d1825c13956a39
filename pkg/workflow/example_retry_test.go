package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Retry a failed workflow with another parameter value. If another client has retried it meanwhile,
// Retry returns ErrNotCompleted and changes nothing.
func ExampleWorkflowClient_Retry() {
	ctx, client := context.Background(), exampleClient(failedWorkflow())
	retried, err := client.Retry(ctx, "reindex-failed", workflow.RetryOptions{
		Parameters: map[string]any{"session-name": "s-43"},
	})
	var invalid *workflow.InvalidError
	switch {
	case errors.Is(err, workflow.ErrNotCompleted):
		fmt.Println("it runs already")
	case errors.As(err, &invalid):
		fmt.Println(invalid.Problems) // e.g. a parameter that the workflow doesn't have
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(retried.Completed(), retried.Arguments[0].Value)
	}

	_, err = client.Retry(ctx, "reindex-x7f2k", workflow.RetryOptions{})
	fmt.Println(err)
	// Output:
	// false s-43
	// retry workflow ma/reindex-x7f2k: workflow has not completed: Cannot retry a workflow in phase Running; wait for its end, or stop it
}

// Nodes that succeeded run again only if they are selected. All nodes that follow them run again
// too.
func ExampleRetryOptions() {
	again := workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=load"}
	fmt.Println(again.RestartSuccessful, again.Selector)
	// Output: true displayName=load
}
