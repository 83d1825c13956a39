package workflow

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// startedBefore returns the workflow that the claim's key has already started, or that the request
// may reuse. It returns nil if there is none, and records the one that is to be replaced.
func (c *WorkflowClient) startedBefore(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	reuse, replace := s.req.IfExists == ExistsReuse, s.req.IfExists == ExistsReplace
	if s.claim.Key == "" && !reuse && !replace {
		return nil, nil
	}
	existing, err := c.adopt(ctx, s)
	if err == nil && s.claim.check(existing) == nil {
		c.recordCreated(ctx, s, existing)
		return existing, nil
	}
	if err == nil || existing != nil || notFound(err) {
		switch past, failed := c.rememberedBy(ctx, s, existing); {
		case past != nil:
			return past, nil
		case errors.Is(failed, errCreationUnknown) && s.pacer.Pause(ctx, failed):
			return c.startedBefore(ctx, s) // another process may be about to create it
		case failed != nil && (!errors.Is(failed, ErrIdempotencyMismatch) || !replace && err != nil):
			return nil, s.failed(pace.Ended(ctx, failed))
		}
	}
	switch {
	case errors.Is(err, errStartedMeanwhile): // it was there before this call
		s.replaced, existing = existing.GetUID(), nil
	case err != nil && (existing != nil || !notFound(err)):
		return nil, s.failed(err)
	}
	if s.claim.Key != "" && s.claim.named { // the key may have started a workflow of another name
		if err := c.startedElsewhere(ctx, s); err != nil {
			return nil, err
		}
	}
	return existing, nil
}

// startedElsewhere returns an [ErrIdempotencyMismatch] if a workflow of another name uses the claim's
// key. It may miss a workflow that another process creates at the same moment. Without permission to
// list, it returns nil.
func (c *WorkflowClient) startedElsewhere(ctx context.Context, s *submission) error {
	// The label is on one workflow, and on copies that other clients have made of it.
	const pageSize = 10
	opts := metav1.ListOptions{LabelSelector: naming.LabelKey + "=" + s.claim.Key, Limit: pageSize}
	for {
		page, err := pace.Do(ctx, s.pacer, func() (*metav1.PartialObjectMetadataList, error) {
			return c.metadata.ListMetadata(ctx, "workflows", c.namespace, opts)
		})
		if forbidden(err) {
			return nil
		}
		if err != nil {
			return s.failed(err)
		}
		for i := range page.Items {
			if found := readClaim(&page.Items[i]); found.Key == s.claim.Key && found.Name != s.claim.Name {
				return s.failed(fmt.Errorf("%w: it is in use by workflow %s; "+
					"use another key, or that name", ErrIdempotencyMismatch, found.Name))
			}
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			return nil
		}
	}
}

// adopt returns the workflow with the claimed name, and an error if the request does not accept it
// as its own.
func (c *WorkflowClient) adopt(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	existing, err := c.getWith(ctx, s.pacer, s.claim.Name)
	if err != nil {
		return nil, err
	}
	if err := c.accept(ctx, s, existing); err != nil {
		return existing, err
	}
	s.found = !s.claim.madeBy(existing)
	return existing, nil
}

// errStartedMeanwhile is the error of a replacement that may not replace the workflow that has the
// name, since it was not there before the call.
var errStartedMeanwhile = fmt.Errorf("%w: another client has started it since this call began, so it is not replaced", ErrAlreadyExists)

// accept returns nil if the request accepts the workflow that has the claimed name as its own.
func (c *WorkflowClient) accept(ctx context.Context, s *submission, existing *unstructured.Unstructured) error {
	refusal := s.claim.check(existing)
	reuse, replace := s.req.IfExists == ExistsReuse, s.req.IfExists == ExistsReplace
	if refusal == nil || !reuse && !replace || replace && s.claim.unreadableIn(existing) {
		return refusal
	}
	ours, err := c.runs(ctx, s, existing)
	switch {
	case err != nil:
		return err
	case !ours:
		return fmt.Errorf("%w: it belongs to the controller with the instance ID %s; choose another name",
			ErrAlreadyExists, shown.Quoted(existing.GetLabels()[naming.LabelInstanceID]))
	case replace:
		return errStartedMeanwhile
	case existing.GetDeletionTimestamp() != nil:
		return errBeingDeleted()
	}
	return nil
}

// runs reports whether the workflow runs under the controller that runs this client's workflows, or
// would run the new one. These differ if the client has no instance ID and a CronWorkflow does.
func (c *WorkflowClient) runs(ctx context.Context, s *submission, wf *unstructured.Unstructured) (bool, error) {
	id := wf.GetLabels()[naming.LabelInstanceID]
	if id == c.instanceID || c.instanceID != "" || s.req.CronWorkflow == "" {
		return id == c.instanceID, nil
	}
	if s.draft.obj == nil {
		var err error
		if s.draft, err = c.cronDraft(ctx, s.pacer, s.req.CronWorkflow); err != nil {
			return false, err
		}
	}
	return id == s.draft.obj.GetLabels()[naming.LabelInstanceID], nil
}

// errBeingDeleted is the error of a name whose workflow will soon be deleted.
func errBeingDeleted() error {
	return fmt.Errorf("%w: it is being deleted; start again once it is deleted", ErrAlreadyExists)
}
