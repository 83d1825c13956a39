package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// replace makes room for the workflow under its name. It ends and deletes the workflow that is to be
// replaced, and blocks until nothing of it is left. Every step can be repeated, so a later call goes
// on where an interrupted one stopped. Another workflow that gets the name meanwhile is left alone:
// the create then finds it.
//
// In a dry run, it returns what would be created, and changes nothing.
func (c *WorkflowClient) replace(ctx context.Context, s *submission) (planned *unstructured.Unstructured, err error) {
	if s.replaced != "" {
		if planned, err = c.rehearse(ctx, s); err != nil {
			return nil, s.failed(err)
		}
	}
	if s.req.DryRun {
		return planned, nil
	}
	if s.replaced != "" {
		if err := c.endReplaced(ctx, s); err != nil {
			return nil, s.failed(fmt.Errorf("stop the workflow to replace: %w", err))
		}
		if err := c.deleteReplaced(ctx, s); err != nil {
			return nil, s.failed(fmt.Errorf("delete the workflow to replace: %w", err))
		}
	}
	p := c.pacer()
	if s.replaced != "" { // it is deleted, so giving up would leave the caller without either
		p.Until = time.Time{}
	}
	if err := c.awaitNoRemains(ctx, p, s.claim.Name); err != nil { // also those of an interrupted call
		return nil, s.failed(fmt.Errorf("wait until nothing is left of the replaced workflow: %w", err))
	}
	s.pacer = c.pacer() // all that may have taken hours
	return nil, nil
}

// rehearse checks, without changing anything, that the API server would create the new workflow and
// delete the old one, and that the caller may look for what is left of it. It returns what would be
// created.
func (c *WorkflowClient) rehearse(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	free := s.draft.obj.DeepCopy()
	free.SetName("replacement-" + string(uuid.NewUUID()))
	dryRun := []string{metav1.DryRunAll}
	planned, err := pace.Do(ctx, s.pacer, func() (*unstructured.Unstructured, error) {
		return c.workflows.Create(ctx, free, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict, DryRun: dryRun})
	})
	if err != nil {
		return nil, err
	}
	_, err = pace.Do(ctx, s.pacer, func() (struct{}, error) {
		return struct{}{}, c.workflows.Delete(ctx, s.claim.Name, metav1.DeleteOptions{
			Preconditions: metav1.NewUIDPreconditions(string(s.replaced)), DryRun: dryRun,
		})
	})
	if err != nil && !notFound(err) && !apierrors.IsConflict(err) { // it was deleted, which is as good
		return nil, err
	}
	if _, err := c.remains(ctx, c.pacer(), s.claim.Name); err != nil {
		return nil, err
	}
	if err := c.mayEnd(ctx, s.claim.Name); err != nil {
		return nil, err
	}
	planned.SetName(s.claim.Name)
	return planned, nil
}

// mayEnd returns an error if the caller may not stop the workflow or await its end. Without a clear
// answer it returns nil: access reviews can be forbidden.
func (c *WorkflowClient) mayEnd(ctx context.Context, name string) error {
	required := argo("workflows", "patch", "watch").onRequest(PartReplace)
	for i := range required {
		required[i].Name = name // a role can be limited to names
	}
	err := checkRequirements(ctx, c.pacer(), c.reviews, c.namespace, []OpRequirements{{Op: OpStart, Requirements: required}})
	var missing *PermissionError
	if errors.As(err, &missing) || contextEnded(err) {
		return err
	}
	return nil
}

// endReplaced stops the workflow that is to be replaced, and blocks until it is over.
func (c *WorkflowClient) endReplaced(ctx context.Context, s *submission) error {
	_, err := c.edit(ctx, s.claim.Name, s.replaced, planShutdown(status.ShutdownStop))
	switch {
	case gone(err), !contextEnded(err) && errors.Is(err, ErrCompleted):
		return nil
	case err != nil:
		return err
	}
	target := watchhub.Target{Name: s.claim.Name, UID: s.replaced}
	err = c.follow(ctx, target, func(now *status.WorkflowStatus) (bool, error) { return over(now), nil })
	if gone(err) {
		return nil
	}
	return err
}

// over reports whether a workflow that was stopped need not be waited for: it has ended, it is being
// deleted, or no controller has begun to run it.
func over(s *status.WorkflowStatus) bool {
	queued := s.Phase == status.PhaseUnknown || s.Phase == status.PhasePending
	return s.Completed() || !s.DeletionTime.IsZero() ||
		queued && s.StartTime.IsZero() && len(s.Nodes) == 0 && s.Shutdown != status.ShutdownNone
}

// deleteReplaced deletes the workflow that is to be replaced, its pods first, and blocks until it is
// deleted.
func (c *WorkflowClient) deleteReplaced(ctx context.Context, s *submission) error {
	opts := DeleteOptions{UID: s.replaced, Propagation: metav1.DeletePropagationForeground}
	if err := c.markDeleted(ctx, c.pacer(), s.claim.Name, opts); err != nil && !gone(err) {
		return err
	}
	return c.awaitGone(ctx, s.claim.Name, s.replaced)
}

// awaitNoRemains blocks until nothing is left of earlier workflows of the name. The controller finds
// pods and task results by names that it derives from the workflow's, so it would take them for
// those of the new workflow. If the name is in use, awaitNoRemains returns nil, since they may be
// those of the workflow that has it.
func (c *WorkflowClient) awaitNoRemains(ctx context.Context, p *pace.Pacer, name string) error {
	every := newPacer(time.Time{})
	for {
		left, err := c.remains(ctx, p, name)
		if err != nil || left == "" {
			return err
		}
		if _, err := c.getWith(ctx, p, name); !notFound(err) {
			return err
		}
		if !every.PauseSilently(ctx, nil) {
			return fmt.Errorf("%s still exists: %w", left, pace.Interruption(ctx, nil))
		}
	}
}

// remains returns a pod or a task result with the label of workflows of that name, or "" if there is
// none.
func (c *WorkflowClient) remains(ctx context.Context, p *pace.Pacer, name string) (string, error) {
	opts := metav1.ListOptions{LabelSelector: labels.Set{naming.LabelWorkflow: name}.String(), Limit: 1}
	pods, err := pace.Do(ctx, p, func() (*unstructured.UnstructuredList, error) { return c.pods.List(ctx, opts) })
	switch {
	case err != nil:
		return "", err
	case len(pods.Items) > 0:
		return "pod " + shown.Name(pods.Items[0].GetName()), nil
	}
	results, err := pace.Do(ctx, p, func() (*metav1.PartialObjectMetadataList, error) {
		return c.metadata.ListMetadata(ctx, "workflowtaskresults", c.namespace, opts)
	})
	switch {
	case fault.MissingResource(err): // a controller that has none
		return "", nil
	case err != nil:
		return "", err
	case len(results.Items) > 0:
		return "task result " + shown.Name(results.Items[0].Name), nil
	}
	return "", nil
}
