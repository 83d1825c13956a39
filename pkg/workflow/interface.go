package workflow

import (
	"context"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Interface is everything one can do with workflows of one namespace, whichever way it is
// done. Depend on the smaller interfaces it is made of where those suffice. It grows as
// verbs are added, so implement it by embedding.
type Interface interface { //nolint:interfacebloat // it is the sum of small ones, and those are what callers declare
	Starter
	Reader
	Waiter
	Lifecycle
	Rerunner
	LogStreamer
}

// Starter starts workflows.
type Starter interface {
	// Start starts a workflow; see [WorkflowClient.Start].
	Start(ctx context.Context, req StartRequest) (*status.WorkflowStatus, error)
}

// Reader reads workflows.
type Reader interface {
	// Get returns the workflow's present state; see [WorkflowClient.Get].
	Get(ctx context.Context, name string) (*status.WorkflowStatus, error)
	// List yields the workflows that match; see [WorkflowClient.List].
	List(ctx context.Context, opts ListOptions) iter.Seq2[*status.WorkflowStatus, error]
}

// Waiter follows workflows.
type Waiter interface {
	// Watch yields one state after the other; see [WorkflowClient.Watch].
	Watch(ctx context.Context, name string) iter.Seq2[*status.WorkflowStatus, error]
	// Wait blocks until a condition holds; see [WorkflowClient.Wait].
	Wait(ctx context.Context, name string, until Condition) (*status.WorkflowStatus, error)
}

// Lifecycle steers workflows that run, and removes them.
type Lifecycle interface {
	// Suspend holds a workflow back; see [WorkflowClient.Suspend].
	Suspend(ctx context.Context, name string, opts SuspendOptions) error
	// Resume lets it go on, or passes gates; see [WorkflowClient.Resume].
	Resume(ctx context.Context, name string, opts ResumeOptions) (*ResumeResult, error)
	// Stop ends it, with its exit handlers; see [WorkflowClient.Stop].
	Stop(ctx context.Context, name string, opts StopOptions) error
	// Terminate ends it without; see [WorkflowClient.Terminate].
	Terminate(ctx context.Context, name string, opts TerminateOptions) error
	// Delete removes it; see [WorkflowClient.Delete].
	Delete(ctx context.Context, name string, opts DeleteOptions) error
}

// Rerunner runs again what has run.
type Rerunner interface {
	// Retry sets a failed workflow going again; see [WorkflowClient.Retry].
	Retry(ctx context.Context, name string, opts RetryOptions) (*status.WorkflowStatus, error)
	// Resubmit starts a new workflow like another one; see [WorkflowClient.Resubmit].
	Resubmit(ctx context.Context, name string, opts ResubmitOptions) (*status.WorkflowStatus, error)
}

// LogStreamer reads what workflows write.
type LogStreamer interface {
	// Logs yields one line after the other; see [WorkflowClient.Logs].
	Logs(ctx context.Context, name string, opts LogOptions) iter.Seq2[LogLine, error]
}

var _ Interface = (*WorkflowClient)(nil)
