package workflow

import (
	"context"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Interface is everything one can do with workflows of one namespace, whichever way it is
// done. Depend on the smaller interfaces it is made of where those suffice. It grows as
// verbs are added, so implement it by embedding.
type Interface interface {
	Starter
	Reader
	Waiter
	Lifecycle
}

// Starter starts workflows.
type Starter interface {
	// Start starts a workflow from a template; see [WorkflowClient.Start].
	Start(ctx context.Context, req StartRequest) (*status.WorkflowStatus, error)
}

// Reader reads workflows.
type Reader interface {
	// Get returns the workflow's present state; see [WorkflowClient.Get].
	Get(ctx context.Context, name string) (*status.WorkflowStatus, error)
}

// Waiter follows workflows.
type Waiter interface {
	// Watch yields one state after the other; see [WorkflowClient.Watch].
	Watch(ctx context.Context, name string) iter.Seq2[*status.WorkflowStatus, error]
	// Wait blocks until a condition holds; see [WorkflowClient.Wait].
	Wait(ctx context.Context, name string, until Condition) (*status.WorkflowStatus, error)
}

// Lifecycle steers workflows that run.
type Lifecycle interface {
	// Resume passes gates; see [WorkflowClient.Resume].
	Resume(ctx context.Context, name string, opts ResumeOptions) (*ResumeResult, error)
}

var _ Interface = (*WorkflowClient)(nil)
