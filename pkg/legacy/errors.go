package legacy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The errors of kubectl itself, for [errors.Is].
var (
	// ErrKubectlMissing means that the program does not exist or cannot be run. Install kubectl, or
	// set [SubprocessOptions.Binary].
	ErrKubectlMissing = errors.New("kubectl is missing")
	// ErrKubectlTooOld means that kubectl does not know a required option. Use 1.24 or later.
	ErrKubectlTooOld = errors.New("kubectl is too old")
	// ErrOutputTooLarge means that kubectl printed more than [SubprocessOptions.MaxOutput].
	ErrOutputTooLarge = errors.New("kubectl printed too much")
)

// CommandError is the error of a command that did not run, was stopped, or failed.
type CommandError struct {
	// Verb is the verb of kubectl, e.g. "get".
	Verb string
	// ReturnCode is the exit code of the process, or -1 if there is none.
	ReturnCode int
	// Stderr is what kubectl printed to standard error, truncated to 4 KiB, with passwords and
	// tokens masked that are known by their form. The error's string contains it in
	// [status.Printable] form.
	Stderr string
	// Err is the cause if kubectl itself did not fail: the cause of the context,
	// [ErrKubectlMissing], [ErrOutputTooLarge], or an error that represents kubectl's message.
	Err error
	// NotSent means that the API server received nothing, because kubectl could not be started or
	// refused its arguments or configuration. A write has certainly not happened.
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
		text += ": " + printable(e.Stderr)
	}
	return text
}

// printable returns stderr, which credential plugins and proxies can write to, for a terminal. Escapes
// take up to four times the space of what they stand for, so the result is cut as well.
func printable(stderr string) string {
	text := status.Printable(stderr)
	if len(text) <= maxPrintedStderr {
		return text
	}
	return strings.ToValidUTF8(text[:maxPrintedStderr], "") + "…"
}

func (e *CommandError) Unwrap() error { return e.Err }

// Unsent reports whether the API server received nothing.
func (e *CommandError) Unsent() bool { return e.NotSent }

// unsentError is the error of a request that does not have a command.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }
func (e unsentError) Unsent() bool  { return true }
