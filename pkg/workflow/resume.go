package workflow

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ResumeOptions say what to resume. The zero value resumes everything that waits.
type ResumeOptions struct {
	// Selector limits the resume to the gates that match, e.g. "displayName=approve". Fields:
	// id, name, displayName, templateName, phase, templateRef.name, templateRef.template,
	// inputs.parameters.<name>.value; operators =, ==, !=; a comma means and, and one within a
	// value needs a backslash: see [status.ParseNodeSelector]. "" means all gates and delays, and
	// the workflow as a whole (spec.suspend). A selector that is given matches gates only: one
	// that means several may well match a delay by accident.
	Selector string
	// Outputs are values for output parameters that the gates let be supplied, in the forms
	// that [StartRequest.Parameters] allows. A gate that has no such parameter ignores it; it
	// is an error if no gate has one. What is not given takes the parameter's default. Enums
	// and defaults are those of [status.Node.AwaitedOutputs].
	Outputs map[string]any
	// NodeIDs limits the resume to these gates, e.g. those that a person has looked at: a gate
	// that was reached since is not passed by the way. The id of a delay cuts that delay short.
	// Together with Selector, both have to hold. nil means all; an empty list is refused, since
	// it would not.
	NodeIDs []string
	// KeepGates leaves the gates alone: only spec.suspend is cleared, as it undoes a Suspend and
	// approves nothing. It excludes Selector, NodeIDs and Outputs, which are about gates.
	KeepGates bool
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
}

// ResumeResult says what a Resume changed.
type ResumeResult struct {
	// Nodes are the gates that were passed, as they were before; empty if none waited.
	Nodes []*status.Node
	// Delays are the delays that were cut short (see [status.Node.Delayed]), as they were before.
	Delays []*status.Node
	// Unsuspended: spec.suspend was cleared.
	Unsuspended bool
}

// Resume lets a suspended workflow go on: the gates that wait become Succeeded, with their
// outputs supplied or defaulted. Without a selector or ids it resumes the whole workflow, as
// Argo does: spec.suspend is cleared, and delays are cut short, which the result lists. To
// approve gates and nothing else, name them. All of it
// is one conditional write: either everything was resumed or nothing, and a change that the
// controller makes at the same time is not lost but leads to another try. Nodes that the
// controller has packed are unpacked and packed again.
//
// With KeepGates it is the counterpart of [WorkflowClient.Suspend] alone, which needs no nodes.
//
// It returns when the controller has been seen to go on, or was made to look at the workflow
// again. That takes up to two seconds, five if other clients keep writing the workflow; see
// docs/adr/0015-uptake.md. [ErrUnknownOutcome] says so if the resume is written, but not that.
// Wait for what follows.
//
// It is idempotent: where nothing waits, the result is empty, and the controller is made to look
// again, in case that it has overlooked an earlier call. With a
// selector or ids that match no waiting gate the error is [ErrNotSuspended], whose text names
// those that wait and says what has become of those that were meant.
//
// One [*InvalidError] has all that is wrong with the outputs: also a request that is wrong by itself
// is held against the gates, if the workflow can be read within two seconds.
//
// Errors: [ErrInvalid] (malformed selector, an output that no gate waits for or a value that
// is missing), [ErrCompleted], [ErrNotSuspended], [ErrNotFound], [ErrReplaced],
// [ErrNodesOffloaded], [ErrUnsupported] (unreadable nodes), [ErrConflict], [ErrForbidden] (needs get and patch),
// [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the
// context's.
func (c *WorkflowClient) Resume(ctx context.Context, name string, opts ResumeOptions) (result *ResumeResult, err error) {
	ctx, o := c.begin(ctx, OpResume, name, &err)
	defer o.end(ctx)
	selector, problems := nodeSelector(field.NewPath("selector"), opts.Selector)
	request := resumeRequest{gates: gates{selector: selector, ids: opts.NodeIDs, none: opts.KeepGates}}
	var unreadable field.ErrorList
	request.outputs, request.faulty, unreadable = parameterStrings(field.NewPath("outputs"), opts.Outputs)
	problems = append(problems, nodeIDProblems(opts.NodeIDs)...)
	if opts.KeepGates && (opts.Selector != "" || opts.NodeIDs != nil || len(opts.Outputs) > 0) {
		problems = append(problems, field.Forbidden(field.NewPath("keepGates"), "selector, nodeIDs and outputs are about the gates that it keeps"))
	}
	if len(problems) == 0 && len(unreadable) > 0 {
		unreadable = append(unreadable, c.awaitedProblems(ctx, name, opts.UID, request)...)
	}
	if problems = append(problems, unreadable...); len(problems) > 0 {
		return nil, c.error(OpResume, name, invalid(problems...))
	}
	_, err = c.edit(ctx, name, opts.UID, func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		r, err := c.planResume(ctx, obj, s, request.at(time.Now()))
		switch {
		case err != nil && ctx.Err() == nil && len(r.result.Nodes) == 0: // also where outputs are given
			return request.gates.decidedBefore(ctx, s, err)
		case err != nil:
			return nil, err
		}
		result = &r.result
		if r.nothing() {
			return askAgain(), nil
		}
		return &change{patch: r.patch, happened: r.tookEffect, tells: r.happening, uptake: r.uptake(s)}, nil
	})
	if err != nil {
		return nil, c.error(OpResume, name, err)
	}
	return result, nil
}

// awaitedProblems are those of the outputs beside what the gates wait for, as far as one attempt to read
// the workflow tells.
func (c *WorkflowClient) awaitedProblems(ctx context.Context, name string, uid types.UID, request resumeRequest) field.ErrorList {
	ctx, cancel := context.WithTimeout(ctx, glanceFor)
	defer cancel()
	_, s := c.glance(ctx, name, uid)
	if s == nil {
		return nil
	}
	waiting, _, err := request.gates.toResume(ctx, s)
	if err != nil {
		return nil
	}
	return outputProblems(ctx, waiting, request)
}
