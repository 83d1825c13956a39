package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A service asks at its start for what it is going to do.
func ExampleWorkflowClient_CheckAccess() {
	ctx, client := context.Background(), exampleClient()
	err := client.CheckAccess(ctx, workflow.OpStart, workflow.OpWait, workflow.OpRetry)
	var lacks *workflow.PermissionError
	switch {
	case errors.As(err, &lacks): // and errors.Is(err, workflow.ErrForbidden)
		for _, missing := range lacks.Missing {
			fmt.Println(missing)
		}
	case err != nil:
		fmt.Println(err) // nobody could say
	}
	// Output: delete pods, for retry (steps that ran in pods)
}

// What an operation needs can go into a role of one's own.
func ExampleNeeds() {
	for _, need := range workflow.Needs(workflow.OpRetry) {
		switch {
		case need.For == "":
			fmt.Println(need.Permission)
		case need.Soft:
			fmt.Printf("%s (it can do without: %s)\n", need.Permission, need.For)
		default:
			fmt.Printf("%s (for %s)\n", need.Permission, need.For)
		}
	}
	// Output:
	// get workflows.argoproj.io
	// update workflows.argoproj.io
	// list pods (for steps that ran in pods)
	// delete pods (for steps that ran in pods)
	// create events (it can do without: Options.EventSource)
}
