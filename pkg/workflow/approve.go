package workflow

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Approve lets a workflow pass the gates that a decision selects: they become Succeeded, and their
// outputs have the given values or their defaults.
//
// Each entry of [Decision.Gates] has to select a gate that waits, or one that was approved before.
// Otherwise the error is a [*NotSuspendedError], which has the gates that it selects and their phases,
// and nothing is approved. So repeating an approval is a success, with no gates in its result, also
// after the workflow has ended. Approving what was rejected is an error, and so is approving what was
// approved with other values of the given outputs. All selects what waits, so it also succeeds if
// nothing does. After a Stop only gates in exit handlers can be decided; all others are about to fail.
// If the workflow is suspended as a whole, an approval does not change that: it takes effect after a
// [WorkflowClient.Resume].
//
// Approve makes one conditional write, so it approves all of the gates or none. A gate of a
// [GatePolicy] is decided in its object instead: Approve first reads the objects, and if one of them does
// not exist or was decided otherwise, it approves nothing. Then it writes each object by itself, before the
// workflow. A failure in between is an error that names the gates that were approved; repeat the call. The
// API server's answer to the write is all that Approve waits for: Argo's step looks at the object until it
// sees the decision, after at most the interval of its retryStrategy. Until then the gate counts as waiting.
// Outputs do not apply to such gates.
//
// If another client or the controller writes the workflow at the same time, Approve reads it and tries
// again. Compressed nodes stay compressed. When a gate is about to pass by itself (see [Gate.Until]), the
// controller can replace the outputs that Approve has written by their defaults. If Approve sees that, it
// returns the error of an approval with other outputs, although the gate has passed.
//
// Approve returns when the controller was seen to go on, or was made to look at the workflow again. That
// takes up to two seconds, or five if other clients keep writing the workflow; see
// docs/adr/0015-uptake.md. If the write succeeded and this did not, the error is [ErrUnknownOutcome].
// Repeat the call then.
//
// Errors: [ErrInvalid] (a malformed decision, an output that no gate waits for or a value that is
// missing; an [*InvalidError] has every problem), [ErrNotSuspended] (a [*NotSuspendedError], or a
// [*GateObjectError] if the object of a gate does not exist), [ErrUnsupported] (a gate that this client
// cannot decide), [ErrCompleted] (a [*CompletedError]), [ErrNotFound], [ErrReplaced],
// [ErrNodesOffloaded], [ErrNodesGone], [ErrHistory], [ErrUnreadable] (an object or nodes that cannot be read), [ErrConflict],
// [ErrForbidden] (needs get and patch), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable],
// [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Approve(ctx context.Context, name string, d Decision) (result *DecisionResult, err error) {
	ctx, o := c.begin(ctx, OpApprove, name, &err)
	defer o.emitEnd(ctx)
	read, problems, ofOutputs := readDecision(d, approval())
	if len(problems) == 0 && len(ofOutputs) > 0 {
		ofOutputs = append(ofOutputs, c.awaitedProblems(ctx, name, d.UID, read)...)
	}
	if problems = slices.Concat(problems, ofOutputs); len(problems) > 0 {
		return nil, c.error(OpApprove, name, invalid(problems...))
	}
	if result, err = c.decide(ctx, name, d.UID, read); err != nil {
		return nil, c.error(OpApprove, name, err)
	}
	return result, nil
}

func approval() decisionVerb {
	return decisionVerb{op: OpApprove, become: status.NodeSucceeded, action: "Resume", byWhom: "Resumed by", event: approved}
}

// awaitedProblems checks the outputs against what the gates wait for, if one attempt to read the
// workflow succeeds.
func (c *WorkflowClient) awaitedProblems(ctx context.Context, name string, uid types.UID, d *decision) field.ErrorList {
	ctx, cancel := context.WithTimeout(ctx, bestEffortTimeout)
	defer cancel()
	_, s := c.getBestEffort(ctx, name, uid)
	if s == nil {
		return nil
	}
	chosen, err := d.choose(ctx, s, nil)
	if err != nil || len(chosen.nodes) == 0 {
		return nil
	}
	return d.outputs.problems(ctx, chosen.nodes)
}
