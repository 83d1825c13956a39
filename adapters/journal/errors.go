package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// databaseError is the error of a request to the database. It matches [workflow.ErrHistory].
type databaseError struct {
	action string
	err    error
}

func (e *databaseError) Error() string {
	return workflow.ErrHistory.Error() + ": journal: " + e.action + ": " + e.err.Error()
}

func (e *databaseError) Unwrap() []error { return []error{workflow.ErrHistory, e.err} }

// Transient reports whether the request may succeed if it is repeated: the database was away, busy, or
// could not serialize it with another one.
func (e *databaseError) Transient() bool {
	for _, passing := range []error{driver.ErrBadConn, errSlow, errFull, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(e.err, passing) {
			return true
		}
	}
	var network net.Error
	if errors.As(e.err, &network) {
		return true
	}
	if isBusy(e.err) {
		return true
	}
	var state interface{ SQLState() string }
	if errors.As(e.err, &state) && len(state.SQLState()) == 5 {
		// Connections, rollbacks such as of a deadlock, resources, and a server that starts or stops.
		return slices.Contains([]string{"08", "40", "53", "57"}, state.SQLState()[:2])
	}
	return false
}

// isBusy reports whether another connection has the file of SQLite at that moment.
func isBusy(err error) bool {
	const busy, locked = 5, 6 // SQLITE_BUSY, SQLITE_LOCKED
	var lite interface{ Code() int }
	return errors.As(err, &lite) && slices.Contains([]int{busy, locked}, lite.Code()&0xff)
}

// divisible reports whether writes whose transaction failed may succeed one by one. They don't if the database
// is away or busy.
func divisible(err error) bool {
	failed := &databaseError{err: err}
	var state interface{ SQLState() string }
	rolledBack := errors.As(err, &state) && strings.HasPrefix(state.SQLState(), "40") // such as by a deadlock
	return rolledBack || !failed.Transient()
}

// unavailable returns err as one of the database or, if the caller's context has ended, why that has. What a
// driver limits by itself, such as the time for connecting, looks like the end of a context, too.
func unavailable(ctx context.Context, action string, err error) error {
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(cause, errSlow): // that of limited
		return &databaseError{action, errSlow}
	case cause != nil:
		return cause
	}
	return &databaseError{action, err}
}

// limited returns the context for a request, which a database that does not answer must not hold for longer.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, storeFor, errSlow)
}

var (
	errClosed = errors.New("the journal is closed")
	// errSlow is the error of a request that the database has not answered within [storeFor].
	errSlow = errors.New("the database does not answer")
	// errFull is the error of a write that is not queued.
	errFull = errors.New("too many writes wait for the database")
	// errMoved is the error of a journal whose file is no longer the one that others open.
	errMoved = errors.New("the file was deleted or replaced while the journal was open; open it again")
)
