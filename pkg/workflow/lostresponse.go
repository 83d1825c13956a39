package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// resolveLostCreate reads the workflow once more after responses to attempts were lost, so that few
// calls end with an unknown outcome. It takes at most a second, even if ctx has ended.
func (c *WorkflowClient) resolveLostCreate(ctx context.Context, s *submission, cause error) (*unstructured.Unstructured, error) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	existing, err := c.workflows.Get(last, s.claim.Name, metav1.GetOptions{})
	if err == nil && s.claim.check(existing) == nil {
		s.found = !s.claim.madeBy(existing)
		return existing, nil
	}
	if notFound(err) {
		if past, err := c.remembered(last, s); past != nil && err == nil {
			return past, nil
		}
	}
	// "Not found" proves nothing: a request in flight can still succeed.
	return nil, s.failed(unknownOutcome(ctx, cause))
}

// isIn reports whether a later state contains the change. A state of a later run can't show whether
// a change of the first run took effect.
func (ch *change) isIn(now *status.WorkflowStatus, first *run) (bool, error) {
	retried := first.checkSame(now)
	if retried != nil && !ch.restarts {
		return false, retried
	}
	did, err := ch.tookEffect(now)
	if !did && err == nil {
		err = retried
	}
	return did, err
}

// unknownIfSent returns err, or if ch is a write that was sent, the error of an unknown outcome.
func (ch *change) unknownIfSent(err error) error {
	if ch == nil {
		return err
	}
	return unknown(err)
}

func unknownOutcome(ctx context.Context, cause error) error {
	return unknown(pace.Ended(ctx, cause))
}

// unknown returns the error of a write whose outcome is unknown because of cause.
func unknown(cause error) error {
	if errors.Is(cause, ErrUnknownOutcome) {
		return cause
	}
	for _, s := range sentinels() {
		if errors.Is(cause, s) {
			return &unknownError{cause}
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, cause)
}

// unknownError is the error of a write whose outcome is unknown because of an error that matches a
// sentinel. It does not unwrap to that error, since an error matches only one sentinel.
type unknownError struct{ cause error }

func (e *unknownError) Error() string { return ErrUnknownOutcome.Error() + ": " + e.cause.Error() }

func (e *unknownError) Unwrap() error { return ErrUnknownOutcome }
