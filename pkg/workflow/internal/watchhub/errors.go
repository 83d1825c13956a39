package watchhub

import (
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

var (
	// ErrDeleted means that the workflow was deleted while the call followed it.
	ErrDeleted = errors.New("workflow was deleted")
	// ErrReplaced means that another workflow of the same name has taken its place.
	ErrReplaced = errors.New("workflow was replaced by another of the same name")
)

// FollowError is the error of a call that cannot go on though no request has failed. It unwraps to
// [ErrDeleted], [ErrReplaced], or the cause of the caller's context, which has ended.
type FollowError struct {
	Last *status.WorkflowStatus // the last state that was seen, or nil
	Err  error
}

func (e *FollowError) Error() string { return e.Err.Error() }
func (e *FollowError) Unwrap() error { return e.Err }

var (
	// errReopen ends a request whose selector or position is out of date.
	errReopen = errors.New("the watch has to be opened again")
	// errNothing ends the watch of a workflow that does not exist, for a caller that may not list.
	errNothing = errors.New("there is nothing to watch")
	// errSuperseded means that a later state has arrived than the one to read.
	errSuperseded = errors.New("a later state has arrived")
)

// notFound reports whether the API server answered that the workflow does not exist.
func notFound(err error) bool {
	return !interrupted(err) && apierrors.IsNotFound(err) && !fault.MissingResource(err)
}

// forbidden reports whether the API server answered that the caller lacks a permission.
func forbidden(err error) bool { return !interrupted(err) && apierrors.IsForbidden(err) }

// interrupted reports whether err is the end of the caller's context, whose cause can be any error.
func interrupted(err error) bool {
	var ended *pace.InterruptedError
	return errors.As(err, &ended)
}

// refusals measures for how long the API server has answered with nothing but refusals.
type refusals struct{ since time.Time } // zero if the last answer was not a refusal

// reset records any other answer.
func (r *refusals) reset() { r.since = time.Time{} }

// exceed records the refusal of a request that began then, and reports whether there have been only
// refusals for longer than limit.
func (r *refusals) exceed(began time.Time, limit time.Duration) bool {
	if r.since.IsZero() {
		r.since = began
		return false
	}
	return time.Since(r.since) > limit
}
