package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/retryplan"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// RetryOptions says what to run again. The zero value runs again what failed.
type RetryOptions struct {
	// Parameters override arguments of the workflow, in the forms that
	// [StartRequest.Parameters] allows; the other arguments stay. Nodes that succeeded don't run
	// again because of them, except for the items of a loop that runs again.
	Parameters map[string]any
	// RestartSuccessful also runs the nodes again that Nodes and Selector select, whether they
	// succeeded or not, and all that follows them. It needs at least one of the two.
	RestartSuccessful bool
	// Nodes are display names or IDs of nodes, or shell patterns of display names, at most 1,000, as in
	// [Decision.Gates]. Each has to select a node. The root of the workflow, with which everything runs
	// again, is selected only by its ID, which is the name of the workflow, and only if no other node
	// has that as its display name. It needs RestartSuccessful. An empty list that is not nil is an
	// error.
	Nodes []string
	// Selector selects nodes by their fields, e.g. "templateName=load", as in [Decision.Selector].
	// With both Nodes and Selector, a node has to match both. It needs RestartSuccessful.
	Selector string
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
}

// Retry runs a workflow again that ended Failed or Error, under the same name, and returns its new
// state. Nodes that succeeded are kept. Nodes that failed run again, and so do the exit handlers;
// hooks of the workflow that succeeded don't, unless they are selected or the workflow's root is a
// single pod. A gate that failed waits again, with the outputs and defaults of its template. Where
// nothing had run yet, e.g. because the template was missing, the workflow starts from the beginning.
// A workflow that was stopped or terminated goes on where it was. One that succeeded is retried only
// with RestartSuccessful.
//
// Retry deletes the pods of the nodes that run again, and then changes the workflow in one
// conditional write. Before either, it asks the API server whether it would accept that write. So a
// refused retry changes nothing. A retry that is interrupted or fails in between, also with
// [ErrUnavailable] or [ErrConflict], leaves the workflow as it ended, but without those pods and
// their logs; it can be retried again. If another client changes the workflow meanwhile, that change
// is kept and the retry is planned again.
//
// Retry returns when the controller was seen to act on the workflow, or was made to look at it again,
// which takes as long as described at [WorkflowClient.Resume]. If Retry returns [ErrNotCompleted] for
// a workflow that this library has retried before, it has made the controller look at it as well.
//
// A workflow that is only in [Options.History] is created again under its name, with another UID, and with the
// nodes that it had. Retry waits for [Options.RetryFor] until nothing is left of its pods, task results and
// task sets. That needs get and create on workflows, and list on pods, workflowtaskresults and
// workflowtasksets. If another client creates a workflow of that name first, the error is [ErrConflict].
//
// One call retries once, also if answers are lost. Retry is not idempotent across calls: a second call
// returns [ErrNotCompleted] as long as the workflow runs.
//
// Retry waits up to two seconds if the workflow has only just ended, until the controller has
// released it. It waits for each pod to be deleted, for its termination grace period
// (terminationGracePeriodSeconds) and 30 s more. [Options.RetryFor] does not limit these waits; ctx
// does.
//
// Retry needs get and update on workflows and, where nodes ran in pods, delete on pods and either
// list or get on pods. It deletes only pods that belong to the workflow: they have its name as a label
// and its UID as an owner. Without the permission to see them it changes nothing, because the
// controller would take a pod that is left for that of the new attempt.
//
// Errors: [ErrInvalid] (an unknown or malformed parameter; a selection that is malformed, missing or
// selects nothing; a workflow that succeeded; a spec that Argo cannot decode), [ErrNotCompleted],
// [ErrNotFound], [ErrReplaced], [ErrNodesOffloaded], [ErrNodesGone], [ErrHistory], [ErrUnreadable] (an object
// or nodes that cannot be read), [ErrUnsupported] (the history has only a part of the workflow),
// [ErrConflict], [ErrForbidden], [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome],
// and the context's.
func (c *WorkflowClient) Retry(ctx context.Context, name string, opts RetryOptions) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpRetry, name, &err)
	defer o.emitEnd(ctx)
	request, problems := readRetryOptions(opts)
	if len(problems) > 0 {
		return nil, c.error(OpRetry, name, c.invalidRetry(ctx, name, opts.UID, request, problems))
	}
	var seen endSeen
	var recreated *change
	obj, err := c.edit(ctx, name, opts.UID, func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		if s.Source == status.SourceHistory {
			if err := checkWhole(obj); err != nil {
				return nil, err
			}
		}
		wait := seen.untilReleased(s.EndTime, time.Now())
		request := request.at(time.Now().Add(wait))
		if s.Completed() { // otherwise the retry is refused in any case
			request.known = c.knownParameters(ctx, c.pacer(), obj, request.parameters)
		}
		planned, err := c.planRetry(ctx, obj, s, request)
		if err != nil {
			return retriedBefore(obj, s, err)
		}
		if s.Source == status.SourceHistory {
			recreated, err = recreation(planned)
			return recreated, err
		}
		return &change{
			object: planned.object,
			prepare: func(ctx context.Context) error {
				if err := pace.Sleep(ctx, wait); err != nil {
					return err
				}
				return c.removePods(ctx, planned)
			},
			nodes: planned.nodesToStore(),
			tookEffect: func(now *status.WorkflowStatus) (bool, error) {
				return now.Annotations[naming.AnnotationRetryID] == request.id, nil
			},
			restarts: true,
			event:    retried,
			uptake:   goingAgain(s, planned.Plan),
		}, nil
	})
	if err != nil {
		return nil, c.error(OpRetry, name, err)
	}
	if s, err = c.decode(ctx, OpRetry, obj); err != nil {
		return nil, err
	}
	if recreated != nil && recreated.past {
		s.Source = status.SourceHistory
	} else if c.recording != nil {
		c.recording.Observed(ctx, s) // its end is not one any more
	}
	return s, nil
}

