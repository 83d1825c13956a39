package workflow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// listPast yields the workflows of the history that are not in the cluster. live has the UIDs of those
// that the list has read there. It comes after them: a workflow that was archived and deleted before its
// page was read is in the history by then.
func (c *WorkflowClient) listPast(
	ctx context.Context, opts ListOptions, live map[types.UID]bool, yield func(*status.WorkflowStatus, error) bool,
) error {
	if err := c.addLive(ctx, live); err != nil {
		return err
	}
	selector, err := labels.Parse(opts.LabelSelector) // checked before
	if err != nil {
		return err
	}
	instance, err := instanceRequirement(c.instanceID)
	if err != nil {
		return err
	}
	begun := false
	var ended error
	err = insist(ctx, c.retryFor, func() error {
		for obj, err := range c.historyList(ctx, opts.past(c.namespace, selector)) {
			if ctx.Err() != nil {
				break
			}
			switch {
			case err != nil && begun:
				return historyError(err) // not again from its beginning
			case err != nil:
				return err
			case obj == nil:
				return historyError(errNothingListed)
			}
			begun = true
			of, uid := labels.Set(obj.GetLabels()), obj.GetUID()
			if live[uid] || uid == "" || c.foreign(obj) || !selector.Matches(of) || !instance.Matches(of) {
				continue // without a UID, it may never have existed
			}
			live[uid] = true
			s, err := c.readPast(ctx, asPast(obj))
			switch {
			case err != nil && contextEnded(err):
				ended = err
				return nil
			case err != nil:
				err = c.error(OpList, obj.GetName(), err)
			case !opts.match(s):
				continue
			}
			if !yield(s, err) {
				return nil
			}
		}
		if ctx.Err() != nil {
			ended = pace.Interruption(ctx, nil) // the history may have stopped for that
		}
		return nil
	})
	return cmp.Or(err, ended)
}

// errNothingListed is the error of a history that yields neither.
var errNothingListed = errors.New("it listed neither a workflow nor an error")

// addLive adds the UIDs of all workflows of the namespace, also of those that the list's selector hides:
// one that was retried is archived as completed, and is not any more.
func (c *WorkflowClient) addLive(ctx context.Context, live map[types.UID]bool) error {
	const pageSize = 500
	p := c.pacer()
	for next, restarted := "", false; ; {
		page, err := pace.Do(ctx, p, func() (*metav1.PartialObjectMetadataList, error) {
			return c.metadata.ListMetadata(ctx, "workflows", c.namespace, metav1.ListOptions{Limit: pageSize, Continue: next})
		})
		switch {
		case next != "" && !restarted && apierrors.IsResourceExpired(err):
			next = newerToken(err)
			restarted = next == ""
			continue
		case err != nil:
			return err
		}
		for i := range page.Items {
			live[page.Items[i].GetUID()] = true
		}
		if next = page.Continue; next == "" {
			return nil
		}
	}
}

// createdLater is how much later than it started a workflow may have been created: the times are by
// different clocks, and a Retry of an archived workflow takes a while.
const createdLater = time.Hour

// past returns what to ask a history for. It may have more than what the options match.
func (o ListOptions) past(namespace string, selector labels.Selector) HistoryQuery {
	q := HistoryQuery{Namespace: namespace, StartedBefore: o.FinishedBefore}
	if !selector.Empty() {
		q.Selector = selector
	}
	if !o.CreatedAfter.IsZero() {
		q.StartedAfter = o.CreatedAfter.Add(-createdLater)
	}
	for _, outcome := range o.Outcomes {
		phases := phasesWith(outcome)
		if phases == nil {
			q.Phases = nil
			break
		}
		q.Phases = append(q.Phases, phases...)
	}
	slices.Sort(q.Phases)
	q.Phases = slices.Compact(q.Phases)
	return q
}

// phasesWith returns the phases of workflows with that outcome. Nil means that it depends on more.
func phasesWith(outcome status.Outcome) []status.Phase {
	switch outcome {
	case status.OutcomeSucceeded:
		return []status.Phase{status.PhaseSucceeded}
	case status.OutcomeErrored:
		return []status.Phase{status.PhaseError}
	case status.OutcomeFailed:
		return []status.Phase{status.PhaseFailed}
	case status.OutcomeStopped, status.OutcomeTerminated:
		return nil
	case status.OutcomePending, status.OutcomeRunning, status.OutcomeSuspended:
	}
	return []status.Phase{status.PhaseUnknown, status.PhasePending, status.PhaseRunning}
}
