package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

type coded int

func (c coded) Error() string { return fmt.Sprint("code ", int(c)) }

func (c coded) Code() int { return int(c) }

type stateError string

func (s stateError) Error() string { return "state " + string(s) }

func (s stateError) SQLState() string { return string(s) }

func TestTransient(t *testing.T) {
	for err, want := range map[error]bool{
		driver.ErrBadConn:           true,
		errSlow:                     true,
		errFull:                     true,
		errMoved:                    false,
		&net.OpError{Op: "dial"}:    true,
		coded(5):                    true,  // SQLITE_BUSY
		coded(6):                    true,  // SQLITE_LOCKED
		coded(5 | 1<<8):             true,  // SQLITE_BUSY_RECOVERY
		coded(13):                   false, // SQLITE_FULL
		stateError("57P03"):         true,  // starts up
		stateError("40P01"):         true,  // a deadlock
		stateError("53300"):         true,  // too many connections
		stateError("42501"):         false, // not permitted
		stateError("5"):             false,
		errClosed:                   false,
		errors.New("another fault"): false,
	} {
		failed := unavailable(t.Context(), "store", fmt.Errorf("wrapped: %w", err))
		var knows interface{ Transient() bool }
		if !errors.As(failed, &knows) || knows.Transient() != want {
			t.Errorf("%v: want %t", failed, want)
		}
		if !errors.Is(failed, workflow.ErrHistory) || !errors.Is(failed, err) {
			t.Errorf("%v", failed)
		}
	}
	if err := unavailable(t.Context(), "store", nil); err != nil {
		t.Error(err)
	}
}

// A driver that has its own time limit fails as if a context had ended.
func TestContextOfTheDriver(t *testing.T) {
	var failed *databaseError
	if err := unavailable(t.Context(), "store", fmt.Errorf("connect: %w", context.DeadlineExceeded)); !errors.As(err, &failed) || !failed.Transient() {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	for _, err := range []error{context.Canceled, errors.New("interrupted")} {
		if err := unavailable(ended, "store", err); !errors.Is(err, why) || errors.As(err, &failed) {
			t.Errorf("%v", err)
		}
	}
}
