package workflow_test

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A mistake is found before anything is created. What is wrong is told by errors.Is, and with
// every field by an InvalidError.
func ExampleWorkflowClient_Start() {
	ctx, client := context.Background(), exampleClient()
	_, err := client.Start(ctx, workflow.StartRequest{
		Template:   "reindex",
		Parameters: map[string]any{"sesion-name": "s-42"},
	})
	var invalid *workflow.InvalidError
	switch {
	case errors.As(err, &invalid):
		for _, problem := range invalid.Problems {
			fmt.Printf("%s: %s\n", problem.Field, problem.Detail)
		}
	case errors.Is(err, workflow.ErrTemplateNotFound):
		// The text names the templates that there are.
	case errors.Is(err, workflow.ErrUnknownOutcome):
		// It may have been started: Get tells, by the Name in the *Error.
	}
	// Output:
	// parameters[session-name]: template "reindex" has no value for it
	// parameters[sesion-name]: template "reindex" has no such parameter; there are: session-name, shards; did you mean "session-name"?
}

// A workflow that brings its own templates is started from its manifest.
func ExampleWorkflowClient_Start_manifest() {
	ctx, client := context.Background(), exampleClient()
	started, err := client.Start(ctx, workflow.StartRequest{
		Manifest: []byte(`
metadata: {generateName: hello-}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: busybox, command: [echo, hello]}
`),
		IdempotencyKey: "greeting-1", // so the name is known before it is sent
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(started.Name)
	// Output: key-sjio6wp2u2twknurwjei7a3n
}

// Create sends an object as it is.
func ExampleWorkflowClient_Create() {
	ctx, client := context.Background(), exampleClient()
	created, err := client.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "hello"},
		"spec":     map[string]any{"workflowTemplateRef": map[string]any{"name": "reindex"}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(created.GetKind(), created.GetName())
	// Output: Workflow hello
}

func ExampleWorkflowClient_Resubmit() {
	ctx, client := context.Background(), exampleClient(failedWorkflow())
	again, err := client.Resubmit(ctx, "reindex-failed", workflow.ResubmitOptions{
		Name:       "reindex-second",
		Parameters: map[string]any{"shards": 8}, // the others stay
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range again.Arguments {
		fmt.Println(p.Name, p.Value)
	}
	// Output:
	// session-name s-42
	// shards 8
}

// What a call returned as one value, e.g. for many starts at once.
func ExampleResult() {
	ctx, client := context.Background(), exampleClient()
	names := []string{"reindex-x7f2k", "nobody"}
	results := make(chan workflow.Result[*status.WorkflowStatus], len(names))
	for _, name := range names {
		results <- workflow.ResultOf(client.Get(ctx, name))
	}
	for range names {
		if r := <-results; r.Success() {
			fmt.Println(r.Data.Name, r.Data.Phase)
		} else {
			fmt.Println(errors.Is(r.Err, workflow.ErrNotFound))
		}
	}
	// Output:
	// reindex-x7f2k Running
	// true
}
