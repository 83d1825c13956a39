package pace

import (
	"context"
	"time"
)

// Sleep blocks for d. If ctx ends first, it returns the interruption by ctx.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return Interruption(ctx, nil)
	}
}

// Ended returns err, or the interruption by ctx if ctx has ended and err is not nil.
func Ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return Interruption(ctx, err)
}

// Interruption returns the error of a call whose context has ended. last is the error of its last
// attempt, or nil.
func Interruption(ctx context.Context, last error) error {
	return &InterruptedError{cause: context.Cause(ctx), ended: ctx.Err(), last: last}
}

// InterruptedError is the error of a call whose context ended. It unwraps to the context's cause and
// matches the context's Err. Its text includes the error of the last attempt.
type InterruptedError struct {
	cause, ended, last error
}

func (e *InterruptedError) Error() string {
	if e.last == nil || e.last.Error() == e.cause.Error() {
		return e.cause.Error()
	}
	return e.cause.Error() + " (last attempt: " + e.last.Error() + ")"
}

func (e *InterruptedError) Unwrap() error { return e.cause }

// Is makes [errors.Is] match the context's Err.
func (e *InterruptedError) Is(target error) bool { return target == e.ended }
