package workflow

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// sentinels are the values that an [Error] can match, those first that a cause can carry
// beside another.
func sentinels() []error {
	return []error{
		ErrUnknownOutcome, ErrTemplateNotFound, ErrNotInstalled, ErrNotSuspended, ErrReplaced, ErrDeleted,
		ErrCompleted, ErrNotCompleted, ErrNodesOffloaded, ErrUnsupported, ErrNotFound, ErrAlreadyExists,
		ErrUnauthorized, ErrForbidden, ErrInvalid, ErrConflict, ErrUnavailable,
	}
}

// sentinelOf names what err is about: what it says itself, else what the API server's
// answer or the network's failure means. nil: nothing that has a name.
func sentinelOf(err error) error {
	if errors.Is(err, ErrUnknownOutcome) {
		return ErrUnknownOutcome
	}
	if contextEnded(err) {
		return nil // whatever else was met, or is the context's cause, is beside the point
	}
	for _, s := range sentinels() {
		if errors.Is(err, s) {
			return s
		}
	}
	switch {
	case unreadable(err):
		return ErrUnsupported
	case tooLarge(err):
		return ErrInvalid
	case missingResource(err):
		return ErrNotInstalled
	case transient(err):
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

// contextEnded reports whether err is that of a call whose context ended.
func contextEnded(err error) bool {
	var waited *WaitError
	var stopped *interrupted
	var held *DeletionHeldError
	return errors.As(err, &waited) || errors.As(err, &stopped) || errors.As(err, &held)
}

// notFound and forbidden tell what the API server answered, as opposed to what the cause of
// the caller's context may be.
func notFound(err error) bool {
	return !contextEnded(err) && apierrors.IsNotFound(err) && !missingResource(err)
}

func forbidden(err error) bool { return !contextEnded(err) && apierrors.IsForbidden(err) }

// missingResource tells the 404 of an API server that doesn't know a resource from that
// of an object: the former is no Status but a plain page, which client-go notes as a cause.
func missingResource(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// transient reports whether the same request can succeed a little later. The list is that
// of Argo's util/errors, plus answers that were cut off and every failure inside the server:
// an etcd that restarts shows as a plain 500.
func transient(err error) bool {
	var answer apierrors.APIStatus
	if errors.As(err, &answer) {
		switch s := answer.Status(); {
		case tooLarge(err):
			return false
		case s.Code == http.StatusTooManyRequests, s.Code >= http.StatusInternalServerError && s.Code != http.StatusNotImplemented,
			s.Reason == metav1.StatusReasonServerTimeout:
			return true
		default:
			return quotaExceeded(s) || quotaBusy(s)
		}
	}
	return !unreadable(err) && (notSent(err) || cutOff(err))
}

// unreadable reports whether the nodes stand in the object but cannot be unpacked: cut off
// or too large. That doesn't pass.
func unreadable(err error) bool {
	var nodes *status.NodesError
	return errors.As(err, &nodes)
}

// tooLarge reports whether the object is more than etcd, or the API server's connection to
// it, takes. The answer is a 500, but nothing was written.
func tooLarge(err error) bool {
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

// notSent reports whether the network failed before anything was sent: the dial, the name
// look-up.
func notSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) || throttled(err)
}

// throttled reports whether client-go's rate limiter would not let a request go before the
// context ends. It has no type for that.
func throttled(err error) bool {
	return err != nil && strings.Contains(err.Error(), "client rate limiter Wait returned an error")
}

// cutOff reports whether the connection failed on the way, so that it is not known what
// the server has done.
func cutOff(err error) bool {
	if untrusted(err) || isContextError(err) {
		return false
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op != "remote error" ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		utilnet.IsTimeout(err) || http2Closed(err)
}

// isContextError finds a context's own error in the chain. errors.Is would take a timeout of
// net/http for one, too.
func isContextError(err error) bool {
	for err != nil {
		if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // identity is meant, and the chain is walked here
			return true
		}
		err = errors.Unwrap(err)
	}
	return false
}

// http2Closed: net/http keeps the types of these errors to itself.
func http2Closed(err error) bool {
	var failed *url.Error
	if !errors.As(err, &failed) && !strings.Contains(err.Error(), "reading response body") {
		return false
	}
	for _, text := range []string{
		"GOAWAY", "http2: server sent", "stream error", "http2: client conn", "response body closed",
	} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &verification) || errors.As(err, &authority)
}

// mayHaveHappened reports whether a write that failed with err may have taken effect all
// the same. Only a server's own refusal, or none to send it to, excludes that.
func mayHaveHappened(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return !notSent(err) && !untrusted(err)
	}
	s := answer.Status()
	return s.Code >= http.StatusInternalServerError && !tooLarge(err) || s.Reason == metav1.StatusReasonTimeout
}
