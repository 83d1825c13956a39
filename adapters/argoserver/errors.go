package argoserver

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Op names an operation in errors.
type Op string

// The operations are the methods of [Client].
const (
	OpByUID    Op = "read-archived-by-uid"
	OpByName   Op = "read-archived-by-name"
	OpList     Op = "list-archived"
	OpRetry    Op = "retry-archived"
	OpResubmit Op = "resubmit-archived"
	OpArtifact Op = "read-artifact"
)

// Error is the error of an operation. It matches exactly one of [workflow.ErrNotFound],
// [workflow.ErrInvalid], [workflow.ErrHistory] and, for Retry and Resubmit, [workflow.ErrAlreadyExists] and
// [workflow.ErrUnknownOutcome]. If a context ended, it also matches the context's cause and Err.
//
// Its string contains no URL, no header and nothing that the server has said.
type Error struct {
	Op        Op
	Namespace string // "" for a list of all namespaces
	// Name or UID is that of the workflow. A list has neither, until the workflow that it fails at.
	Name string
	UID  types.UID
	// Status is the HTTP status of the response, or 0 if there was none.
	Status int
	// Message is what the server has said, up to 1 KiB, for logs that only the host's operators read: it can
	// contain names of hosts and users of the database, and a proxy can repeat what was sent to it.
	Message string
	Err     error

	kind      error // the sentinel
	ended     error // Err of a context that has ended
	transient bool
}

// Transient reports whether the same call may succeed soon: the server could not be reached, did not answer
// in time, had too many requests, or could not reach its database.
func (e *Error) Transient() bool { return e.transient }

func (e *Error) Error() string {
	text := string(e.Op)
	switch {
	case e.UID != "":
		text += " " + e.Namespace + "/" + string(e.UID)
	case e.Name != "":
		text += " " + e.Namespace + "/" + e.Name
	case e.Namespace != "":
		text += " in namespace " + e.Namespace
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	} else {
		text += ": " + e.kind.Error()
	}
	return status.Printable(text)
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the sentinel, and the Err of a context that has ended.
func (e *Error) Is(target error) bool {
	return target != nil && (target == e.kind || target == e.ended)
}

// of completes e with what happened.
func (e Error) of(err error) error {
	e.kind, e.Err = workflow.ErrHistory, err
	var f *failure
	var invalid *workflow.InvalidError
	switch {
	case errors.As(err, &invalid):
		e.kind = workflow.ErrInvalid
	case errors.As(err, &f):
		e.Status, e.Message, e.ended, e.transient = f.status, f.message, f.ended, f.transient
		if f.notFound {
			e.kind, e.Err = workflow.ErrNotFound, nil
		}
	}
	return &e
}

// failure says what failed in words of this package.
type failure struct {
	status        int
	text, message string
	cause, ended  error // of a context that has ended
	transient     bool

	notFound bool // the server answered that it has no such workflow
	tooLarge bool // the answer exceeds Options.MaxSize
	sent     bool // the server may have acted on the request
	answered bool // the server itself answered, and not something in front of it
	code     int  // of gRPC, if the server answered
}

func (e *failure) Error() string { return e.text }

func (e *failure) Unwrap() error { return e.cause }

// isNotFound reports whether the server answered that it has no such workflow.
func isNotFound(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.notFound
}

// timeoutError is the end of Options.Timeout.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string {
	return fmt.Sprintf("no answer of the Argo server within %v", e.after)
}