// retryRequest is a retry's options, checked as far as possible without the workflow.
type retryRequest struct {
	nodes      retryplan.Request
	parameters map[string]string
	faulty     []string      // the parameters whose values are invalid
	known      *spec.Binding // what the workflow knows of parameters
	id         string        // of this retry
	now        time.Time
}

// readRetryOptions returns the request, and what is wrong with it by itself.
func readRetryOptions(opts RetryOptions) (retryRequest, field.ErrorList) {
	nodes, ofNodes := nodeselection.ParseNames(field.NewPath("nodes"), opts.Nodes)
	selector, ofSelector := nodeSelector(field.NewPath("selector"), opts.Selector)
	parameters, faulty, invalidValues := parameterStrings(field.NewPath("parameters"), opts.Parameters)
	return retryRequest{
		nodes: retryplan.Request{
			RestartSuccessful: opts.RestartSuccessful, Nodes: nodes, Selector: selector, NewParameters: len(parameters) > 0,
		},
		parameters: parameters, faulty: faulty, id: string(uuid.NewUUID()),
	}, slices.Concat(ofNodes, ofSelector, invalidValues)
}

// at returns the request as one that takes effect at now.
func (r retryRequest) at(now time.Time) retryRequest {
	r.now = now
	return r
}

// plannedRetry is one planned write of a retry.
type plannedRetry struct {
	*retryplan.Plan

	object *unstructured.Unstructured // the workflow as it is to be written
	packed string                     // its nodes, if they are to be stored before; object names those of before
}

// nodesToStore returns what returns the nodes, or nil if none are to be stored.
func (p *plannedRetry) nodesToStore() func() ([]byte, error) {
	if p.packed == "" {
		return nil
	}
	return func() ([]byte, error) { return unpackNodes(p.packed) }
}

// planRetry plans the write that makes an ended workflow run again. obj is not changed.
func (c *WorkflowClient) planRetry(
	ctx context.Context, obj *unstructured.Unstructured, s *status.WorkflowStatus, request retryRequest,
) (*plannedRetry, error) {
	plan, err := retryplan.Make(ctx, s, request.nodes)
	problems, err := retryProblems(ctx, err)
	if err != nil {
		return nil, err
	}
	problems = slices.Concat(problems, request.known.OverrideProblems(request.parameters, request.faulty), undecodable(obj))
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	version := c.offloadedIn(obj)
	if version != "" {
		if obj, err = c.withPacked(ctx, obj, version); err != nil {
			return nil, err
		}
	}
	edited, err := plan.Apply(ctx, obj, c.decoders, request.now)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	packed := ""
	if version != "" {
		_, packed = nodesOf(edited)
		unstructured.RemoveNestedField(edited.Object, "status", "compressedNodes")
		if packed != "" { // otherwise all are removed
			err = nameNodes(edited.Object, version)
		}
		if err != nil {
			return nil, err
		}
	}
	spec.Override(edited, request.parameters)
	if err := unstructured.SetNestedField(edited.Object, request.id, "metadata", "annotations", naming.AnnotationRetryID); err != nil {
		return nil, err
	}
	return &plannedRetry{Plan: plan, object: edited, packed: packed}, nil
}

