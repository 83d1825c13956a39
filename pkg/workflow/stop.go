package workflow

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// StopOptions says what to stop. The zero value stops the workflow.
type StopOptions struct {
	// Selector, if set, makes Stop fail the waiting gates that match instead of stopping the workflow,
	// as a rejection. It has the form of [ResumeOptions.Selector]. It never fails delays.
	Selector string
	// NodeIDs makes Stop fail these gates, as in [ResumeOptions.NodeIDs]. With both Selector and
	// NodeIDs, a gate has to match both.
	NodeIDs []string
	// Message is recorded on the failed gates. It needs a selector or IDs: Argo has no place for it on
	// a workflow. A message that contains {{ is invalid, since an exit handler can read it as
	// {{workflow.failures}}, where Argo would evaluate it.
	Message string
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
// With a selector or IDs, Stop fails the matching gates in one conditional write, and the template
// decides how the workflow goes on. If no gate matches, the error is [ErrNotSuspended]. Its text lists
// the gates that wait, and gives the state of those that were selected.
//
// Errors: [ErrCompleted], [ErrNotSuspended], [ErrNodesOffloaded] and [ErrUnreadable]
// (unreadable nodes) with a selector, [ErrUnreadable] (an object that cannot be read), [ErrNotFound],
// [ErrReplaced], [ErrInvalid], [ErrConflict], [ErrForbidden] (needs get and patch),
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the
// context's.
func (c *WorkflowClient) Stop(ctx context.Context, name string, opts StopOptions) (err error) {
	ctx, o := c.begin(ctx, OpStop, name, &err)
	defer o.end(ctx)
	selector, problems := nodeSelector(field.NewPath("selector"), opts.Selector)
	which := gates{selector: selector, ids: opts.NodeIDs}
	problems = append(problems, nodeIDProblems(opts.NodeIDs)...)
	if opts.Message != "" && which.all() {
		problems = append(problems, field.Forbidden(field.NewPath("message"), "it is recorded on gates, so it needs a selector or nodeIDs"))
	}
	if expression.In(opts.Message) {
		problems = append(problems, spec.Hidden(field.NewPath("message"),
			"contains {{, which Argo would evaluate in an exit handler that reads workflow.failures"))
	}
	if len(problems) > 0 {
		return c.error(OpStop, name, invalid(problems...))
	}
	plan := planShutdown(status.ShutdownStop)
	if !which.all() {
		plan = c.planRejection(ctx, which, opts.Message)
	}
	if _, err := c.edit(ctx, name, opts.UID, plan); err != nil {
		return c.error(OpStop, name, err)
	}
	return nil
}

// Terminate is like [WorkflowClient.Stop], but the controller kills pods and doesn't run exit handlers.
// It also terminates a workflow that is being stopped. It succeeds without a write if the workflow has
// ended after a stop.
//
// Errors: [ErrCompleted], [ErrNotFound], [ErrReplaced], [ErrInvalid], [ErrConflict],
// [ErrUnreadable] (an object that cannot be read), [ErrForbidden] (needs get and patch), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Terminate(ctx context.Context, name string, opts TerminateOptions) (err error) {
	ctx, o := c.begin(ctx, OpTerminate, name, &err)
	defer o.end(ctx)
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

// planRejection fails the gates that match.
func (c *WorkflowClient) planRejection(ctx context.Context, which gates, message string) planner {
	return func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		waiting, err := which.toReject(ctx, s)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, err
		case err != nil:
			return which.decidedBefore(ctx, s, err)
		}
		edits := make(map[string]status.NodeEdit, len(waiting))
		for _, gate := range waiting {
			edits[gate.ID] = status.NodeEdit{Set: map[string]any{
				"phase":      string(status.NodeFailed),
				"message":    message,
				"finishedAt": timestamp(time.Now()),
			}}
		}
		patch, err := c.patchNodes(ctx, obj, edits)
		if err != nil {
			return nil, err
		}
		rejection := &change{
			patch: map[string]any{"status": patch},
			tookEffect: func(now *status.WorkflowStatus) (bool, error) {
				return allAre(now, waiting, func(_, gate *status.Node) bool {
					return gate.Phase == status.NodeFailed && gate.Message == message
				})
			},
			event: func() happening { return rejected(waiting) },
		}
		if !s.SpecSuspended { // otherwise the controller acts on it after a Resume
			rejection.uptake = gatesDecided(s, waiting)
		}
		return rejection, nil
	}
}
