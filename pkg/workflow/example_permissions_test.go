package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A service checks at startup that it has the permissions it needs.
func ExampleWorkflowClient_CheckPermissions() {
	ctx, client := context.Background(), exampleClient()
	err := client.CheckPermissions(ctx, workflow.OpStart, workflow.OpLogs.With(workflow.PartFollow), workflow.OpRetry)
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
func ExampleRequirements() {
	for _, r := range workflow.Requirements(workflow.OpRetry) {
		switch {
		case r.Part == "":
			fmt.Println(r.Permission)
		case r.Optional:
			fmt.Printf("%s (it can do without: %s)\n", r.Permission, r.Part)
		default:
			fmt.Printf("%s (for %s)\n", r.Permission, r.Part)
		}
	}
	// Output:
	// get workflows.argoproj.io
	// update workflows.argoproj.io
	// list pods (for steps that ran in pods)
	// delete pods (for steps that ran in pods)
	// create events (it can do without: Options.EventSource)
}
