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

// codes returns the status codes of the API server by reason, as in the constructors of
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

// The beginnings of kubectl's messages, from checkErr and StandardErrorMessage in k8s.io/kubectl's
// pkg/cmd/util/helpers.go.
const (
	wordsUnauthorized = "error: You must be logged in to the server ("
	wordsRefused      = "The connection to the server "
	wordsUnable       = "Unable to connect to the server: "
	wordsNoResource   = "the server doesn't have a resource type "
	wordsNoSuchPath   = "the server could not find the requested resource"
)

// serverError parses "Error from server (NotFound): the message". The part in parentheses is
// missing if the answer had no reason.
func serverError(text string) (reason metav1.StatusReason, message string, ok bool) {
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

// isInvalid recognizes `The Workflow "x" is invalid: the message`.
func isInvalid(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return strings.HasPrefix(first, "The request is invalid") || strings.HasPrefix(first, "The ") && strings.Contains(first, `" is invalid`)
}

// isNoise recognizes a warning of the API server, and a line of klog such as "E1124 19:55:00.000000
// …".
func isNoise(line string) bool {
	return strings.HasPrefix(line, "Warning: ") ||
		len(line) > 5 && strings.IndexByte("IWEF", line[0]) >= 0 && strings.Trim(line[1:5], "0123456789") == "" && line[5] == ' '
}

// failure returns why a command failed: the refusal of the API server as a Status, or else an error
// whose kind says whether the request may have had an effect.
func failure(cmd Command, out CommandOutput) (*metav1.Status, error) {
	text := secret.Scrub(message(out.Stderr)) // credential plugins print there, too
	other := &CommandError{Verb: verb(cmd), ReturnCode: out.ReturnCode, Stderr: cut(text)}
	if reason, said, ok := serverError(text); ok {
		return refusal(reason, said), nil
	}
	switch {
	case isInvalid(text):
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

// notConnected returns an error of a kind that occurs before anything is sent.
func notConnected(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

// badConfiguration recognizes errors about what kubectl reads before it sends anything.
func badConfiguration(text string) bool {
	if after, ok := strings.CutPrefix(text, "error: "); ok {
		return slices.ContainsFunc(beforeRequest(), func(words string) bool { return strings.HasPrefix(after, words) }) ||
			strings.Contains(after, " auth plugin has been removed")
	}
	return strings.HasPrefix(text, "Error in configuration: ") || strings.HasPrefix(text, wordsUnable+"getting credentials: ")
}

// beforeRequest returns how kubectl's errors about its files and settings begin, behind "error: ".
// Other messages behind "error: " can come from a connection that was cut while the answer was
// read.
func beforeRequest() []string {
	return []string{
		"stat ", "open ", "unable to read ", "unable to load root certificates: ", "tls: ", `context "`, "error loading config file ",
		"invalid configuration: ", "more than one authentication method found ", "invalid 'proxy-url' ", "host must be a URL ", "exec plugin: ",
	}
}

// refusal returns the Status with which the API server answered.
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
		// As client-go reports a server that does not know the resource.
		s.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeUnexpectedServerResponse, Message: "unknown"}}}
	}
	return s
}

// message returns what kubectl printed to standard error, without leading noise.
func message(stderr string) string {
	var kept []string
	for line := range strings.Lines(stderr) {
		if len(kept) > 0 || !isNoise(line) {
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
