package workflow

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// resumption is one planned write of a resume.
type resumption struct {
	result  ResumeResult
	patch   map[string]any
	outputs gateOutputs
}

func (r *resumption) nothing() bool {
	return len(r.passed()) == 0 && !r.result.Unsuspended
}

// passed returns the gates and delays that Argo lets the workflow pass.
func (r *resumption) passed() []*status.Node { return slices.Concat(r.result.Nodes, r.result.Delays) }

// tookEffect reports whether now shows everything that r resumes as resumed, with the outputs of r.
func (r *resumption) tookEffect(now *status.WorkflowStatus) (bool, error) {
	if r.result.Unsuspended && now.SpecSuspended {
		return false, nil
	}
	return allAre(now, r.passed(), func(before, gate *status.Node) bool {
		return gate.Phase == status.NodeSucceeded && r.outputs.areIn(gate, before)
	})
}

// uptake describes how to see that the controller acted on r. It is nil for a workflow that stays
// suspended as a whole, since that continues only after another Resume.
func (r *resumption) uptake(before *status.WorkflowStatus) *uptake {
	switch {
	case before.SpecSuspended && !r.result.Unsuspended:
		return nil
	case len(r.passed()) == 0:
		return unsuspended(before)
	}
	return gatesDecided(before, r.passed())
}

// resumeRequest is a resume's options, checked as far as possible without the workflow.
type resumeRequest struct {
	gates   gates
	outputs gateOutputs
	now     time.Time
}

// at returns the request as taking effect at now.
func (r resumeRequest) at(now time.Time) resumeRequest {
	r.now = now
	return r
}

// planResume plans the merge patch for a request. It does not change obj. The resumption is not nil
// even with an error, and then has what was found so far.
func (c *WorkflowClient) planResume(
	ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus, request resumeRequest,
) (*resumption, error) {
	r := &resumption{outputs: request.outputs}
	waiting, delays, err := request.gates.toResume(ctx, s)
	if err != nil {
		return r, err
	}
	r.result.Nodes, r.result.Delays = waiting, delays
	r.result.Unsuspended = request.gates.all() && s.SpecSuspended
	problems := request.outputs.problems(ctx, r.result.Nodes)
	switch {
	case ctx.Err() != nil:
		return r, pace.Interruption(ctx, nil)
	case len(problems) > 0:
		return r, invalid(problems...)
	case r.nothing():
		return r, nil
	}

	r.patch = map[string]any{}
	if r.result.Unsuspended {
		r.patch["spec"] = map[string]any{"suspend": nil}
	}
	if len(r.passed()) > 0 {
		edits, globals := r.edits(ctx, request.now)
		statusPatch, err := c.patchNodes(ctx, obj, edits)
		if err != nil {
			return r, err
		}
		if upserted := globalOutputs(obj, globals); upserted != nil {
			statusPatch["outputs"] = map[string]any{"parameters": upserted}
		}
		r.patch["status"] = statusPatch
	}
	return r, nil
}

// edits returns the changes of nodes by their IDs, and the output parameters with their new values.
// It stops early if ctx has ended.
func (r *resumption) edits(ctx context.Context, now time.Time) (edits map[string]status.NodeEdit, set []status.Parameter) {
	passed := r.passed()
	edits = make(map[string]status.NodeEdit, len(passed))
	succeeded := map[string]any{"phase": string(status.NodeSucceeded), "finishedAt": timestamp(now)}
	for _, gate := range passed {
		if ctx.Err() != nil {
			break
		}
		values, ofGate := r.outputs.supply(gate)
		set = append(set, ofGate...)
		edits[gate.ID] = status.NodeEdit{Set: succeeded, Supply: values}
	}
	return edits, set
}
