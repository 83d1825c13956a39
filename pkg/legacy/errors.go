package legacy

import (
	"errors"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
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
	// Stderr is what it printed as its complaint, cut to 4 KiB, with passwords and tokens masked that are
	// known by their form. The error's text has it made [status.Printable].
	Stderr string
	// Err is why, where it was not kubectl that failed: the context's error,
	// [ErrKubectlMissing], [ErrOutputTooLarge].
	Err error
	// NotSent: the API server received nothing, since kubectl could not be started, or refused its
	// arguments or configuration. So a write has certainly not happened.
	NotSent bool
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
		text += ": " + status.Printable(e.Stderr) // credential plugins and proxies have their part in it
	}
	return text
}

func (e *CommandError) Unwrap() error { return e.Err }

// Unsent reports whether the API server received nothing.
func (e *CommandError) Unsent() bool { return e.NotSent }

// unsentError is the error of a request for which there is no command.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }
func (e unsentError) Unsent() bool  { return true }
