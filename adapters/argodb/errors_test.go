package argodb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// stateError is like the errors of PostgreSQL's drivers.
type stateError string

func (e stateError) Error() string    { return "secret" }
func (e stateError) SQLState() string { return string(e) }

func TestFailures(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for _, next := range []struct {
		err        error
		code, want string
		transient  bool
	}{
		{err: stateError("42501"), code: "42501", want: "lacks a right (42501)"},
		{err: fmt.Errorf("failed to connect to `user=secret`: %w", stateError("28P01")), code: "28P01", want: "does not accept"},
		{err: stateError("57P03"), code: "57P03", want: "starting (57P03)", transient: true},
		{err: stateError("57P05"), code: "57P05", want: "closed the connection (57P05)", transient: true},
		{err: stateError("08006"), code: "08006", want: "error 08006", transient: true},
		{err: stateError("XX000"), code: "XX000", want: "error XX000"},
		{err: errors.New("Error 1146 (42S02): Table 'secret' doesn't exist"), code: "1146", want: "a table does not exist (1146)"},
		{err: errors.New("Error 1205 (HY000): secret"), code: "1205", want: "error 1205", transient: true},
		{err: fmt.Errorf("secret: %w", dial), want: "cannot be reached: dial tcp: connection refused", transient: true},
		{err: fmt.Errorf("secret: %w", io.ErrUnexpectedEOF), want: "connection to the database was lost", transient: true},
		{err: fmt.Errorf("secret: %w", &net.DNSError{Err: "no such host", Name: "db"}), want: "cannot be reached: lookup db: no such host", transient: true},
		{err: &url.Error{Op: "parse", URL: "postgres://u:secret@h", Err: errors.New("secret")}, want: "driver failed"},
		{err: errors.Join(fmt.Errorf("secret: %w", context.DeadlineExceeded)), want: "did not answer in time", transient: true},
		{err: driver.ErrBadConn, want: "connection to the database was lost", transient: true},
		{err: errors.New("cannot parse `postgres://u:secret@h`"), want: "driver failed (*errors.errorString)"},
	} {
		err := Error{Op: OpByUID, Namespace: "ma", UID: "1"}.of(failure(t.Context(), next.err))
		var typed *Error
		if !errors.As(err, &typed) || typed.Code != next.code || typed.Transient() != next.transient ||
			!strings.Contains(err.Error(), next.want) || !errors.Is(err, workflow.ErrHistory) {
			t.Errorf("%v: %v", next.err, err)
		}
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			if strings.Contains(cause.Error(), "secret") {
				t.Errorf("%v shows a secret", cause)
			}
		}
	}
}

func TestContextsThatEnded(t *testing.T) {
	cause := errors.New("the host is leaving")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	err := Error{Op: OpList}.of(failure(ctx, stateError("57014")))
	if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) || !errors.Is(err, workflow.ErrHistory) {
		t.Errorf("%v", err)
	}
	late, cancelLate := context.WithTimeoutCause(t.Context(), 0, &timeoutError{time.Second})
	defer cancelLate()
	err = Error{Op: OpList}.of(failure(late, stateError("57014")))
	var typed *Error
	if !errors.As(err, &typed) || !typed.Transient() || errors.Is(err, context.DeadlineExceeded) ||
		!strings.Contains(err.Error(), "no answer of the database within 1s") {
		t.Errorf("%v", err)
	}
}
