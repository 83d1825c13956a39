package legacy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// CommandExecutor runs kubectl. Its methods are called from many goroutines at once.
type CommandExecutor interface {
	// ExecuteCommand runs a command to its end. That kubectl fails is no error but a
	// ReturnCode; an error says that it did not run, or not to its end: a [*CommandError], whose
	// NotSent tells the two apart.
	// It blocks until the process has ended, which ctx's end brings about.
	ExecuteCommand(ctx context.Context, cmd Command) (CommandOutput, error)
}

// CommandStreamer is an executor that can hand on what a command prints while it runs. Without
// it a [KubectlClient] sees what it follows every few seconds only, and cannot follow logs.
type CommandStreamer interface {
	CommandExecutor
	// StreamCommand starts a command and returns what it prints, all of it, however slowly it
	// is read. Reading ends with [io.EOF] where the command succeeds, otherwise with a
	// [*CommandError]. Closing it ends the process.
	StreamCommand(ctx context.Context, cmd Command) (io.ReadCloser, error)
}

// Command is one call of kubectl.
type Command struct {
	// Args are the arguments after the program's name. There is nothing secret in those of
	// a [KubectlClient]: objects go by Stdin.
	Args  []string
	Stdin []byte
	// Unbounded is set for a watch or a log: what it prints is read as it comes, and may be of
	// any length. It matters to StreamCommand only.
	Unbounded bool
}

// String is the command line; of the input it only has the size, since objects have values of
// parameters in them.
func (c Command) String() string {
	text := "kubectl " + strings.Join(c.Args, " ")
	if len(c.Stdin) > 0 {
		text += fmt.Sprintf(" < %d bytes", len(c.Stdin))
	}
	return text
}

// Format implements [fmt.Formatter], for every verb: it prints what String returns.
func (c Command) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, c.String()) }

// LogValue implements [slog.LogValuer].
func (c Command) LogValue() slog.Value { return slog.StringValue(c.String()) }

// CommandOutput is what a command printed, and how it ended.
type CommandOutput struct {
	Stdout, Stderr string
	ReturnCode     int // 0: it succeeded
}

// Success reports whether the command succeeded.
func (o CommandOutput) Success() bool { return o.ReturnCode == 0 }

// String says how the command ended. Of what it printed it only has the size and, with secrets masked,
// the complaint, since objects have values of parameters in them.
func (o CommandOutput) String() string {
	text := fmt.Sprintf("kubectl ended with %d, %d bytes printed", o.ReturnCode, len(o.Stdout))
	if o.Stderr != "" {
		text += ": " + secret.Scrub(strings.TrimSpace(o.Stderr))
	}
	return text
}

// Format implements [fmt.Formatter], for every verb: it prints what String returns.
func (o CommandOutput) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, o.String()) }

// LogValue implements [slog.LogValuer].
func (o CommandOutput) LogValue() slog.Value { return slog.StringValue(o.String()) }
