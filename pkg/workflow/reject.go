package workflow

import (
	"context"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Reject fails the gates that a decision selects. The template decides how the workflow goes on: unless
// it continues on failure, the workflow fails and its exit handlers run.
//
// In everything else Reject is like [WorkflowClient.Approve]: in how gates are selected, in what
// repeating a rejection and rejecting what was approved return, in its one conditional write, and in how
// long it blocks. A decision with Outputs is [ErrInvalid]. What becomes of the step of a [GatePolicy] whose
// object is rejected, its template decides.
//
// Errors: [ErrInvalid] (a malformed decision), [ErrNotSuspended], [ErrUnsupported] (a gate that this client
// cannot reject), [ErrCompleted] (a [*CompletedError]), [ErrNotFound], [ErrReplaced],
// [ErrNodesOffloaded], [ErrNodesGone], [ErrHistory], [ErrUnreadable] (an object or nodes that cannot be read), [ErrConflict],
// [ErrForbidden] (needs get and patch), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable],
// [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Reject(ctx context.Context, name string, d Decision) (result *DecisionResult, err error) {
	ctx, o := c.begin(ctx, OpReject, name, &err)
	defer o.emitEnd(ctx)
	read, problems, _ := readDecision(d, rejection())
	if len(d.Outputs) > 0 {
		problems = append(problems, field.Forbidden(field.NewPath("outputs"), "a rejected gate has no outputs"))
	}
	if len(problems) > 0 {
		return nil, c.error(OpReject, name, invalid(problems...))
	}
	if result, err = c.decide(ctx, name, d.UID, read); err != nil {
		return nil, c.error(OpReject, name, err)
	}
	return result, nil
}

func rejection() decisionVerb {
	return decisionVerb{op: OpReject, become: status.NodeFailed, action: "Stop", byWhom: "Rejected by", event: rejected}
}
