package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Start a workflow and follow it to its end.
func Example() {
	run := func(ctx context.Context, cfg *rest.Config) error {
		// cfg is that of rest.InClusterConfig in a pod, or of a kubeconfig.
		client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: "ma"})
		if err != nil {
			return err
		}
		started, err := client.Start(ctx, workflow.StartRequest{
			Template:       "bulk-load",
			Parameters:     map[string]any{"session-name": "s-42", "shards": 8},
			IdempotencyKey: "s-42", // the same key is the same workflow, in every process
		})
		if err != nil {
			return err // says what is wrong with which parameter, or which permission is missing
		}
		for state, err := range client.Watch(ctx, started.Name) {
			if err != nil {
				return err
			}
			fmt.Println(state.Outcome(), state.Progress)
		}
		return nil
	}
	_ = run
}

// What went wrong is found out with errors.Is, and what is wrong with the request in full
// from an InvalidError.
func ExampleWorkflowClient_Start() {
	start := func(ctx context.Context, client workflow.Starter) error {
		_, err := client.Start(ctx, workflow.StartRequest{
			Template:   "bulk-load",
			Parameters: map[string]any{"session-name": "s-42"},
		})
		var invalid *workflow.InvalidError
		switch {
		case errors.As(err, &invalid):
			for _, problem := range invalid.Problems {
				slog.Error("bad request", "field", problem.Field, "problem", problem.ErrorBody())
			}
		case errors.Is(err, workflow.ErrTemplateNotFound):
			// The text names the templates that there are.
		case errors.Is(err, workflow.ErrUnknownOutcome):
			// It may have been started: Get tells, by the name in the error.
			var e *workflow.Error
			if errors.As(err, &e) {
				slog.Warn("look for it", "namespace", e.Namespace, "name", e.Name)
			}
		}
		return err
	}
	_ = start
}

func ExampleWorkflowClient_Wait() {
	wait := func(ctx context.Context, client workflow.Interface, name string) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		_, err := client.Wait(ctx, name, workflow.Suspended)
		var early *workflow.EndedBeforeSuspendError
		var waited *workflow.WaitError
		switch {
		case errors.As(err, &early):
			return early.Status.Err() // which nodes failed, and why
		case errors.As(err, &waited) && waited.Last != nil:
			slog.Info("still on its way", "outcome", waited.Last.Outcome(), "progress", waited.Last.Progress)
		}
		return err
	}
	_ = wait
}

// A condition sees every state, so it can report progress while it waits.
func ExampleCondition() {
	wait := func(ctx context.Context, client workflow.Waiter, name string) (*status.WorkflowStatus, error) {
		return client.Wait(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
			fmt.Println(s.Progress)
			return s.Progress.Fraction() >= 0.5 || s.Completed(), nil
		})
	}
	_ = wait
}

// Approve one gate, supply what it asks for, and make sure that it is a gate of the
// workflow that was looked at.
func ExampleWorkflowClient_Resume() {
	approve := func(ctx context.Context, client workflow.Lifecycle, seen *status.WorkflowStatus) error {
		result, err := client.Resume(ctx, seen.Name, workflow.ResumeOptions{
			Selector: "displayName=approve",
			Outputs:  map[string]any{"approved-by": "ann"},
			UID:      seen.UID,
		})
		if errors.Is(err, workflow.ErrNotSuspended) {
			return nil // somebody else was quicker; the text names the gates that still wait
		}
		if err != nil {
			return err
		}
		for _, gate := range result.Nodes {
			fmt.Println("passed", gate.DisplayName)
		}
		return nil
	}
	_ = approve
}

func ExampleResultOf() {
	get := func(name string) (string, error) { return name, errors.New("not today") }
	result := workflow.ResultOf(get("a"))
	text, err := result.MarshalJSON()
	fmt.Println(string(text), err)
	// Output: {"success":false,"error":"not today"} <nil>
}
