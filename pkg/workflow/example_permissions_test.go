package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/rest"

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

// If permissions are missing, the service does not start, and its error names them.
func ExampleWorkflowClient_CheckPermissions_startup() {
	run := func(ctx context.Context, cfg *rest.Config, namespace string) error {
		client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace})
		if err != nil {
			return err
		}
		if err := client.CheckPermissions(ctx, workflow.OpStart, workflow.OpWait, workflow.OpApprove); err != nil {
			return err // names each permission that is missing, and what it is for
		}
		fmt.Println("ready in namespace", client.Namespace())
		return nil
	}
	if err := run(context.Background(), exampleCluster(), "ma"); err != nil {
		fmt.Println(err)
	}
	// Output: ready in namespace ma
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
