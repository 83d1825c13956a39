package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
)

// createOnce creates the workflow, or returns the one that an earlier attempt of this call, or
// another call with the same key, has created. made reports whether it was this call, as far as is
// known.
func (c *WorkflowClient) createOnce(ctx context.Context, s *submission) (result *unstructured.Unstructured, made bool, err error) {
	opts := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict}
	if s.req.DryRun {
		opts.DryRun = []string{metav1.DryRunAll}
	}
	lost := false // an attempt was sent and its response was lost
	for {
		created, err := c.workflows.Create(ctx, s.draft.obj, opts)
		switch {
		case err == nil:
			return created, true, nil
		case apierrors.IsAlreadyExists(err):
			existing, notOurs := c.adopt(ctx, s)
			if notOurs == nil {
				return existing, s.claim.madeBy(existing), nil
			}
			free := notFound(notOurs) && !lost // it was deleted in between
			rename := s.claim.renewable && errors.Is(notOurs, ErrAlreadyExists)
			switch {
			case free && s.pacer.Pause(ctx, notOurs):
				continue
			case rename && s.pacer.Pause(ctx, notOurs):
				s.claim.Name = startname.Random(s.claim.base)
				if err := s.claim.put(s.draft.obj); err != nil {
					return nil, false, err
				}
				lost = false // a workflow of a lost attempt would have been found here
				continue
			case free, rename: // no time is left for another attempt
				notOurs = pace.Ended(ctx, err)
			case lost && !errors.Is(notOurs, ErrAlreadyExists) && !errors.Is(notOurs, ErrConflict):
				// The workflow could not be read, or was deleted: it may have been this call's.
				notOurs = unknownOutcome(ctx, notOurs)
			}
			return nil, false, s.failed(notOurs)
		case fault.MayHaveHappened(err):
			lost = len(opts.DryRun) == 0
		}
		if ctx.Err() == nil && s.pacer.Again(err) && s.pacer.Pause(ctx, err) {
			continue
		}
		if lost {
			existing, err := c.resolveLostCreate(ctx, s, err)
			return existing, err == nil && s.claim.madeBy(existing), err
		}
		return nil, false, s.failed(pace.Ended(ctx, err))
	}
}

// startedBefore returns the workflow that the claim's key has already started, or nil if there is
// none or the claim has no key. In a dry run, an existing workflow is a [*FoundError].
func (c *WorkflowClient) startedBefore(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	if s.claim.Key == "" {
		return nil, nil
	}
	existing, err := c.adopt(ctx, s)
	switch {
	case err == nil && s.req.DryRun:
		return nil, s.failed(&FoundError{Name: s.claim.Name})
	case err == nil:
		return existing, nil
	case !notFound(err):
		return nil, s.failed(err)
	case s.claim.named: // the key may have started a workflow of another name
		return nil, c.startedElsewhere(ctx, s)
	}
	return nil, nil
}

// startedElsewhere returns an [ErrConflict] if a workflow of another name uses the claim's key. It
// may miss a workflow that another process creates at the same moment. Without permission to list,
// it returns nil.
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
				return s.failed(fmt.Errorf("%w: the idempotency key is in use by workflow %s; "+
					"use another key, or that name", ErrConflict, found.Name))
			}
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			return nil
		}
	}
}

// resolveLostCreate reads the workflow once more after responses to attempts were lost, so that few
// calls end with an unknown outcome. It takes at most a second, even if ctx has ended.
func (c *WorkflowClient) resolveLostCreate(ctx context.Context, s *submission, cause error) (*unstructured.Unstructured, error) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	existing, err := c.workflows.Get(last, s.claim.Name, metav1.GetOptions{})
	if err == nil && s.claim.check(existing) == nil {
		observeFound(ctx, existing, s.claim)
		return existing, nil
	}
	// "Not found" proves nothing: a request in flight can still succeed.
	return nil, s.failed(unknownOutcome(ctx, cause))
}

// adopt returns the workflow with the claimed name if it has the claim, or else an error.
func (c *WorkflowClient) adopt(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	existing, err := c.getWith(ctx, s.pacer, s.claim.Name)
	if err != nil {
		return nil, err
	}
	if err := s.claim.check(existing); err != nil {
		return nil, err
	}
	observeFound(ctx, existing, s.claim)
	return existing, nil
}

// observeFound records that the operation found its workflow, unless this call created it.
func observeFound(ctx context.Context, existing *unstructured.Unstructured, own claim) {
	if !own.madeBy(existing) {
		observationOf(ctx).found()
	}
}

func unknownOutcome(ctx context.Context, cause error) error {
	return unknown(pace.Ended(ctx, cause))
}

// unknown returns the error of a write whose outcome is unknown because of cause. An error matches
// only one sentinel, so a cause that matches another one is included as a string only.
func unknown(cause error) error {
	if errors.Is(cause, ErrUnknownOutcome) {
		return cause
	}
	for _, s := range sentinels() {
		if errors.Is(cause, s) {
			return fmt.Errorf("%w: %s", ErrUnknownOutcome, cause.Error())
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, cause)
}
