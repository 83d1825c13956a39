package workflow

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ResumeOptions says how to resume a workflow. The zero value also approves its gates, as Argo does.
type ResumeOptions struct {
	// KeepGates clears spec.suspend and leaves gates and delays as they are: it undoes a Suspend and
	// approves nothing.
	KeepGates bool
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// ResumeResult says what a Resume changed.
type ResumeResult struct {
	// Gates are the gates that were approved, and Delays the delays that were ended (see
	// [status.Node.Delayed]), as they were before. Both are empty if none waited.
	Gates, Delays []Gate
	// Unsuspended reports that spec.suspend was cleared.
	Unsuspended bool
}

// Resume makes a suspended workflow go on as a whole, as `argo resume` does: it clears spec.suspend,
// approves every gate that waits, with the defaults of its outputs, and ends every delay. With
// KeepGates it only clears spec.suspend, as the counterpart of [WorkflowClient.Suspend], and needs no
// nodes. It leaves the gates of a [GatePolicy] as they are, as `argo resume` does: their objects may belong
// to others, too. To approve these or some of the gates, to supply outputs, or to record who approved, use
// [WorkflowClient.Approve].
//
// Resume makes one conditional write, so it resumes everything or nothing. If another client or the
// controller writes the workflow at the same time, Resume reads it and tries again. Compressed nodes stay
// compressed.
//
// Resume returns when the controller was seen to go on, or was made to look at the workflow again. That
// takes up to two seconds, or five if other clients keep writing the workflow; see
// docs/adr/0015-uptake.md. If the write succeeded and this did not, the error is [ErrUnknownOutcome].
// Use Wait to wait for what the workflow does then.
//
// Resume is idempotent: if nothing waits, the result is empty, and the controller is made to look at
// the workflow again in case it missed an earlier call.
//
// Errors: [ErrInvalid] (a gate waits for an output that has no default), [ErrCompleted] (a
// [*CompletedError]), [ErrNotFound], [ErrReplaced], [ErrNodesOffloaded], [ErrNodesGone], [ErrHistory],
// [ErrUnreadable] (an object or nodes that cannot be read), [ErrConflict], [ErrForbidden] (needs get and patch), [ErrUnauthorized],
// [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Resume(ctx context.Context, name string, opts ResumeOptions) (result *ResumeResult, err error) {
	ctx, o := c.begin(ctx, OpResume, name, &err)
	defer o.emitEnd(ctx)
	id := newDecisionID()
	_, err = c.edit(ctx, name, opts.UID, func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		r, err := c.planResume(ctx, obj, s, opts.KeepGates, id)
		if err != nil {
			return nil, err
		}
		if result, err = r.result(ctx); err != nil {
			return nil, err
		}
		if len(r.patch) == 0 { // nothing waits
			return askAgain(), nil
		}
		return &change{patch: r.patch, nodes: r.stored, tookEffect: r.tookEffect, event: r.eventDetails, uptake: r.uptake(s)}, nil
	})
	if err != nil {
		return nil, c.error(OpResume, name, err)
	}
	return result, nil
}

// resumption is one planned write of a resume.
type resumption struct {
	plannedDecision // approves the gates and ends the delays

	gates, delays []*status.Node
	unsuspends    bool
	patch         map[string]any
	stored        func() ([]byte, error) // the nodes of the change, or nil
}

// planResume plans the merge patch of a resume, whose call has the given ID. It does not change obj.
func (c *WorkflowClient) planResume(
	ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus, keepGates bool, id string,
) (*resumption, error) {
	r := &resumption{unsuspends: s.SpecSuspended, patch: map[string]any{}}
	switch {
	case s.Completed():
		return nil, completed(s)
	case keepGates:
	case s.NodesErr != nil:
		return nil, s.NodesErr
	default:
		inWorkflow, _ := apart(s.SuspendedNodes())
		r.gates, r.delays = detached(inWorkflow), detached(s.DelayedNodes())
	}
	r.plannedDecision = (&decision{verb: approval(), id: id}).on(slices.Concat(r.gates, r.delays))
	if r.unsuspends {
		r.patch["spec"] = map[string]any{"suspend": nil}
	}
	if r.unsuspends || len(r.nodes) > 0 {
		r.patch["metadata"] = r.metadata(s)
	}
	problems := r.outputs.problems(ctx, r.nodes)
	switch {
	case ctx.Err() != nil:
		return nil, pace.Interruption(ctx, nil)
	case len(problems) > 0:
		return nil, invalid(problems...)
	case len(r.nodes) == 0:
		return r, nil
	}
	var err error
	r.patch["status"], r.stored, err = c.patchDecided(ctx, obj, r.plannedDecision)
	return r, err
}

func (r *resumption) result(ctx context.Context) (*ResumeResult, error) {
	gates, err := gatesOf(ctx, r.gates)
	if err != nil {
		return nil, err
	}
	delays, err := gatesOf(ctx, r.delays)
	return &ResumeResult{Gates: gates, Delays: delays, Unsuspended: r.unsuspends}, err
}

// uptake describes how to see that the controller acted on r.
func (r *resumption) uptake(before *status.WorkflowStatus) *uptake {
	if len(r.nodes) == 0 {
		return unsuspended(before)
	}
	return gatesDecided(before, r.nodes)
}
