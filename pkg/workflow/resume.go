package workflow

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ResumeOptions says what to resume. The zero value resumes the whole workflow with all gates.
type ResumeOptions struct {
	// Selector limits the resume to the gates that match, e.g. "displayName=approve". Fields:
	// id, name, displayName, templateName, phase, templateRef.name, templateRef.template,
	// inputs.parameters.<name>.value. Operators: =, ==, !=. A comma means and; a comma within a
	// value needs a backslash. See [status.ParseNodeSelector]. A selector matches gates only, because
	// one that is meant for several gates could match a delay by accident.
	Selector string
	// Outputs are values for the output parameters that the gates wait for, in the forms
	// that [StartRequest.Parameters] allows. Each gate takes those that it has; a name that no gate has
	// is an error. A parameter without a value here takes its default. Enums and defaults are those of
	// [status.Node.AwaitedOutputs].
	Outputs map[string]any
	// NodeIDs limits the resume to these gates, e.g. the ones that a person has seen, so that a gate
	// that was reached since is not approved. The ID of a delay ends that delay. With both Selector and
	// NodeIDs, a node has to match both. nil does not limit; an empty list that is not nil is an error.
	NodeIDs []string
	// KeepGates clears spec.suspend and leaves the gates as they are: it undoes a Suspend and approves
	// nothing. It excludes Selector, NodeIDs and Outputs.
	KeepGates bool
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// ResumeResult says what a Resume changed.
type ResumeResult struct {
	// Nodes are the gates that were approved, as they were before. It is empty if none waited.
	Nodes []*status.Node
	// Delays are the delays that were ended (see [status.Node.Delayed]), as they were before.
	Delays []*status.Node
	// Unsuspended reports that spec.suspend was cleared.
	Unsuspended bool
}

// Resume makes a suspended workflow go on.
//
// Without a selector and IDs it resumes the whole workflow, as Argo does: it clears spec.suspend,
// approves every waiting gate and ends every delay. With a selector or IDs it approves only the gates
// that match. With KeepGates it only clears spec.suspend, as the counterpart of
// [WorkflowClient.Suspend], and needs no nodes. An approved gate is Succeeded, and its outputs have the
// given values or their defaults.
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
// the workflow again in case it missed an earlier call. If a selector or IDs match no waiting gate, the
// error is [ErrNotSuspended]. Its text lists the gates that wait, and gives the state of those that were
// selected.
//
// An [*InvalidError] has everything that is wrong with the outputs. For a request that is wrong by
// itself this includes the check against the gates, if the workflow can be read within two seconds.
//
// Errors: [ErrInvalid] (malformed selector, an output that no gate waits for or a value that
// is missing), [ErrCompleted], [ErrNotSuspended], [ErrNotFound], [ErrReplaced],
// [ErrNodesOffloaded], [ErrUnreadable] (nodes that cannot be read), [ErrConflict], [ErrForbidden] (needs get and patch),
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the
// context's.
func (c *WorkflowClient) Resume(ctx context.Context, name string, opts ResumeOptions) (result *ResumeResult, err error) {
	ctx, o := c.begin(ctx, OpResume, name, &err)
	defer o.end(ctx)
	selector, problems := nodeSelector(field.NewPath("selector"), opts.Selector)
	request := resumeRequest{gates: gates{selector: selector, ids: opts.NodeIDs, none: opts.KeepGates}}
	var unreadable field.ErrorList
	request.outputs.values, request.outputs.faulty, unreadable = parameterStrings(field.NewPath("outputs"), opts.Outputs)
	problems = append(problems, nodeIDProblems(opts.NodeIDs)...)
	if opts.KeepGates && (opts.Selector != "" || opts.NodeIDs != nil || len(opts.Outputs) > 0) {
		problems = append(problems, field.Forbidden(field.NewPath("keepGates"), "it leaves the gates as they are, so it excludes selector, nodeIDs and outputs"))
	}
	if len(problems) == 0 && len(unreadable) > 0 {
		unreadable = append(unreadable, c.awaitedByResume(ctx, name, opts.UID, request)...)
	}
	if problems = append(problems, unreadable...); len(problems) > 0 {
		return nil, c.error(OpResume, name, invalid(problems...))
	}
	_, err = c.edit(ctx, name, opts.UID, func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		r, err := c.planResume(ctx, obj, s, request.at(time.Now()))
		switch {
		case err != nil && ctx.Err() == nil && len(r.result.Nodes) == 0: // also if outputs are given
			return request.gates.decidedBefore(ctx, s, err)
		case err != nil:
			return nil, err
		}
		result = &r.result
		if r.nothing() {
			return askAgain(), nil
		}
		return &change{patch: r.patch, tookEffect: r.tookEffect, event: r.happening, uptake: r.uptake(s)}, nil
	})
	if err != nil {
		return nil, c.error(OpResume, name, err)
	}
	return result, nil
}

// awaitedByResume checks the outputs against what the gates wait for, if one attempt to read the
// workflow succeeds.
func (c *WorkflowClient) awaitedByResume(ctx context.Context, name string, uid types.UID, request resumeRequest) field.ErrorList {
	ctx, cancel := context.WithTimeout(ctx, bestEffortTimeout)
	defer cancel()
	_, s := c.getBestEffort(ctx, name, uid)
	if s == nil {
		return nil
	}
	waiting, _, err := request.gates.toResume(ctx, s)
	if err != nil {
		return nil
	}
	return request.outputs.problems(ctx, waiting)
}
