package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// resumption is one planned write of a resume.
type resumption struct {
	result  ResumeResult
	patch   map[string]any
	outputs map[string]string // the given values
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
		for _, p := range before.AwaitedOutputs() {
			value, supplied := r.outputs[p.Name]
			if is, _ := gate.Outputs().Parameter(p.Name); supplied && is != value {
				return false
			}
		}
		return gate.Phase == status.NodeSucceeded
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
	outputs map[string]string
	faulty  []string // the outputs whose values are invalid
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
	problems := outputProblems(ctx, r.result.Nodes, request)
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

// outputProblems checks the given outputs against those that the gates wait for. It stops early if
// ctx has ended.
func outputProblems(ctx context.Context, gates []*status.Node, request resumeRequest) (problems field.ErrorList) {
	path, outputs, faulty := field.NewPath("outputs"), request.outputs, sets.New(request.faulty...)
	awaited := map[string]bool{}
	for _, gate := range gates {
		if ctx.Err() != nil {
			return problems
		}
		for _, p := range gate.AwaitedOutputs() {
			awaited[p.Name] = true
			at := shown.Key(path, p.Name)
			value, given := outputs[p.Name]
			switch {
			case faulty.Has(p.Name):
			case !given && !p.HasDefault:
				problems = append(problems, field.Required(at, fmt.Sprintf(
					"raw output parameter '%s' has not been set and does not have a default value (node %s)%s",
					shown.Name(p.Name), shown.Name(gate.DisplayName), allowed(p.Enum))))
			case given && len(p.Enum) > 0 && !slices.Contains(p.Enum, value):
				problems = append(problems, spec.Hidden(at,
					fmt.Sprintf("node %s allows only: [%s]", shown.Name(gate.DisplayName), spec.Enum(p.Enum, " "))))
			}
		}
	}
	hints := spec.NewHints(slices.Collect(maps.Keys(awaited)))
	for _, name := range spec.Names(outputs, request.faulty) {
		if !awaited[name] {
			problems = append(problems, field.Forbidden(shown.Key(path, name), "no suspended node waits for it"+hints.Near(name)))
		}
	}
	return problems
}

func allowed(enum []string) string {
	if len(enum) == 0 {
		return ""
	}
	return "; allowed are: [" + spec.Enum(enum, " ") + "]"
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
		values := map[string]string{}
		for _, p := range gate.AwaitedOutputs() {
			value, given := r.outputs[p.Name]
			if !given {
				value = p.Default
			}
			values[p.Name], p.Value = value, value
			set = append(set, p)
		}
		edits[gate.ID] = status.NodeEdit{Set: succeeded, Supply: values}
	}
	return edits, set
}

// globalOutputs returns status.outputs.parameters with the values of the set parameters that have a
// global name, or nil if none has one.
func globalOutputs(obj *unstructured.Unstructured, set []status.Parameter) []any {
	globals, _, _ := unstructured.NestedSlice(obj.Object, "status", "outputs", "parameters")
	at := make(map[string]int, len(globals)) // by name
	for i, existing := range globals {
		fields, _ := existing.(map[string]any)
		name, _ := fields["name"].(string)
		if _, repeated := at[name]; !repeated {
			at[name] = i
		}
	}
	changed := false
	for _, p := range set {
		name := p.GlobalName
		if name == "" {
			continue
		}
		changed = true
		global := map[string]any{"name": name, "value": p.Value}
		if i, there := at[name]; there {
			globals[i] = global
		} else {
			at[name] = len(globals)
			globals = append(globals, global)
		}
	}
	if !changed {
		return nil
	}
	return globals
}
