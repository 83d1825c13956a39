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

// StopOptions say what to stop. The zero value stops the workflow.
type StopOptions struct {
	// Selector, if given, does not stop the workflow but fails the gates that match and wait,
	// as a rejection does; its form is that of [ResumeOptions.Selector]. Delays are never failed.
	Selector string
	// NodeIDs does so with these gates, as in [ResumeOptions.NodeIDs]; together with Selector,
	// both have to hold.
	NodeIDs []string
	// Message is put on the gates that are failed. For them only: Argo has no place for it on
	// a workflow. One with {{ in it is refused, since an exit handler can read it as
	// {{workflow.failures}}, where Argo would evaluate it.
	Message string
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
}

// TerminateOptions say what to terminate.
type TerminateOptions struct {
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
}

// Stop asks the controller to end a workflow: running pods are stopped, waiting gates fail,
// exit handlers run. It ends with the outcome [status.OutcomeStopped]; it can also succeed,
// if it was about to. Stop returns when the request is written and the controller has been seen to
// act on it, or was made to look at the workflow again, which takes as long as described at
// [WorkflowClient.Resume]; use Wait to see the end. A suspended workflow is stopped too, which
// takes Argo's own clients a resume first.
// One that is queued (phase Pending) is stopped when its turn comes; if it begins with a gate, that
// takes a second Stop then: see docs/operations.md.
//
// It is idempotent: stopping a workflow that was asked to stop or terminate succeeds. If it has
// ended by now, nothing is written; else the controller is made to look at it again, since it
// can overlook a change that comes within milliseconds of a write of its own. The write is
// conditional on what was read, so that a workflow that ends at the same time is not changed.
//
// With a selector or ids the gates that match are failed, in one conditional write; what follows
// is up to the workflow. The error is [ErrNotSuspended] if there is none, whose text names
// those that wait and says what has become of those that were meant.
//
// Errors: [ErrCompleted], [ErrNotSuspended], [ErrNodesOffloaded] and [ErrUnsupported]
// (unreadable nodes) with a selector, [ErrUnsupported] (an object that cannot be read), [ErrNotFound],
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
		problems = append(problems, field.Forbidden(field.NewPath("message"), "for gates only, which a selector or ids name"))
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

// Terminate is like [WorkflowClient.Stop], but pods are killed and exit handlers don't run.
// A workflow that is being stopped is terminated all the same; one that has ended after a
// stop is left as it is, with success.
//
// Errors: [ErrCompleted], [ErrNotFound], [ErrReplaced], [ErrInvalid], [ErrConflict],
// [ErrUnsupported] (an object that cannot be read), [ErrForbidden] (needs get and patch), [ErrUnauthorized], [ErrNotInstalled],
// [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Terminate(ctx context.Context, name string, opts TerminateOptions) (err error) {
	ctx, o := c.begin(ctx, OpTerminate, name, &err)
	defer o.end(ctx)
	if _, err := c.edit(ctx, name, opts.UID, planShutdown(status.ShutdownTerminate)); err != nil {
		return c.error(OpTerminate, name, err)
	}
	return nil
}

// planShutdown sets spec.shutdown, and clears spec.suspend: the controller doesn't act on
// the one while the other is set (argo-workflows issue 17041).
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
		if !asked { // never down from Terminate
			spec["shutdown"] = string(strategy)
		}
		return &change{
			patch: map[string]any{"spec": spec},
			happened: func(now *status.WorkflowStatus) (bool, error) {
				return !now.SpecSuspended && (now.Shutdown == strategy || now.Shutdown == status.ShutdownTerminate), nil
			},
			tells:  shutDown(strategy),
			uptake: shuttingDown(s),
		}, nil
	}
}

// planRejection fails the gates that match.
func (c *WorkflowClient) planRejection(ctx context.Context, which gates, message string) planner {
	return func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		waiting, err := which.toDecide(ctx, s)
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
			happened: func(now *status.WorkflowStatus) (bool, error) {
				return allAre(now, waiting, func(_, gate *status.Node) bool {
					return gate.Phase == status.NodeFailed && gate.Message == message
				})
			},
			tells: rejected(waiting),
		}
		if !s.SpecSuspended { // else it goes on when it is resumed, which is followed up
			rejection.uptake = gatesDecided(s, waiting)
		}
		return rejection, nil
	}
}
