package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Run again what failed, with more of what it ran out of, and leave a workflow that somebody
// else has set going meanwhile alone.
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

// What succeeded runs again only if it is asked for by a selector, with all that follows it.
func ExampleRetryOptions() {
	again := workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=load"}
	fmt.Println(again.RestartSuccessful, again.Selector)
	// Output: true displayName=load
}
