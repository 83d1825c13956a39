package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A service checks at startup that it has the permissions it needs.
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
		fmt.Println(err) // the check itself failed
	}
	// Output: delete pods, for retry (steps that ran in pods)
}

// Print the permissions of an operation, e.g. to put them into a role.
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
