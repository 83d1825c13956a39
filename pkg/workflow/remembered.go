package workflow

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// errCreationUnknown is the error of a key whose start is recorded, and nothing else is known of it. The start
// may be one of this call whose answer was lost: its workflow may have run and been deleted.
var errCreationUnknown = fmt.Errorf("%w: the history has a start with this idempotency key, but not whether it created its "+
	"workflow, which is not in the cluster; release the record if it did not", ErrUnknownOutcome)

// rememberedBy returns the workflow that the claim's key has started and that only the history has. It
// returns nil without a key, or if existing, which has the claimed name, is the key's.
func (c *WorkflowClient) rememberedBy(
	ctx context.Context, s *submission, existing *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	if s.claim.Key == "" || existing != nil && readClaim(existing).Key == s.claim.Key {
		return nil, nil
	}
	return c.remembered(ctx, s)
}

// remembered returns the workflow that the history has for the claim: the last one that the claim's key
// has started or, without a key, the one that an attempt of this call has created. It returns nil if there
// is none. The API server has to be asked before: a workflow that is archived and then deleted is always in
// one of the two.
func (c *WorkflowClient) remembered(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	found, err := c.pastOf(ctx, s.claim)
	if found == nil || err != nil {
		return nil, err
	}
	refusal := s.claim.check(found)
	if refusal != nil && !s.sending {
		s.outdated = found.GetUID()
	}
	switch {
	case s.sending && found.GetUID() != "" && (found.GetUID() == s.replaced || found.GetUID() == s.outdated):
		return nil, nil // the request replaces it
	case found.GetName() != s.claim.Name:
		return nil, fmt.Errorf("%w: workflow %s had it, which is in the history; use another key, or that name",
			ErrIdempotencyMismatch, shown.Name(found.GetName()))
	case refusal != nil:
		return nil, refusal
	case found.GetUID() != "":
		s.found, s.past = !s.claim.madeBy(found), true
		return found, nil
	case s.claim.madeBy(found) && !s.lost:
		return nil, nil // this call has recorded it
	}
	return nil, errCreationUnknown
}

// pastOf returns the last workflow in the history that has the claim's mark under its own name, or nil. One of
// the claimed name comes first.
func (c *WorkflowClient) pastOf(ctx context.Context, of claim) (*unstructured.Unstructured, error) {
	switch {
	case c.history == nil:
		return nil, nil
	case of.Key == "":
		found, err := c.past(ctx, of.Name, "")
		if found == nil || !of.madeBy(found) {
			return nil, err
		}
		return found, nil
	}
	query := HistoryQuery{Namespace: c.namespace, Selector: labels.SelectorFromSet(labels.Set{naming.LabelKey: of.Key})}
	return c.askHistory(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		var other *unstructured.Unstructured // which only counts if there is none of the claimed name
		for found, err := range c.historyList(ctx, query) {
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case errors.Is(err, ErrNotFound): // a list can be empty
				return nil, historyError(err)
			case err != nil:
				return nil, err
			case found == nil:
				return nil, errNothingListed
			case c.foreign(found) || readClaim(found).Key != of.Key:
			case found.GetName() == of.Name:
				return asPast(found), nil
			case other == nil:
				other = asPast(found)
			}
		}
		switch {
		case ctx.Err() != nil: // the list may have ended for that
			return nil, ctx.Err()
		case other == nil:
			return nil, ErrNotFound
		}
		return other, nil
	})
}

// recall returns the workflow that the create which is about to be sent again would start a second time:
// one of an earlier attempt or of another process with the same key that has already ended and been
// deleted. A workflow in the cluster is found by the create itself, so recall returns nil for one that is not
// the request's. If it is not known whether there is one, the create is not sent.
func (c *WorkflowClient) recall(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	if c.history == nil || s.claim.Key == "" && !s.lost {
		return nil, nil
	}
	for {
		existing, err := c.adopt(ctx, s)
		switch {
		case err == nil:
			return existing, nil
		case ctx.Err() == nil && existing != nil:
			return nil, nil
		case ctx.Err() == nil && (notFound(err) || forbidden(err)):
		case s.lost: // nothing is sent any more
			return nil, s.failed(unknownOutcome(ctx, err))
		default:
			return nil, s.failed(pace.Ended(ctx, err))
		}
		past, err := c.remembered(ctx, s)
		switch {
		case past != nil:
			return past, nil
		case err == nil:
			return nil, nil
		case errors.Is(err, errCreationUnknown) && s.pacer.Pause(ctx, err):
			continue
		case s.lost:
			err = unknownOutcome(ctx, err)
		}
		return nil, s.failed(err)
	}
}
