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

// Transient reports whether the same request can succeed a little later. The list is that
// of Argo's util/errors, plus answers that were cut off and every failure inside the server:
// an etcd that restarts shows as a plain 500.
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

// MayHaveHappened reports whether a write that failed with err may have taken effect all
// the same. Only a refusal by the server, or a request that was never sent, excludes that.
func MayHaveHappened(err error) bool {
	if err == nil {
		return false
	}
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return !notSent(err) && !untrusted(err) && !unsent(err)
	}
	s := answer.Status()
	return s.Code >= http.StatusInternalServerError && !TooLarge(err) || s.Reason == metav1.StatusReasonTimeout
}

// Refused reports whether the server did not accept the caller's credentials, or they lack a
// permission. An exceeded quota is answered alike, but is [Transient].
func Refused(err error) bool {
	return (apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err)) && !Transient(err)
}

// Expired reports whether a version can't be watched from: too much has happened since, or the
// server hasn't come to it, and never will if its data was put back to an earlier state.
func Expired(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) ||
		apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge)
}

// MissingResource tells the 404 of an API server that doesn't know a resource from that
// of an object: the former is no Status but a plain page, which client-go notes as a cause.
func MissingResource(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// UnreadableError is the error for an object of an answer that is not valid JSON, or is nested
// too deep to be read.
type UnreadableError struct{ Err error }

func (e *UnreadableError) Error() string { return "read the object: " + e.Err.Error() }
func (e *UnreadableError) Unwrap() error { return e.Err }

// Unreadable reports whether the object cannot be read, or its nodes are in it but cannot be
// unpacked: cut off or too large. That doesn't pass.
func Unreadable(err error) bool {
	var nodes *status.NodesError
	var object *UnreadableError
	return errors.As(err, &nodes) || errors.As(err, &object) || malformed(err) || Unparsable(err)
}

// malformed reports whether JSON is not valid, and not because it was cut off.
func malformed(err error) bool {
	var syntax *wfjson.SyntaxError
	var broken *status.JSONError
	return errors.As(err, &syntax) && syntax.Err == nil || errors.As(err, &broken) && broken.Err == nil
}

// notParsed is how client-go begins to say what it met in an answer. It has no type for that.
const notParsed = "json parse error: "

// Unparsable reports whether a dynamic client could not parse an answer as a whole: one object
// of a list is enough for that.
func Unparsable(err error) bool {
	return err != nil && strings.Contains(err.Error(), notParsed)
}

// TooLarge reports whether the object is more than etcd, or the API server's connection to
// it, takes. The answer is a 500, but nothing was written.
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

// quotaBusy: many objects were created at the same time, so that counting them failed.
func quotaBusy(s metav1.Status) bool {
	return s.Reason == metav1.StatusReasonConflict && strings.Contains(s.Message, "Operation cannot be fulfilled on resourcequota")
}
