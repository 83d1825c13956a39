package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Start checks a request before it creates anything. An InvalidError lists each invalid field.
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
		// The error string lists the existing templates.
	case errors.Is(err, workflow.ErrUnknownOutcome):
		// It may have been started. Call Get with the Name in the *Error to find out.
	}
	// Output:
	// parameters[session-name]: template "reindex" has no value for it
	// parameters[sesion-name]: template "reindex" has no such parameter; there are: session-name, shards; did you mean "session-name"?
}

// A Go type as the contract with a template. A field that is left out keeps the template's value.
func ExampleParametersOf() {
	type request struct {
		Session string        `json:"session-name"`
		Shards  int           `json:"shards,omitempty"`
		Timeout time.Duration `json:"timeout"`
	}
	parameters, err := workflow.ParametersOf(request{Session: "s-42", Timeout: time.Hour})
	if err != nil {
		fmt.Println(err) // names each parameter that cannot be sent
		return
	}
	parameters["banner"] = workflow.Expression("{{workflow.name}}")
	fmt.Println(workflow.StartRequest{Template: "reindex", Parameters: parameters}.Parameters)
	// Output: map[banner:{{workflow.name}} session-name:s-42 timeout:1h0m0s]
}

// Start a workflow that has its own templates from a manifest.
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
		IdempotencyKey: "greeting-1", // the name is derived from it
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(started.Name)
	// Output: key-sjio6wp2u2twknurwjei7a3n
}

// Create sends an object unchanged.
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

// Send the results of several calls over one channel.
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
