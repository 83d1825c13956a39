package fault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// notSent reports whether the network failed before anything was sent: in the name look-up or the
// dial.
func notSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) || throttled(err)
}

// Unsent reports whether the error itself says that nothing was sent, such as that of a program
// that could not be started. Unlike a failure of the network, that is not transient.
func Unsent(err error) bool {
	var knows interface{ Unsent() bool }
	return errors.As(err, &knows) && knows.Unsent()
}

// throttled reports whether client-go's rate limiter would have delayed the request beyond the end
// of the context. It has no type for the error.
func throttled(err error) bool {
	return err != nil && strings.Contains(err.Error(), "client rate limiter Wait returned an error")
}

// LastingError is the error of a transport that the same request would get again, even if it occurs
// in the middle of an answer.
type LastingError struct{ Err error }

func (e *LastingError) Error() string { return e.Err.Error() }
func (e *LastingError) Unwrap() error { return e.Err }

func lasting(err error) bool {
	var lasts *LastingError
	return errors.As(err, &lasts)
}

// CutOffError is the error for an answer that began and was not complete. Each protocol has its own
// type for that, and net/http does not export the one of HTTP/2, so code that reads a body wraps
// every error in a CutOffError.
type CutOffError struct{ Err error }

func (e *CutOffError) Error() string { return "read the answer: " + e.Err.Error() }
func (e *CutOffError) Unwrap() error { return e.Err }

// bodyCutOff reports whether an answer was not complete. client-go has no type for that.
func bodyCutOff(err error) bool {
	var body *CutOffError
	return errors.As(err, &body) || strings.Contains(err.Error(), "error when reading response body")
}

// cutOff reports whether the connection failed after the request was sent, so the result is
// unknown.
func cutOff(err error) bool {
	if untrusted(err) || isContextError(err) {
		return false
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op != "remote error" || bodyCutOff(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		utilnet.IsTimeout(err) || http2Closed(err)
}

// isContextError reports whether a context's own error is in the chain. errors.Is would also match
// a timeout of net/http.
func isContextError(err error) bool {
	for err != nil {
		if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // identity is meant, and the chain is walked here
			return true
		}
		err = errors.Unwrap(err)
	}
	return false
}

// http2Closed reports whether an HTTP/2 connection or stream was closed. net/http does not export
// the types of these errors.
func http2Closed(err error) bool {
	var failed *url.Error
	if !errors.As(err, &failed) {
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
