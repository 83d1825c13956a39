package workflow

import (
	"context"
	"iter"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Interface is the set of all operations on the workflows of one namespace. Depend on one of the
// smaller interfaces that it embeds if that is sufficient. Interface gets further methods when
// verbs are added, so embed it in your implementations.
type Interface interface { //nolint:interfacebloat // it is the sum of small ones, and those are what callers declare
	Starter
	Reader
	Waiter
	Gatekeeper
	Lifecycle
	Rerunner
	LogStreamer
}

// Starter starts workflows.
type Starter interface {
	// Start starts a workflow; see [WorkflowClient.Start].
	Start(ctx context.Context, req StartRequest) (*StartResult, error)
}

// Reader reads workflows.
type Reader interface {
	// Get returns the current state of a workflow; see [WorkflowClient.Get].
	Get(ctx context.Context, name string) (*status.WorkflowStatus, error)
	// List yields the workflows that match; see [WorkflowClient.List].
	List(ctx context.Context, opts ListOptions) iter.Seq2[*status.WorkflowStatus, error]
}

// Waiter watches workflows.
type Waiter interface {
	// Watch yields the states of a workflow; see [WorkflowClient.Watch].
	Watch(ctx context.Context, name string, opts ...WaitOption) iter.Seq2[*status.WorkflowStatus, error]
	// Wait blocks until a condition holds; see [WorkflowClient.Wait].
	Wait(ctx context.Context, name string, until Condition, opts ...WaitOption) (*status.WorkflowStatus, error)
}

// Gatekeeper reads and decides the gates of workflows.
type Gatekeeper interface {
	// Gates returns the gates that wait for a decision; see [WorkflowClient.Gates].
	Gates(ctx context.Context, name string) ([]Gate, error)
	// Approve lets a workflow pass gates; see [WorkflowClient.Approve].
	Approve(ctx context.Context, name string, decision Decision) (*DecisionResult, error)
	// Reject fails gates; see [WorkflowClient.Reject].
	Reject(ctx context.Context, name string, decision Decision) (*DecisionResult, error)
}

// Lifecycle controls running workflows, and deletes workflows.
type Lifecycle interface {
	// Suspend suspends a workflow; see [WorkflowClient.Suspend].
	Suspend(ctx context.Context, name string, opts SuspendOptions) error
	// Resume makes a suspended workflow go on as a whole; see [WorkflowClient.Resume].
	Resume(ctx context.Context, name string, opts ResumeOptions) (*ResumeResult, error)
	// Stop ends a workflow and runs its exit handlers; see [WorkflowClient.Stop].
	Stop(ctx context.Context, name string, opts StopOptions) error
	// Terminate ends a workflow without its exit handlers; see [WorkflowClient.Terminate].
	Terminate(ctx context.Context, name string, opts TerminateOptions) error
	// Delete deletes a workflow; see [WorkflowClient.Delete].
	Delete(ctx context.Context, name string, opts DeleteOptions) error
}

// Rerunner runs workflows again.
type Rerunner interface {
	// Retry runs a failed workflow again; see [WorkflowClient.Retry].
	Retry(ctx context.Context, name string, opts RetryOptions) (*status.WorkflowStatus, error)
	// Resubmit starts a new workflow from an existing one; see [WorkflowClient.Resubmit].
	Resubmit(ctx context.Context, name string, opts ResubmitOptions) (*status.WorkflowStatus, error)
}

// LogStreamer reads the logs of workflows.
type LogStreamer interface {
	// Logs yields log lines; see [WorkflowClient.Logs].
	Logs(ctx context.Context, name string, opts LogOptions) iter.Seq2[LogLine, error]
}

var _ Interface = (*WorkflowClient)(nil)