// retryProblems splits an error of [retryplan.Make] into what is wrong with the request and any other
// error, as this package's API has it.
func retryProblems(ctx context.Context, err error) (field.ErrorList, error) {
	var running *retryplan.NotCompletedError
	var selection *retryplan.SelectionError
	switch {
	case errors.As(err, &running):
		phase := string(running.Phase)
		if phase == "" {
			phase = "Pending" // what Argo's clients show
		}
		return nil, fmt.Errorf("%w: Cannot retry a workflow in phase %s; wait for its end, or stop it", ErrNotCompleted, shown.Name(phase))
	case errors.As(err, &selection):
		problems := selection.Problems
		if last := problems[len(problems)-1]; selection.Candidates != nil {
			last.Detail += spec.Choices("", selection.Candidates)
		}
		return problems, nil
	}
	return nil, interrupted(ctx, err)
}

// undecodable finds what Argo cannot decode in the spec of a workflow. The controller ignores that in a
// workflow that has ended, but not in one that runs again.
func undecodable(obj *unstructured.Unstructured) field.ErrorList {
	return spec.TypeProblems(field.NewPath("workflow", "spec"), spec.TypeSpec, obj.Object["spec"])
}

// invalidRetry returns the error of a request that is wrong by itself: these problems, and those that
// it has for the workflow if one attempt to read it succeeds.
func (c *WorkflowClient) invalidRetry(
	ctx context.Context, name string, uid types.UID, request retryRequest, problems field.ErrorList,
) error {
	if slices.ContainsFunc(problems, aboutSelection) {
		return invalid(problems...)
	}
	ctx, cancel := context.WithTimeout(ctx, bestEffortTimeout)
	defer cancel()
	if obj, s := c.getBestEffort(ctx, name, uid); s != nil && s.Completed() {
		request.known = c.knownParameters(ctx, newPacer(time.Now()), obj, request.parameters)
		_, err := retryplan.Make(ctx, s, request.nodes)
		if found, err := retryProblems(ctx, err); err == nil {
			problems = slices.Concat(problems, found, request.known.OverrideProblems(request.parameters, request.faulty))
		}
		problems = append(problems, undecodable(obj)...)
	}
	return invalid(problems...)
}

// aboutSelection reports whether a problem is with the selection of nodes, so that the nodes that it
// means are unknown.
func aboutSelection(p *field.Error) bool {
	return p.Field == "selector" || strings.HasPrefix(p.Field, "nodes")
}

// knownParameters returns what the workflow knows of parameters, with those of the templates that it
// calls if a given parameter may be one of them.
func (c *WorkflowClient) knownParameters(
	ctx context.Context, p *pace.Pacer, obj *unstructured.Unstructured, given map[string]string,
) *spec.Binding {
	known := spec.BindingOf(obj)
	known.LookUp(c.lookup(ctx, p, true), given)
	return known
}

// retriedBefore returns what to do for a retry that is refused with err. If the workflow was retried
// before, a write makes the controller look at it first, since it may have missed that retry.
func retriedBefore(obj *unstructured.Unstructured, s *status.WorkflowStatus, err error) (*change, error) {
	if !errors.Is(err, ErrNotCompleted) || s.Annotations[naming.AnnotationRetryID] == "" {
		return nil, err
	}
	touch := askAgain()
	touch.object, touch.patch, touch.result = withAsked(obj, askedAt()+askedAtOnce), nil, err
	return touch, nil
}

// removePods deletes the pods of the nodes that run again. The controller would take a pod that is
// left for the new one, so this comes before the write.
func (c *WorkflowClient) removePods(ctx context.Context, planned *plannedRetry) error {
	pods, err := c.podsOf(ctx, planned.object, planned.Pods())
	if err != nil || len(pods) == 0 {
		return err
	}
	// The dry run succeeds only if the workflow is still the one that was planned for. So these are
	// pods of nodes that have ended, and the write itself will be permitted and accepted.
	_, err = c.workflows.Update(ctx, planned.object, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return err
	}
	return c.deletePods(ctx, pods)
}

// endSeen is when a call first saw that a workflow had ended.
type endSeen struct {
	ended time.Time // by the controller's clock
	at    time.Time // by this process's clock
}

// untilReleased returns how long to wait until the controller has released a workflow. It forgets a
// workflow shortly after it wrote its end. One that is retried before that is forgotten while it runs,
// until the controller looks at all workflows again, after 20 minutes. On 3.7.4 that happens to one in
// four retries that follow at once, unless the phase is Running; versions that queue running workflows
// too (before 3.7, and 4.0) don't look at the phase.
//
// ended is by the controller's clock, so it details only whether the end was long ago. The pause counts
// from when this process saw the end.
func (e *endSeen) untilReleased(ended, now time.Time) time.Duration {
	const pause = 2 * time.Second
	const longAgo = 10 * time.Second // by any clock that is about right
	if e.at.IsZero() || !ended.Equal(e.ended) {
		e.ended, e.at = ended, now
	}
	if ended.IsZero() || now.Sub(ended) >= longAgo {
		return 0
	}
	return max(0, pause-now.Sub(e.at))
}
