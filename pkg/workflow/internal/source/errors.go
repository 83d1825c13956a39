package source

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// ErrIdle is the error of a request that brought nothing for longer than its idle timeout, not even
// a bookmark.
var ErrIdle = errors.New("the watch was silent for too long: not even a bookmark arrived")

// WatchError is an error event of a watch, or the failure to read an event.
type WatchError struct{ Err error }

func (e *WatchError) Error() string { return e.Err.Error() }
func (e *WatchError) Unwrap() error { return e.Err }

// Resumable reports whether another watch is worth opening after one that ended with err: the API
// server closed it (nil), its resource version has expired, or the fault is transient.
func Resumable(err error) bool {
	var ended *WatchError
	return err == nil || errors.Is(err, ErrIdle) || errors.As(err, &ended) || fault.Expired(err) || fault.Transient(err)
}

// Malformed reports whether an event could not be read, as opposed to an error event.
func Malformed(err error) bool {
	var ended *WatchError
	var answer apierrors.APIStatus
	return errors.As(err, &ended) && !errors.As(ended.Err, &answer)
}

// Undecodable reports whether a dynamic client could not decode an event, or was cut off in it.
// client-go turns that into an event which says that the server failed.
func Undecodable(err error) bool { return apierrors.HasStatusCause(err, "ClientWatchDecoding") }

func statusError(s metav1.Status) error { return apierrors.FromObject(&s) }
