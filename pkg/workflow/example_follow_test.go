package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func ExampleWorkflowClient_Get() {
	ctx, client := context.Background(), exampleClient()
	s, err := client.Get(ctx, "reindex-x7f2k")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.WriteTree(os.Stdout, time.Now(), status.TreeOptions{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ⏸ reindex-x7f2k  Suspended  2/5
	// └─ ⏸ approve  awaits approved-by
}

// GetObject gives access to fields that the typed status does not have.
func ExampleWorkflowClient_GetObject() {
	ctx, client := context.Background(), exampleClient()
	obj, err := client.GetObject(ctx, "reindex-x7f2k")
	if err != nil {
		fmt.Println(err)
		return
	}
	name, _, err := unstructured.NestedString(obj.Object, "spec", "workflowTemplateRef", "name")
	fmt.Println(name, err)
	// Output: reindex <nil>
}

// List the workflows that wait at a gate, whichever template they come from.
func ExampleWorkflowClient_List() {
	ctx, client := context.Background(), exampleClient(failedWorkflow())
	for s, err := range client.List(ctx, workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}) {
		if err != nil {
			fmt.Println(err) // of one object, or of the whole list
			continue
		}
		for _, gate := range s.SuspendedNodes() {
			fmt.Println(s.Name, "waits at", status.Printable(gate.DisplayName)) // not trusted
		}
	}
	// Output: reindex-x7f2k waits at approve
}

func ExampleWorkflowClient_Watch() {
	ctx, client := context.Background(), exampleClient()
	for s, err := range client.Watch(ctx, "reindex-x7f2k") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Outcome(), s.Progress)
	}
	// Output:
	// Suspended 2/5
	// Succeeded 5/5
}

func ExampleWorkflowClient_Wait() {
	ctx, client := context.Background(), exampleClient(failedWorkflow())
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	_, err := client.Wait(ctx, "reindex-failed", workflow.Suspended)
	var early *workflow.EndedBeforeSuspendError
	var waited *workflow.WaitError
	switch {
	case errors.As(err, &early):
		fmt.Println(early.Status.Err()) // which nodes failed, and why
	case errors.As(err, &waited) && waited.Last != nil:
		fmt.Println("still on its way:", waited.Last.Outcome(), waited.Last.Progress)
	}
	// Output: workflow ma/reindex-failed ended Failed: child failed
}

// A condition sees every state, so it can report progress while it waits.
func ExampleCondition() {
	ctx, client := context.Background(), exampleClient()
	s, err := client.Wait(ctx, "reindex-x7f2k", func(s *status.WorkflowStatus) (bool, error) {
		fmt.Println(s.Progress)
		return s.Progress.Fraction() >= 0.5 || s.Completed(), nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Outcome())
	// Output:
	// 2/5
	// 5/5
	// Succeeded
}

// The results arrive in the order in which the workflows end. An error of one does not affect the
// others.
func ExampleWaitMany() {
	ctx, client := context.Background(), exampleClient(failedWorkflow())
	names := []string{"reindex-x7f2k", "reindex-failed", "reindex-gone"}
	for name, result := range workflow.WaitMany(ctx, client, names, workflow.Completed) {
		s, err := result.Unwrap()
		switch {
		case errors.Is(err, workflow.ErrNotFound):
			fmt.Println(name, "is not there")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(name, s.Outcome())
		}
	}
	// Unordered output:
	// reindex-failed Failed
	// reindex-gone is not there
	// reindex-x7f2k Succeeded
}
