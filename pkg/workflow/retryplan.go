package workflow

import (
	"context"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// retryRequest is what a retry was asked for, checked as far as that goes without the workflow.
type retryRequest struct {
	parameters map[string]string
	faulty     []string      // the parameters that have no text
	known      *spec.Binding // what the workflow knows of parameters
	selector   status.NodeSelector
	ids        []string // nil: any
	restart    bool     // also what succeeded, as far as selector and ids name it
	id         string   // of this retry
	now        time.Time
}

// at is the request at that time.
func (r retryRequest) at(now time.Time) retryRequest {
	r.now = now
	return r
}

// retryPlan is one planned write of a retry.
type retryPlan struct {
	object  *unstructured.Unstructured // the workflow as it is to be
	removed []*status.Node             // the nodes that are no longer in it
	work    *retryWork                 // what is done with the nodes
}

// planRetry works out, from the present object of an ended workflow, the object that runs
// again. The rules are those of Argo's FormulateRetryWorkflow, but for the exceptions that
// docs/adr/0007-retry.md lists. obj is not changed.
func (c *WorkflowClient) planRetry(
	ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus, request retryRequest,
) (*retryPlan, error) {
	graph, problems, err := selectRetried(ctx, s, request)
	if err != nil {
		return nil, err
	}
	problems = append(problems, undecodable(obj)...)
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}

	work := newRetryWork(graph, s, len(request.parameters) > 0)
	if ctx.Err() != nil {
		return nil, pace.Interruption(ctx, nil)
	}
	nodes, err := c.editNodes(ctx, obj, work, request.now)
	if err != nil {
		return nil, err
	}
	edited := withoutNodes(obj)
	maps.Copy(objectAt(edited.Object, "status"), nodes)
	spec.Override(edited, request.parameters)
	reopen(edited, work, request.id, request.now)
	return &retryPlan{object: edited, removed: work.removed(), work: work}, nil
}

// undecodable finds what Argo cannot decode in the spec of a workflow that is to run again. A
// controller looks past one that has ended, whatever its types are.
func undecodable(obj *unstructured.Unstructured) field.ErrorList {
	return spec.TypeProblems(field.NewPath("workflow", "spec"), spec.TypeSpec, obj.Object["spec"])
}

// withoutNodes is a copy of a workflow but for its nodes.
func withoutNodes(obj *unstructured.Unstructured) *unstructured.Unstructured {
	fields := maps.Clone(obj.Object)
	if state, ok := fields["status"].(map[string]any); ok {
		state = maps.Clone(state)
		delete(state, "nodes")
		delete(state, "compressedNodes")
		fields["status"] = state
	}
	return (&unstructured.Unstructured{Object: fields}).DeepCopy()
}

// selectRetried finds the nodes that are to run again though they succeeded, and what is wrong with
// the request for that workflow.
func selectRetried(
	ctx context.Context, s *status.WorkflowStatus, request retryRequest,
) (graph *nodeGraph, problems field.ErrorList, err error) {
	switch {
	case !s.Completed():
		phase := string(s.Phase)
		if phase == "" {
			phase = "Pending" // as people know it
		}
		return nil, nil, fmt.Errorf("%w: Cannot retry a workflow in phase %s; wait for its end, or stop it", ErrNotCompleted, shown.Name(phase))
	case s.NodesErr != nil:
		return nil, nil, s.NodesErr
	}
	graph = newNodeGraph(ctx, s)
	problems = selectNodes(ctx, graph, s, request)
	if ctx.Err() != nil {
		return nil, nil, pace.Interruption(ctx, nil)
	}
	problems = append(problems, request.known.OverrideProblems(request.parameters, request.faulty)...)
	return graph, problems, nil
}

