package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Approve exactly the gates that a person has seen, and supply their outputs.
func ExampleWorkflowClient_Approve() {
	ctx, client := context.Background(), exampleClient()
	seen, err := client.Gates(ctx, "reindex-x7f2k")
	if err != nil {
		fmt.Println(err)
		return
	}
	decision := workflow.Decision{By: "ann@example.com", Outputs: map[string]any{"approved-by": "ann"}}
	for _, gate := range seen {
		decision.Gates = append(decision.Gates, gate.ID)
	}
	result, err := client.Approve(ctx, "reindex-x7f2k", decision)
	var rejected *workflow.NotSuspendedError
	switch {
	case errors.As(err, &rejected):
		fmt.Println("another client was faster:", rejected.Gates)
		return
	case err != nil:
		fmt.Println(err)
		return
	}
	for _, gate := range result.Gates {
		fmt.Println("passed", status.Printable(gate.Name))
	}
	// Output: passed approve
}

// Reject a gate, with a message that gives the reason.
func ExampleWorkflowClient_Reject() {
	ctx, client := context.Background(), exampleClient()
	_, err := client.Reject(ctx, "reindex-x7f2k", workflow.Decision{Gates: []string{"approve"}, Message: "not on a Friday"})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := client.Get(ctx, "reindex-x7f2k")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range s.FailedNodes() {
		fmt.Println(status.Printable(n.DisplayName), status.Printable(n.Message))
	}
	// Output: approve not on a Friday
}

// Undo a Suspend without approving any gate.
func ExampleWorkflowClient_Resume() {
	ctx, client := context.Background(), exampleClient()
	if err := client.Suspend(ctx, "reindex-x7f2k", workflow.SuspendOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	result, err := client.Resume(ctx, "reindex-x7f2k", workflow.ResumeOptions{KeepGates: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	gates, err := client.Gates(ctx, "reindex-x7f2k")
	fmt.Println(result.Unsuspended, len(gates), err)
	// Output: true 1 <nil>
}

func ExampleWorkflowClient_Suspend() {
	ctx, client := context.Background(), exampleClient()
	if err := client.Suspend(ctx, "reindex-x7f2k", workflow.SuspendOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	s, err := client.Get(ctx, "reindex-x7f2k")
	fmt.Println(s.SpecSuspended, err)
	// Output: true <nil>
}

// Stop is idempotent. Stopping a workflow that has ended by itself is an error.
func ExampleWorkflowClient_Stop() {
	ctx, client := context.Background(), exampleClient(failedWorkflow())
	fmt.Println(client.Stop(ctx, "reindex-x7f2k", workflow.StopOptions{}))
	fmt.Println(client.Stop(ctx, "reindex-x7f2k", workflow.StopOptions{}))
	fmt.Println(client.Stop(ctx, "reindex-failed", workflow.StopOptions{}))
	// Output:
	// <nil>
	// <nil>
	// stop workflow ma/reindex-failed: workflow has completed: it ended Failed
}

func ExampleWorkflowClient_Terminate() {
	ctx, client := context.Background(), exampleClient()
	if err := client.Terminate(ctx, "reindex-x7f2k", workflow.TerminateOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	s, err := client.Get(ctx, "reindex-x7f2k")
	fmt.Println(s.Shutdown, err)
	// Output: Terminate <nil>
}

// Delete exactly the workflow that was read, and wait until it is deleted.
func ExampleWorkflowClient_Delete() {
	ctx, client := context.Background(), exampleClient()
	s, err := client.Get(ctx, "reindex-x7f2k")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.Delete(ctx, s.Name, workflow.DeleteOptions{UID: s.UID, Wait: true})
	var held *workflow.DeletionHeldError
	if errors.As(err, &held) {
		fmt.Println("held by", held.Finalizers)
	}
	_, err = client.Get(ctx, s.Name)
	fmt.Println(err, errors.Is(err, workflow.ErrNotFound))
	// Output: get workflow ma/reindex-x7f2k: workflows "reindex-x7f2k" not found true
}
