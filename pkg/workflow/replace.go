package workflow

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// replace makes room for the workflow under its name. It ends and deletes the workflow that is to be
// replaced, and blocks until nothing of it is left. Every step can be repeated, so a later call goes
// on where an interrupted one stopped. Another workflow that gets the name meanwhile is left alone:
// replace returns it if it is the key's own, or else an error; or the create finds it.
//
// In a dry run, it returns what would be created, and changes nothing.
func (c *WorkflowClient) replace(ctx context.Context, s *submission) (result *unstructured.Unstructured, err error) {
	if s.replaced != "" {
		if result, err = c.rehearse(ctx, s); err != nil {
			return nil, s.failed(err)
		}
	}
	if s.req.DryRun {
		return result, nil
	}
	if s.replaced != "" {
		if err := c.endReplaced(ctx, s); err != nil {
			return nil, s.failed(fmt.Errorf("stop the workflow to replace: %w", err))
		}
		if err := c.deleteReplaced(ctx, s); err != nil {
			return nil, s.failed(fmt.Errorf("delete the workflow to replace: %w", err))
		}
		s.deleted = true
	}
	return c.awaitNoRemains(ctx, s) // also of what an interrupted call has deleted
}

// rehearse checks, without changing anything, that the API server would create the new workflow and
// delete the old one, and that the caller may look for what is left of it. It returns what would be
// created. It does not check whether the new workflow fits into quotas.
func (c *WorkflowClient) rehearse(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	free := s.draft.obj.DeepCopy()
	free.SetName("replacement-" + string(uuid.NewUUID()))
	dryRun := []string{metav1.DryRunAll}
	planned, err := pace.Do(ctx, s.pacer, func() (*unstructured.Unstructured, error) {
		planned, err := c.workflows.Create(ctx, free, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict, DryRun: dryRun})
		if fault.QuotaExceeded(err) { // the old workflow may be what uses it up, and is deleted first
			return free, nil
		}
		return planned, err
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
	case wasDeleted(err), !contextEnded(err) && errors.Is(err, ErrCompleted):
		return nil
	case err != nil:
		return err
	}
	target := watchhub.Target{Name: s.claim.Name, UID: s.replaced}
	err = c.follow(ctx, target, func(now *status.WorkflowStatus) (bool, error) { return over(now), nil })
	if wasDeleted(err) {
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
	if err := c.markDeleted(ctx, c.pacer(), s.claim.Name, opts); err != nil && !wasDeleted(err) {
		return err
	}
	return c.awaitGone(ctx, s.claim.Name, s.replaced)
}
