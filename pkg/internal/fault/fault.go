package fault

import (
	"errors"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Transient reports whether the same request can succeed a little later. It covers what Argo's
// util/errors lists, answers that were cut off, and every internal failure of the server: a restart
// of etcd shows as a plain 500.
func Transient(err error) bool {
	if err == nil {
		return false
	}
	var answer apierrors.APIStatus
	if errors.As(err, &answer) {
		switch s := answer.Status(); {
		case TooLarge(err):
			return false
		case s.Code == http.StatusTooManyRequests, s.Code >= http.StatusInternalServerError && s.Code != http.StatusNotImplemented,
			s.Reason == metav1.StatusReasonServerTimeout:
			return true
		default:
			return quotaExceeded(s) || quotaBusy(s)
		}
	}
	return !Unreadable(err) && !lasting(err) && (notSent(err) || cutOff(err))
}

// MayHaveHappened reports whether a write that failed with err may have taken effect nonetheless.
// Only a refusal by the server or a request that was never sent excludes that.
func MayHaveHappened(err error) bool {
	if err == nil {
		return false
	}
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return !notSent(err) && !untrusted(err) && !Unsent(err)
	}
	s := answer.Status()
	return s.Code >= http.StatusInternalServerError && !TooLarge(err) || s.Reason == metav1.StatusReasonTimeout
}

// Refused reports whether the server did not accept the caller's credentials or they lack a
// permission. An exceeded quota has the same status code, but is [Transient].
func Refused(err error) bool {
	return (apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err)) && !Transient(err)
}

// QuotaExceeded reports whether the server refused a create because a quota of the namespace is used
// up. It checks quotas last, so the object is valid in all other respects.
func QuotaExceeded(err error) bool {
	var answer apierrors.APIStatus
	return errors.As(err, &answer) && quotaExceeded(answer.Status())
}

// Expired reports whether a watch cannot begin at a version: it is too old, or newer than the
// server's data, which may have been restored from a backup.
func Expired(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) ||
		apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge)
}

// MissingResource reports whether the API server does not know the resource, rather than the
// object. Such a 404 is a plain page instead of a Status, which client-go adds as a cause.
func MissingResource(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// UnreadableError is the error for an object that is not valid JSON or is nested too deep.
type UnreadableError struct{ Err error }

func (e *UnreadableError) Error() string { return "read the object: " + e.Err.Error() }
func (e *UnreadableError) Unwrap() error { return e.Err }

// Unreadable reports whether an object cannot be read or is of another kind, or its compressed nodes
// cannot be read: they are cut off, too large or malformed. The same object stays unreadable.
func Unreadable(err error) bool {
	var object *UnreadableError
	return errors.Is(err, status.ErrUnreadable) || errors.As(err, &object) || malformed(err) || Unparsable(err)
}

// malformed reports whether JSON is not valid. JSON that was cut off is not malformed.
func malformed(err error) bool {
	var syntax *wfjson.SyntaxError
	return errors.As(err, &syntax) && syntax.Err == nil
}

// notParsed is how client-go's message begins. It has no type for the error.
const notParsed = "json parse error: "

// Unparsable reports whether a dynamic client could not parse an answer. One object of a list makes
// the whole answer unparsable.
func Unparsable(err error) bool {
	return err != nil && strings.Contains(err.Error(), notParsed)
}

// TooLarge reports whether the object is too large for etcd or for the API server's connection to
// etcd. The answer is a 500, but nothing was written.
func TooLarge(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return false
	}
	text := answer.Status().Message
	return strings.Contains(text, "etcdserver: request is too large") || strings.Contains(text, "trying to send message larger than max")
}

func quotaExceeded(s metav1.Status) bool {
	return s.Reason == metav1.StatusReasonForbidden && strings.Contains(s.Message, "exceeded quota")
}

// quotaBusy reports whether counting for a quota failed because many objects were created at the
// same time.
func quotaBusy(s metav1.Status) bool {
	return s.Reason == metav1.StatusReasonConflict && strings.Contains(s.Message, "Operation cannot be fulfilled on resourcequota")
}
