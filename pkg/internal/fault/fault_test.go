package fault_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestTransientAndMayHaveHappened(t *testing.T) {
	workflows := schema.GroupResource{Group: "argoproj.io", Resource: "workflows"}
	answer := func(code int, message string) error {
		return apierrors.NewGenericServerResponse(code, "POST", workflows, "w", message, 0, false)
	}
	requestFailed := func(err error) error { return &url.Error{Op: "Post", URL: "https://x", Err: err} }
	type row struct {
		err               error
		transient, doubts bool
	}
	passes := func(err error) row { return row{err: err, transient: true} }
	lost := func(err error) row { return row{err: err, transient: true, doubts: true} }
	final := func(err error) row { return row{err: err} }
	unknown := func(err error) row { return row{err: err, doubts: true} }
	for name, tc := range map[string]row{
		"nothing":            final(nil),
		"not found":          final(apierrors.NewNotFound(workflows, "w")),
		"no such resource":   final(apierrors.NewGenericServerResponse(404, "GET", workflows, "", "404 page not found", 0, true)),
		"exists":             final(apierrors.NewAlreadyExists(workflows, "w")),
		"unauthorized":       final(apierrors.NewUnauthorized("who?")),
		"forbidden":          final(apierrors.NewForbidden(workflows, "w", errors.New("no"))),
		"quota":              passes(apierrors.NewForbidden(workflows, "w", errors.New("exceeded quota: x"))),
		"bad request":        final(apierrors.NewBadRequest("unknown field")),
		"invalid":            final(apierrors.NewInvalid(schema.GroupKind{}, "w", nil)),
		"too large":          final(apierrors.NewRequestEntityTooLargeError("big")),
		"conflict":           final(apierrors.NewConflict(workflows, "w", errors.New("changed"))),
		"busy":               passes(apierrors.NewTooManyRequests("later", 1)),
		"server timeout":     lost(apierrors.NewServerTimeout(workflows, "create", 1)),
		"timeout":            lost(apierrors.NewTimeoutError("too slow", 1)),
		"not implemented":    unknown(answer(http.StatusNotImplemented, "x")),
		"unavailable":        lost(answer(http.StatusServiceUnavailable, "x")),
		"gateway":            lost(answer(http.StatusGatewayTimeout, "x")),
		"etcd":               lost(apierrors.NewInternalError(errors.New("etcdserver: leader changed"))),
		"internal":           lost(apierrors.NewInternalError(errors.New("rpc error: code = Unavailable"))),
		"too large for etcd": final(apierrors.NewInternalError(errors.New("etcdserver: request is too large"))),
		"too large to send": final(apierrors.NewInternalError(
			errors.New("rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)"))),
		"quota counted by many": passes(apierrors.NewConflict(
			schema.GroupResource{Resource: "resourcequotas"}, "q", errors.New("the object has been modified"))),
		"nodes cut off": unknown(&status.NodesError{Err: io.ErrUnexpectedEOF}),
		"throttled": passes(errors.New(
			"client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline")),
		"a bare deadline":            unknown(context.DeadlineExceeded),
		"refused":                    passes(requestFailed(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})),
		"no such host":               passes(requestFailed(&net.DNSError{Name: "x"})),
		"reset":                      lost(requestFailed(&net.OpError{Op: "read", Err: syscall.ECONNRESET})),
		"EOF":                        lost(requestFailed(io.EOF)),
		"cut answer":                 lost(fmt.Errorf("unexpected error when reading response body: %w", io.ErrUnexpectedEOF)),
		"cut by an unknown protocol": lost(&fault.CutOffError{Err: errors.New("odd")}),
		"ended by its transport":     unknown(&fault.CutOffError{Err: &fault.LastingError{Err: errors.New("too long")}}),
		"GOAWAY":                     lost(requestFailed(errors.New("http2: server sent GOAWAY and closed the connection"))),
		"connection that was cut as it was made": lost(requestFailed(errors.New(
			"http2: client conn could not be established - error from a previous attempt: unexpected EOF"))),
		"never sent":    final(requestFailed(unsent(true))),
		"perhaps sent":  unknown(requestFailed(unsent(false))),
		"untrusted":     final(requestFailed(x509.UnknownAuthorityError{})),
		"anything else": unknown(errors.New("odd")),
		"wrapped":       lost(fmt.Errorf("start: %w", answer(http.StatusServiceUnavailable, "x"))),
	} {
		t.Run(name, func(t *testing.T) {
			if got := fault.Transient(tc.err); got != tc.transient {
				t.Errorf("transient: %v", got)
			}
			if got := fault.MayHaveHappened(tc.err); got != tc.doubts {
				t.Errorf("may have happened: %v", got)
			}
		})
	}
}

// unsent is an error that reports whether nothing was sent.
type unsent bool

func (u unsent) Error() string { return "program missing" }
func (u unsent) Unsent() bool  { return bool(u) }

func TestKindsOfAnswers(t *testing.T) {
	workflows := schema.GroupResource{Group: "argoproj.io", Resource: "workflows"}
	kinds := map[string]func(error) bool{
		"expired": fault.Expired, "missing resource": fault.MissingResource, "refused": fault.Refused,
		"too large": fault.TooLarge, "unreadable": fault.Unreadable, "quota": fault.QuotaExceeded,
	}
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"nothing":          {nil, ""},
		"odd":              {errors.New("odd"), ""},
		"expired":          {apierrors.NewResourceExpired("old"), "expired"},
		"gone":             {apierrors.NewGenericServerResponse(http.StatusGone, "get", schema.GroupResource{}, "", "old", 0, false), "expired"},
		"no such resource": {apierrors.NewGenericServerResponse(404, "GET", workflows, "", "404 page not found", 0, true), "missing resource"},
		"no such object":   {apierrors.NewNotFound(workflows, "w"), ""},
		"unauthorized":     {apierrors.NewUnauthorized("who?"), "refused"},
		"forbidden":        {apierrors.NewForbidden(workflows, "w", errors.New("no")), "refused"},
		"quota":            {apierrors.NewForbidden(workflows, "w", errors.New("exceeded quota: x")), "quota"},
		"etcd":             {apierrors.NewInternalError(errors.New("etcdserver: request is too large")), "too large"},
		"nodes":            {&status.NodesError{Err: io.ErrUnexpectedEOF}, "unreadable"},
		"another kind":     {&status.NotWorkflowError{Kind: "Pod"}, "unreadable"},
	} {
		for kind, is := range kinds {
			if is(tc.err) != (kind == tc.want) {
				t.Errorf("%s: %s is %v", name, kind, is(tc.err))
			}
		}
	}
}
