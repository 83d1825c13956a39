package workflow

import (
	"context"
	"errors"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// annotationRetryID names the last retry of a workflow, so that a retry knows its own write
// again after the answer was lost.
const annotationRetryID = naming.AnnotationRetryID

// RetryOptions say how to retry. The zero value runs again what failed.
type RetryOptions struct {
	// Parameters override arguments of the workflow, in the forms that
	// [StartRequest.Parameters] allows; the other arguments stay. What already succeeded is
	// not run again with them, except for the items of a loop that is run again.
	Parameters map[string]any
	// RestartSuccessful also runs again the nodes that Selector and NodeIDs name, whether they
	// succeeded or not, and all that follows them. It needs one of the two.
	RestartSuccessful bool
	// Selector says which nodes, e.g. "displayName=load", in the notation of
	// [ResumeOptions.Selector]. It needs RestartSuccessful.
	Selector string
	// NodeIDs does so by the nodes' ids, each of which has to be one of the workflow's; together
	// with Selector, both have to hold. It needs RestartSuccessful. An empty list that is not
	// nil is refused.
	NodeIDs []string
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
}

// Retry sets a workflow going again that has ended Failed or Error, under the same name, and
// returns its new state. What succeeded is kept; what failed runs again, and so do the exit
// handlers; hooks of the workflow that succeeded don't, unless they are selected or its root is
// a single pod. A gate that failed waits again, with the outputs and defaults of its template.
// Where nothing had run yet, e.g. because the template was missing, the workflow starts again.
// One that was stopped or terminated goes on where it was. A workflow that succeeded is
// retried only with RestartSuccessful.
//
// The pods of the nodes that run again are deleted, and then the workflow is changed in one
// conditional write; before either, the API server is asked whether it would accept that
// write. So a refused retry changes nothing, and one that is cut off or fails in between, also
// with [ErrUnavailable] or [ErrConflict], leaves the workflow as it ended, to be retried again,
// but without those pods and their logs. A change that another client makes meanwhile is
// not lost: the retry is worked out again.
//
// It returns when the controller has been seen to go on, or was made to look at the workflow
// again, which takes as long as described at [WorkflowClient.Resume]. One that this library has retried before is looked at
// again where Retry is refused with [ErrNotCompleted].
//
// A call retries once, also if answers are lost. It is not idempotent across calls: another
// one is [ErrNotCompleted] as long as the workflow runs.
//
// It waits up to two seconds if the workflow has only just ended, which the controller takes
// to let go of it, and until the pods are gone: as long as each of them may take to end
// (terminationGracePeriodSeconds), and 30 s more. Neither is part of [Options.RetryFor]; ctx
// ends both.
//
// Retry needs get and update on workflows and, where steps ran in pods, delete on pods, and
// list on pods or else get. Only pods that are seen to belong to the workflow are deleted: those
// with its name as a label and its UID as an owner. Where they can't be seen, nothing is
// changed, since a pod that is left would be taken for that of the new attempt.
//
// Errors: [ErrInvalid] (an unknown or malformed parameter, a selector that is malformed,
// missing or matches nothing, an unknown node id, a workflow that succeeded, or one whose spec Argo
// cannot decode), [ErrNotCompleted], [ErrNotFound],
// [ErrReplaced], [ErrNodesOffloaded], [ErrUnsupported] (an object or nodes that cannot be read),
// [ErrConflict], [ErrForbidden], [ErrUnauthorized],
// [ErrNotInstalled], [ErrUnavailable], [ErrUnknownOutcome], and the context's.
func (c *WorkflowClient) Retry(ctx context.Context, name string, opts RetryOptions) (s *status.WorkflowStatus, err error) {
	ctx, o := c.begin(ctx, OpRetry, name, &err)
	defer o.end(ctx)
	request := retryRequest{ids: opts.NodeIDs, restart: opts.RestartSuccessful, id: string(uuid.NewUUID())}
	if problems := request.read(opts); len(problems) > 0 {
		return nil, c.error(OpRetry, name, c.invalidRetry(ctx, name, opts.UID, request, problems))
	}
	var seen settling
	obj, err := c.edit(ctx, name, opts.UID, func(obj *unstructured.Unstructured, s *status.WorkflowStatus) (*change, error) {
		wait := seen.left(s.EndTime, time.Now())
		request := request.at(time.Now().Add(wait))
		if s.Completed() { // else it is refused without that
			request.known = c.knownParameters(ctx, c.pacer(), obj, request.parameters)
		}
		plan, err := c.planRetry(ctx, obj, s, request)
		if err != nil {
			return retriedBefore(obj, s, err)
		}
		return &change{
			object: plan.object,
			prepare: func(ctx context.Context) error {
				if err := pace.Sleep(ctx, wait); err != nil {
					return err
				}
				return c.clearAway(ctx, plan)
			},
			happened: func(now *status.WorkflowStatus) (bool, error) {
				return now.Annotations[annotationRetryID] == request.id, nil
			},
			restarts: true,
			tells:    retried,
			uptake:   goingAgain(s, plan.work),
		}, nil
	})
	if err != nil {
		return nil, c.error(OpRetry, name, err)
	}
	return c.decode(ctx, OpRetry, obj)
}

// read takes in what of the options has to be read first.
func (r *retryRequest) read(opts RetryOptions) (problems field.ErrorList) {
	var found field.ErrorList
	r.selector, problems = nodeSelector(field.NewPath("selector"), opts.Selector)
	r.parameters, r.faulty, found = parameterStrings(field.NewPath("parameters"), opts.Parameters)
	return slices.Concat(problems, nodeIDProblems(opts.NodeIDs), found)
}

// invalidRetry is the error of a request that has problems by itself: these, and those that it has for
// that workflow, as far as one attempt to read it tells.
func (c *WorkflowClient) invalidRetry(
	ctx context.Context, name string, uid types.UID, request retryRequest, problems field.ErrorList,
) error {
	if slices.ContainsFunc(problems, aboutSelection) {
		return invalid(problems...)
	}
	ctx, cancel := context.WithTimeout(ctx, glanceFor)
	defer cancel()
	if obj, s := c.glance(ctx, name, uid); s != nil && s.Completed() {
		request.known = c.knownParameters(ctx, newPacer(time.Now()), obj, request.parameters)
		_, found, _ := selectRetried(ctx, s, request) // which finds none where it fails
		problems = slices.Concat(problems, found, undecodable(obj))
	}
	return invalid(problems...)
}

// aboutSelection reports whether a problem is with what selects nodes, so that nothing can be said of
// those.
func aboutSelection(p *field.Error) bool {
	return slices.Contains([]string{"selector", "nodeIDs", "keepGates"}, p.Field)
}

// knownParameters are those that make a difference to a workflow, with those of the templates that it
// calls if one of the given ones needs that.
func (c *WorkflowClient) knownParameters(
	ctx context.Context, p *pace.Pacer, obj *unstructured.Unstructured, given map[string]string,
) *spec.Binding {
	known := spec.BindingOf(obj)
	known.LookUp(c.lookup(ctx, p, true), given)
	return known
}

// retriedBefore is for a retry that is refused because of err. Where the workflow was retried
// before, the controller is made to look at it first: it may have overlooked that retry.
func retriedBefore(obj *unstructured.Unstructured, s *status.WorkflowStatus, err error) (*change, error) {
	if !errors.Is(err, ErrNotCompleted) || s.Annotations[annotationRetryID] == "" {
		return nil, err
	}
	again := askAgain()
	again.object, again.patch, again.answer = withAsked(obj, askedAt()+askedAtOnce), nil, err
	return again, nil
}

// clearAway removes the pods of the nodes that run again. One that is still there would be
// taken for the new one, so this comes before the write.
func (c *WorkflowClient) clearAway(ctx context.Context, plan *retryPlan) error {
	pods, err := c.podsOf(ctx, plan)
	if err != nil || len(pods) == 0 {
		return err
	}
	// Succeeds only if the workflow is still the one that was planned for. So these are pods
	// of nodes that have ended, and the write itself will be permitted and accepted.
	_, err = c.workflows.Update(ctx, plan.object, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return err
	}
	return c.deletePods(ctx, pods)
}

// settling is when a call first saw that a workflow has ended.
type settling struct {
	ended time.Time // as the workflow says
	since time.Time // when it was seen
}

// left is how long to wait until the controller has done with a workflow. It forgets one
// shortly after it wrote the end; one that is retried before that is forgotten while it runs,
// until the controller looks at all workflows again, after 20 minutes. On 3.7.4 that happens
// to one in four retries that follow at once, unless the phase is Running; versions that hold
// back running workflows too (before 3.7, and 4.0) don't look at the phase.
//
// The end is by the controller's clock, which tells only whether it was long ago. The pause
// itself is by this one's, from when the end was seen.
func (s *settling) left(ended, now time.Time) time.Duration {
	const pause = 2 * time.Second
	const longAgo = 10 * time.Second // by any clock that is about right
	if s.since.IsZero() || !ended.Equal(s.ended) {
		s.ended, s.since = ended, now
	}
	if ended.IsZero() || now.Sub(ended) >= longAgo {
		return 0
	}
	return max(0, pause-now.Sub(s.since))
}
