package workflow

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// StopOptions says which workflow to stop.
type StopOptions struct {
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// TerminateOptions says which workflow to terminate.
type TerminateOptions struct {
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// Stop asks the controller to end a workflow: it stops running pods, fails waiting gates and runs exit
// handlers. The workflow ends with the outcome [status.OutcomeStopped], or succeeds if it was about to.
// Stop returns when the request is written and the controller was seen to act on it, or was made to look
// at the workflow again, which takes as long as described at [WorkflowClient.Resume]. Use Wait to wait
// for the end. Stop also stops a suspended workflow, which Argo's own clients have to resume first. A
// queued workflow (phase Pending) is stopped when its turn comes; if it begins with a gate, it then
// needs a second Stop, see docs/operations.md.
//
// Stop is idempotent: it succeeds if the workflow was asked to stop or terminate before. If that
// workflow has ended, Stop writes nothing; otherwise it makes the controller look at the workflow again,
// since the controller can miss a change that comes within milliseconds of a write of its own. The write
// is conditional on the state that was read, so a workflow that ends at the same time is not changed.
//
// To fail a gate and leave the rest to the template, use [WorkflowClient.Reject].
//
// Errors: [ErrCompleted] (a [*CompletedError]), [ErrNotFound], [ErrReplaced], [ErrInvalid] (not the
// name of a workflow), [ErrConflict], [ErrHistory], [ErrUnreadable] (an object that cannot be read),
// [ErrForbidden] (needs get and patch), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome],
// and the context's.
func (c *WorkflowClient) Stop(ctx context.Context, name string, opts StopOptions) (err error) {
	ctx, o := c.begin(ctx, OpStop, name, &err)
	defer o.emitEnd(ctx)
	if _, err := c.edit(ctx, name, opts.UID, planShutdown(status.ShutdownStop)); err != nil {
		return c.error(OpStop, name, err)
	}
	return nil
}

// Terminate is like [WorkflowClient.Stop], but the controller kills pods and doesn't run exit handlers.
// It also terminates a workflow that is being stopped. It succeeds without a write if the workflow has
// ended after a stop.
//
// Errors: [ErrCompleted], [ErrNotFound], [ErrReplaced], [ErrInvalid], [ErrConflict],
// [ErrHistory], [ErrUnreadable] (an object that cannot be read), [ErrForbidden] (needs get and patch),
// [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Terminate(ctx context.Context, name string, opts TerminateOptions) (err error) {
	ctx, o := c.begin(ctx, OpTerminate, name, &err)
	defer o.emitEnd(ctx)
	if _, err := c.edit(ctx, name, opts.UID, planShutdown(status.ShutdownTerminate)); err != nil {
		return c.error(OpTerminate, name, err)
	}
	return nil
}

// planShutdown sets spec.shutdown and clears spec.suspend: the controller doesn't act on spec.shutdown
// while spec.suspend is set (argo-workflows issue 17041).
func planShutdown(strategy status.ShutdownStrategy) planner {
	return func(_ *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		asked := s.Shutdown == strategy || s.Shutdown == status.ShutdownTerminate
		switch {
		case s.Completed() && s.Shutdown != status.ShutdownNone:
			return nil, nil
		case s.Completed():
			return nil, completed(s)
		case asked && !s.SpecSuspended:
			return askAgain(), nil
		}
		spec := map[string]any{"suspend": nil}
		if !asked { // never from Terminate back to Stop
			spec["shutdown"] = string(strategy)
		}
		return &change{
			patch: map[string]any{"spec": spec},
			tookEffect: func(now *status.WorkflowStatus) (bool, error) {
				return !now.SpecSuspended && (now.Shutdown == strategy || now.Shutdown == status.ShutdownTerminate), nil
			},
			event:  shutDown(strategy),
			uptake: shuttingDown(s),
		}, nil
	}
}
