package workflow

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// sentinels returns the errors that an [Error] can match. If a cause can match two of them, the
// first one counts, so one that refines another precedes it.
func sentinels() []error {
	return []error{
		ErrUnknownOutcome, ErrHistory, ErrTemplateNotFound, ErrNotInstalled, ErrNotSuspended, ErrReplaced, ErrDeleted, ErrLogsIncomplete,
		ErrCompleted, ErrNotCompleted, ErrNodesGone, ErrNodesOffloaded, ErrUnreadable, ErrUnsupported, ErrNotFound, ErrAlreadyExists,
		ErrUnauthorized, ErrForbidden, ErrInvalid, ErrIdempotencyMismatch, ErrConflict, ErrUnavailable,
	}
}

// sentinelOf returns the sentinel that err matches itself, or else the one for the API server's
// response or the network failure. It returns nil if there is none.
func sentinelOf(err error) error {
	if errors.Is(err, ErrUnknownOutcome) {
		return ErrUnknownOutcome
	}
	if contextEnded(err) {
		return nil // other errors in the chain, such as the context's cause, don't count
	}
	for _, s := range sentinels() {
		if errors.Is(err, s) {
			return s
		}
	}
	switch {
	case fault.Unreadable(err):
		return ErrUnreadable
	case fault.TooLarge(err):
		return ErrInvalid
	case fault.MissingResource(err):
		return ErrNotInstalled
	case fault.Transient(err):
		return ErrUnavailable
	}
	switch apierrors.ReasonForError(err) {
	case metav1.StatusReasonNotFound:
		return ErrNotFound
	case metav1.StatusReasonAlreadyExists:
		return ErrAlreadyExists
	case metav1.StatusReasonUnauthorized:
		return ErrUnauthorized
	case metav1.StatusReasonForbidden:
		return ErrForbidden
	case metav1.StatusReasonInvalid, metav1.StatusReasonBadRequest, metav1.StatusReasonRequestEntityTooLarge:
		return ErrInvalid
	case metav1.StatusReasonConflict:
		return ErrConflict
	}
	return nil
}

// contextEnded reports whether err is the error of a call whose context ended.
func contextEnded(err error) bool {
	var waited *WaitError
	var stopped *pace.InterruptedError
	var held *DeletionHeldError
	return errors.As(err, &waited) || errors.As(err, &stopped) || errors.As(err, &held)
}

// notFound and forbidden report what the API server answered. They ignore what the cause of the
// caller's context may match.
func notFound(err error) bool {
	return !contextEnded(err) && apierrors.IsNotFound(err) && !fault.MissingResource(err)
}

func forbidden(err error) bool { return !contextEnded(err) && apierrors.IsForbidden(err) }