// selectNodes selects the nodes that are to run again though they succeeded.
func selectNodes(ctx context.Context, graph *nodeGraph, s *status.WorkflowStatus, request retryRequest) field.ErrorList {
	restart, selector, ids := field.NewPath("restartSuccessful"), field.NewPath("selector"), field.NewPath("nodeIDs")
	const needs = "it selects among what succeeded, so it needs RestartSuccessful; what failed runs again in any case"
	byIDs, bySelector := len(request.ids) > 0, !request.selector.Empty()
	switch {
	case !request.restart && s.Outcome() == status.OutcomeSucceeded:
		return field.ErrorList{field.Required(restart, fmt.Sprintf(
			"Cannot retry a workflow in phase %s: set RestartSuccessful, and Selector to what is to run again%s", s.Phase, graph.candidates()))}
	case !request.restart && bySelector:
		return field.ErrorList{field.Forbidden(selector, needs)}
	case !request.restart && byIDs:
		return field.ErrorList{field.Forbidden(ids, needs)}
	case !request.restart:
		return nil
	case !bySelector && !byIDs:
		return field.ErrorList{field.Required(selector, "or nodeIDs: RestartSuccessful needs it to say what is to run again"+graph.candidates())}
	}
	var problems field.ErrorList
	named := make(map[string]bool, len(request.ids))
	for i, id := range request.ids {
		named[id] = true
		if graph.byID[id] == nil {
			problems = append(problems, field.Invalid(ids.Index(i), id, "no node of the workflow has this id"))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	found := false
	for i := range graph.nodes {
		n := &graph.nodes[i]
		if (!byIDs || named[n.ID]) && ctx.Err() == nil && request.selector.Matches(n.Node) {
			n.selected, found = true, true
		}
	}
	if !found {
		detail := "matches no node"
		if byIDs {
			detail = "matches none of the nodes in nodeIDs"
		}
		return field.ErrorList{field.Invalid(selector, request.selector.String(), detail+graph.candidates())}
	}
	return nil
}

// reopen takes from the workflow what says that it has ended. Its phase becomes Running:
// every version of the controller goes on with that, at once and with the template as it
// was; see docs/adr/0007-retry.md. Where nothing has run, it is as one that was just created,
// so that the controller reads and checks its template.
func reopen(wf *unstructured.Unstructured, work *retryWork, id string, now time.Time) {
	metadata := objectAt(wf.Object, "metadata")
	labels := objectAt(metadata, "labels")
	state := objectAt(wf.Object, "status")
	if phase := string(work.phase()); phase == "" {
		delete(state, "phase")
		delete(labels, labelPhase)
		delete(labels, labelCompleted)
	} else {
		state["phase"] = phase
		labels[labelPhase] = phase
		labels[labelCompleted] = "false"
	}
	delete(labels, labelArchiving)
	objectAt(metadata, "annotations")[annotationRetryID] = id

	for _, key := range []string{"message", "finishedAt", "persistentVolumeClaims"} {
		delete(state, key)
	}
	state["startedAt"] = timeText(now)
	state["conditions"] = notCompleted(state["conditions"])
	// Else the controller would take the reports of the new pods for complete beforehand.
	if reported, ok := state["taskResultsCompletionStatus"].(map[string]any); ok {
		for _, n := range work.removed() {
			delete(reported, n.ID)
		}
	}
	specs := []map[string]any{objectAt(wf.Object, "spec")}
	if stored, ok := state["storedWorkflowTemplateSpec"].(map[string]any); ok {
		specs = append(specs, stored)
	}
	for _, fields := range specs {
		delete(fields, "shutdown")
		// How old versions terminate.
		if deadline, err := spec.StringOf(fields["activeDeadlineSeconds"]); err == nil && deadline == "0" {
			delete(fields, "activeDeadlineSeconds")
		}
	}
}

// notCompleted returns conditions with Completed False.
func notCompleted(conditions any) []any {
	list, _ := conditions.([]any)
	for _, item := range list {
		if condition, ok := item.(map[string]any); ok && condition["type"] == "Completed" {
			condition["status"] = "False"
			return list
		}
	}
	return append(list, map[string]any{"type": "Completed", "status": "False"})
}

// objectAt returns the object under key, which it makes if there is none.
func objectAt(parent map[string]any, key string) map[string]any {
	child, ok := parent[key].(map[string]any)
	if !ok {
		child = map[string]any{}
		parent[key] = child
	}
	return child
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
