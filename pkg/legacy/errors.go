package legacy

import (
	"errors"
	"fmt"
)

// What can be wrong with kubectl itself, to be matched with [errors.Is].
var (
	// ErrKubectlMissing: there is no such program, or it cannot be run. Install kubectl, or
	// set [SubprocessOptions.Binary].
	ErrKubectlMissing = errors.New("kubectl is missing")
	// ErrKubectlTooOld: kubectl doesn't know an option that is needed. 1.24 or later does.
	ErrKubectlTooOld = errors.New("kubectl is too old")
	// ErrOutputTooLarge: kubectl printed more than [SubprocessOptions.MaxOutput].
	ErrOutputTooLarge = errors.New("kubectl printed too much")
)

// CommandError is the error of a command that did not run, was ended, or failed.
type CommandError struct {
	// Verb is kubectl's, e.g. "get".
	Verb string
	// ReturnCode is the process's; -1: there is none.
	ReturnCode int
	// Stderr is what it printed as its complaint, cut to 4 KiB.
	Stderr string
	// Err is why, where it was not kubectl that failed: the context's error,
	// [ErrKubectlMissing], [ErrOutputTooLarge].
	Err error
}

func (e *CommandError) Error() string {
	text := "kubectl " + e.Verb
	switch {
	case e.Err != nil:
		text += ": " + e.Err.Error()
	default:
		text += fmt.Sprintf(" ended with %d", e.ReturnCode)
	}
	if e.Stderr != "" {
		text += ": " + e.Stderr
	}
	return text
}

func (e *CommandError) Unwrap() error { return e.Err }
