package workflow

import (
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// Reasons to give up a watch that the server hasn't ended, or not to open one.
var (
	errReopen  = errors.New("the watch is to be opened anew")
	errMute    = errors.New("the watch has brought nothing, not even a bookmark")
	errNothing = errors.New("there is nothing to watch")
)

// errSeenSince: a read is superseded by a state that has come in meanwhile.
var errSeenSince = errors.New("a later state has come in")

// refusals is a time in which the API server gave no other answers than refusals.
type refusals struct{ since time.Time } // zero: the last answer was none

// stop takes note of anything else than a refusal.
func (r *refusals) stop() { r.since = time.Time{} }

// lasted takes note of the refusal of a request, and reports whether there were only refusals for
// longer than patience.
func (r *refusals) lasted(began time.Time, patience time.Duration) bool {
	if r.since.IsZero() {
		r.since = began
		return false
	}
	return time.Since(r.since) > patience
}

// watchError is an error that came as an event of a watch, or the failure to read an event.
type watchError struct{ err error }

func (e *watchError) Error() string { return e.err.Error() }
func (e *watchError) Unwrap() error { return e.err }

// passing reports whether following can go on after err: the watch ended, for instance
// because its version is too old by now, or the fault is transient.
func passing(err error) bool {
	var ended *watchError
	return err == nil || errors.Is(err, errMute) || errors.Is(err, errNothing) ||
		errors.As(err, &ended) || fault.Expired(err) || fault.Transient(err)
}

// undecoded reports whether a dynamic client could not decode an event, or was cut off in it:
// client-go makes that an event which says that the server failed.
func undecoded(err error) bool { return apierrors.HasStatusCause(err, "ClientWatchDecoding") }

// malformed reports whether an event could not be read, as opposed to one that says what is
// wrong.
func malformed(err error) bool {
	var e *watchError
	var answer apierrors.APIStatus
	return errors.As(err, &e) && !errors.As(e.err, &answer)
}
