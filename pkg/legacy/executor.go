package legacy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// CommandExecutor runs kubectl. It must be safe for concurrent use.
type CommandExecutor interface {
	// ExecuteCommand runs a command and blocks until it has ended. The end of ctx ends the command.
	// A failure of kubectl is a ReturnCode, not an error. The error is a [*CommandError] if the
	// command was not started (NotSent is true) or did not run to its end.
	ExecuteCommand(ctx context.Context, cmd Command) (CommandOutput, error)
}

// CommandStreamer is an executor that can return the output of a command while it runs. With an
// executor that is not a CommandStreamer, a [KubectlClient] watches by reading every few seconds
// and cannot follow logs.
type CommandStreamer interface {
	CommandExecutor
	// StreamCommand starts a command and returns its complete output, however slowly it is read.
	// Reading ends with [io.EOF] if the command succeeds, else with a [*CommandError]. An Unbounded
	// command may be ended to make room for another one; the error then matches
	// [io.ErrUnexpectedEOF]. Close ends the process.
	StreamCommand(ctx context.Context, cmd Command) (io.ReadCloser, error)
}

// Command is a call of kubectl.
type Command struct {
	// Args are the arguments behind the program's name. The commands of a [KubectlClient] have
	// nothing secret in them: they pass objects in Stdin.
	Args  []string
	Stdin []byte
	// Unbounded is set for watches and logs: the output may have any length, since it is read while
	// the command runs, which may be for hours. Only StreamCommand uses it.
	Unbounded bool
}

// String returns the command line with the size of the input. The input itself is not shown, since
// objects contain values of parameters.
func (c Command) String() string {
	text := "kubectl " + strings.Join(c.Args, " ")
	if len(c.Stdin) > 0 {
		text += fmt.Sprintf(" < %d bytes", len(c.Stdin))
	}
	return text
}

// Format implements [fmt.Formatter]. Every verb prints what String returns.
func (c Command) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, c.String()) }

// LogValue implements [slog.LogValuer].
func (c Command) LogValue() slog.Value { return slog.StringValue(c.String()) }

// CommandOutput is the output and the exit code of a command.
type CommandOutput struct {
	Stdout, Stderr string
	ReturnCode     int // 0 if it succeeded
}

// Success reports whether the command succeeded.
func (o CommandOutput) Success() bool { return o.ReturnCode == 0 }

// String returns the exit code, the size of the output, and standard error with secrets masked. The
// output itself is not shown, since objects contain values of parameters.
func (o CommandOutput) String() string {
	text := fmt.Sprintf("kubectl ended with %d, %d bytes printed", o.ReturnCode, len(o.Stdout))
	if o.Stderr != "" {
		text += ": " + secret.Scrub(strings.TrimSpace(o.Stderr))
	}
	return text
}

// Format implements [fmt.Formatter]. Every verb prints what String returns.
func (o CommandOutput) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, o.String()) }

// LogValue implements [slog.LogValuer].
func (o CommandOutput) LogValue() slog.Value { return slog.StringValue(o.String()) }
