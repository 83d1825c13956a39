package podlogs

import "fmt"

// IncompleteError is the error of logs that were not read to their ends because their pods were
// deleted. It follows the last line of all other logs.
type IncompleteError struct {
	Missing []Missing // at least one
	Err     error     // with which the call would have ended otherwise; nil if it would have succeeded
}

// Missing is the log of a container of which lines may be missing.
type Missing struct{ Pod, Container string }

func (e *IncompleteError) Unwrap() error { return e.Err }

func (e *IncompleteError) Error() string {
	text := fmt.Sprintf("pods were deleted before %d logs were read to the end", len(e.Missing))
	if e.Err != nil {
		text = e.Err.Error() + "; " + text
	}
	return text
}

// incomplete is the error of a call that ends with err and has not read these logs to their ends.
func incomplete(missing []Missing, err error) error {
	if len(missing) == 0 {
		return err
	}
	return &IncompleteError{Missing: missing, Err: err}
}

// UnavailableError is the error of a log that could not be read for as long as it was retried.
type UnavailableError struct {
	Pod, Container string
	Err            error // that of the last attempt
}

func (e *UnavailableError) Unwrap() error { return e.Err }

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("log of container %s of pod %s: %v", e.Container, e.Pod, e.Err)
}

// DeletedError is what the function that delivers a workflow's states to [Logs.Follow] returns if the
// workflow was deleted or replaced: Follow reads what its containers have written, and then returns Err.
type DeletedError struct{ Err error }

func (e *DeletedError) Unwrap() error { return e.Err }
func (e *DeletedError) Error() string { return e.Err.Error() }

// brokenLogError is the error of a log that broke off.
type brokenLogError struct{ err error }

func (e *brokenLogError) Error() string { return "the log broke off: " + e.err.Error() }
func (e *brokenLogError) Unwrap() error { return e.err }
