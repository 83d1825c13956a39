package legacy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// codes are those that the API server answers with for a reason: those of the constructors in
// k8s.io/apimachinery/pkg/api/errors.
func codes() map[metav1.StatusReason]int32 {
	return map[metav1.StatusReason]int32{
		metav1.StatusReasonUnauthorized:          http.StatusUnauthorized,
		metav1.StatusReasonForbidden:             http.StatusForbidden,
		metav1.StatusReasonNotFound:              http.StatusNotFound,
		metav1.StatusReasonAlreadyExists:         http.StatusConflict,
		metav1.StatusReasonConflict:              http.StatusConflict,
		metav1.StatusReasonGone:                  http.StatusGone,
		metav1.StatusReasonExpired:               http.StatusGone,
		metav1.StatusReasonInvalid:               http.StatusUnprocessableEntity,
		metav1.StatusReasonServerTimeout:         http.StatusInternalServerError,
		metav1.StatusReasonTimeout:               http.StatusGatewayTimeout,
		metav1.StatusReasonTooManyRequests:       http.StatusTooManyRequests,
		metav1.StatusReasonBadRequest:            http.StatusBadRequest,
		metav1.StatusReasonMethodNotAllowed:      http.StatusMethodNotAllowed,
		metav1.StatusReasonNotAcceptable:         http.StatusNotAcceptable,
		metav1.StatusReasonRequestEntityTooLarge: http.StatusRequestEntityTooLarge,
		metav1.StatusReasonUnsupportedMediaType:  http.StatusUnsupportedMediaType,
		metav1.StatusReasonInternalError:         http.StatusInternalServerError,
		metav1.StatusReasonServiceUnavailable:    http.StatusServiceUnavailable,
		metav1.StatusReasonStoreReadError:        http.StatusInternalServerError,
	}
}

// How kubectl words its failures: checkErr and StandardErrorMessage in k8s.io/kubectl's
// pkg/cmd/util/helpers.go.
const (
	wordsUnauthorized = "error: You must be logged in to the server ("
	wordsRefused      = "The connection to the server "
	wordsUnable       = "Unable to connect to the server: "
	wordsNoResource   = "the server doesn't have a resource type "
	wordsNoSuchPath   = "the server could not find the requested resource"
)

// serverSaid takes apart "Error from server (NotFound): the text", the part in parentheses missing
// where the answer had no reason.
func serverSaid(text string) (reason metav1.StatusReason, message string, ok bool) {
	rest, ok := strings.CutPrefix(text, "Error from server")
	if !ok {
		return "", "", false
	}
	if message, ok := strings.CutPrefix(rest, ": "); ok {
		return "", message, true
	}
	rest, opened := strings.CutPrefix(rest, " (")
	word, message, closed := strings.Cut(rest, "): ")
	return metav1.StatusReason(word), message, opened && closed && word != "" && !strings.ContainsAny(word, " ()\n")
}

// calledInvalid tells `The Workflow "x" is invalid: the text`.
func calledInvalid(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return strings.HasPrefix(first, "The request is invalid") || strings.HasPrefix(first, "The ") && strings.Contains(first, `" is invalid`)
}

// besides tells an API server's warning, or a line of klog such as "E1124 19:55:00.000000 …".
func besides(line string) bool {
	return strings.HasPrefix(line, "Warning: ") ||
		len(line) > 5 && strings.IndexByte("IWEF", line[0]) >= 0 && strings.Trim(line[1:5], "0123456789") == "" && line[5] == ' '
}

// failure tells what a command that failed has met: the API server's refusal, as a Status, or
// else an error, of a kind that says whether the request can have had an effect.
func failure(cmd Command, out CommandOutput) (*metav1.Status, error) {
	text := secret.Scrub(complaint(out.Stderr)) // credential plugins print there, too
	other := &CommandError{Verb: verb(cmd), ReturnCode: out.ReturnCode, Stderr: cut(text)}
	if reason, message, ok := serverSaid(text); ok {
		return refusal(reason, message), nil
	}
	switch {
	case calledInvalid(text):
		return refusal(metav1.StatusReasonInvalid, text), nil
	case strings.HasPrefix(text, wordsUnauthorized):
		return refusal(metav1.StatusReasonUnauthorized, strings.TrimSuffix(strings.TrimPrefix(text, wordsUnauthorized), ")")), nil
	case strings.Contains(text, wordsNoResource):
		return refusal(metav1.StatusReasonNotFound, wordsNoSuchPath+": "+text), nil
	case strings.HasPrefix(text, wordsRefused):
		other.Err = notConnected(syscall.ECONNREFUSED)
	case strings.Contains(text, "unknown flag: "):
		other.Err, other.NotSent = ErrKubectlTooOld, true
	case badConfiguration(text):
		other.NotSent = true
	case has(text, "x509: ", "tls: failed to verify certificate"):
		other.Err = &tls.CertificateVerificationError{Err: errors.New("the API server's certificate is not trusted")}
	case strings.HasPrefix(text, wordsUnable) && has(text, "dial tcp", "no such host", "TLS handshake timeout", "connect: "):
		other.Err = notConnected(errors.New("no connection to the API server"))
	case has(text, "EOF", "connection reset", "broken pipe", "i/o timeout", "http2: ", "GOAWAY", "stream error", "Client.Timeout", "context deadline exceeded"):
		other.Err = io.ErrUnexpectedEOF
	}
	return nil, other
}

// notConnected is an error of the kind of those that come before anything is sent.
func notConnected(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

// badConfiguration tells complaints about what kubectl reads before it sends anything.
func badConfiguration(text string) bool {
	if after, ok := strings.CutPrefix(text, "error: "); ok {
		return slices.ContainsFunc(beforeRequest(), func(words string) bool { return strings.HasPrefix(after, words) }) ||
			strings.Contains(after, " auth plugin has been removed")
	}
	return strings.HasPrefix(text, "Error in configuration: ") || strings.HasPrefix(text, wordsUnable+"getting credentials: ")
}

// beforeRequest is how kubectl's complaints about its files and settings begin, behind "error: ".
// Others that it words like that can come from a connection that was cut as the answer was read.
func beforeRequest() []string {
	return []string{
		"stat ", "open ", "unable to read ", "unable to load root certificates: ", "tls: ", `context "`, "error loading config file ",
		"invalid configuration: ", "more than one authentication method found ", "invalid 'proxy-url' ", "host must be a URL ", "exec plugin: ",
	}
}

// refusal makes the Status that the API server had answered with.
func refusal(reason metav1.StatusReason, message string) *metav1.Status {
	code, known := codes()[reason]
	if !known {
		code = http.StatusInternalServerError
	}
	s := &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}
	if reason == metav1.StatusReasonNotFound && strings.HasPrefix(message, wordsNoSuchPath) {
		// As client-go has it of a server that doesn't know the resource at all.
		s.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeUnexpectedServerResponse, Message: "unknown"}}}
	}
	return s
}

// complaint is what was printed without what comes besides.
func complaint(stderr string) string {
	var kept []string
	for line := range strings.Lines(stderr) {
		if len(kept) > 0 || !besides(line) {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, ""))
}

func has(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

func cut(text string) string {
	if len(text) <= maxStderr {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxStderr], ""), len(text))
}
