package workflow

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons to give up a watch that the server hasn't ended, or not to open one.
var (
	errReopen  = errors.New("the watch is to be opened anew")
	errMute    = errors.New("the watch has brought nothing, not even a bookmark")
	errNothing = errors.New("there is nothing to watch")
)

// watchError is an error that came as an event of a watch, or the failure to read an event.
type watchError struct{ err error }

func (e *watchError) Error() string { return e.err.Error() }
func (e *watchError) Unwrap() error { return e.err }

// passing reports whether following can go on after err: the watch ended, for instance
// because its version is too old by now, or the fault is transient.
func passing(err error) bool {
	var ended *watchError
	return err == nil || errors.Is(err, errMute) || errors.Is(err, errNothing) ||
		errors.As(err, &ended) || expired(err) || transient(err)
}

// expired reports whether a version can't be watched from: too much has happened since, or the
// server hasn't come to it, and never will if its data was put back to an earlier state.
func expired(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) ||
		apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge)
}

// malformed reports whether an event could not be read, as opposed to one that says what is
// wrong.
func malformed(err error) bool {
	var e *watchError
	var answer apierrors.APIStatus
	return errors.As(err, &e) && !errors.As(e.err, &answer)
}