// lost rewords an error of net/http, which contains the URL.
func lost(ctx context.Context, err error) *failure {
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		if late := new(timeoutError); errors.As(cause, &late) {
			return &failure{text: late.Error(), transient: true, sent: true} // the caller's context has not ended
		}
		return &failure{text: cause.Error(), cause: cause, ended: ctx.Err(), sent: true}
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var network *net.OpError
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	const unreachable = "the Argo server cannot be reached: "
	switch {
	case errors.As(err, &network):
		return &failure{text: unreachable + network.Error(), transient: true, sent: network.Op != "dial"}
	case errors.As(err, &lookup):
		return &failure{text: unreachable + lookup.Error(), transient: true}
	case errors.As(err, &certificate):
		return &failure{text: "the Argo server's certificate is not accepted: " + certificate.Err.Error()}
	case errors.Is(err, http.ErrSchemeMismatch):
		return &failure{text: "the Argo server does not use TLS: is the scheme of Options.URL right?"}
	case utilnet.IsTimeout(err):
		return &failure{text: "the Argo server did not answer in time", transient: true, sent: true}
	case errors.Is(err, io.ErrUnexpectedEOF), utilnet.IsProbableEOF(err), utilnet.IsConnectionReset(err),
		utilnet.IsHTTP2ConnectionLost(err), errors.Is(err, net.ErrClosed), isHTTP2Closed(err):
		return &failure{text: "the connection to the Argo server was lost", transient: true, sent: true}
	}
	// Its type helps to find it in the log of the host's own transport.
	return &failure{text: fmt.Sprintf("the host's HTTP client failed (%T)", innermost(err)), sent: true}
}

// isHTTP2Closed reports whether an HTTP/2 connection or stream was closed. net/http does not export the types
// of these errors.
func isHTTP2Closed(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "stream error") || strings.HasPrefix(text, "http2: client conn") || strings.Contains(text, "GOAWAY")
}

func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// Argo's own answers. A proxy's answer with the same status has another body.
const (
	codeNotFound      = 5
	codeAlreadyExists = 6
	// saysNotFound is what the server says about a workflow that its archive does not have.
	saysNotFound = "not found"
	// saysNoArchive is what a server without persistence says about every workflow.
	saysNoArchive = "getting archived workflows not supported"
)

// refusal returns the error that a response with another status than 200 is.
func refusal(response *http.Response) *failure {
	const mostRead, mostShown = 64 << 10, 1 << 10
	body, _ := io.ReadAll(io.LimitReader(response.Body, mostRead)) // the status counts anyway
	var said struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	f := &failure{status: response.StatusCode, sent: true}
	if json.Unmarshal(body, &said) == nil && said.Code != nil {
		f.answered, f.code = true, *said.Code
	} else {
		said.Message = string(body)
	}
	f.message = status.Printable(said.Message[:min(len(said.Message), mostShown)])
	f.notFound = f.answered && f.status == http.StatusNotFound && f.code == codeNotFound && said.Message == saysNotFound
	f.text, f.transient = meaningOf(f.status)
	if f.answered && said.Message == saysNoArchive {
		f.text, f.transient = "the Argo server has no archive: is persistence configured in its ConfigMap?", false
	}
	return f
}

// meaningOf says what a status means, and what to do about it, and whether it passes.
func meaningOf(code int) (text string, transient bool) {
	switch code {
	case http.StatusUnauthorized:
		return "the Argo server does not accept the token, or got none (401): compare Options.HTTP with its --auth-mode. " +
			"For artifacts, the token may lack the permission to get the workflow", false
	case http.StatusForbidden:
		return "the token lacks a permission on workflows in the namespace (403): it needs get and list", false
	case http.StatusNotFound:
		return "what answered 404 is not an Argo server: is Options.URL right?", false
	case http.StatusNotImplemented:
		return "the Argo server does not know the request (501): is it 3.6 or later?", false
	case http.StatusTooManyRequests:
		return "the Argo server has too many requests (429)", true
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Sprintf("the Argo server, or its database, cannot answer now (%d); Message has what it said", code), true
	}
	if code/100 == 3 {
		return fmt.Sprintf("the Argo server redirects (%d), which is not followed: is Options.URL right?", code), false
	}
	return fmt.Sprintf("the Argo server refused the request (%d); Message has what it said", code), false
}
