package legacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// Defaults of [SubprocessOptions].
const (
	DefaultMaxOutput = 64 << 20
	DefaultKillAfter = 2 * time.Second
	// DefaultMaxProcesses bounds the memory: each process takes some tens of MiB.
	DefaultMaxProcesses = 64
)

const (
	// maxStderr is how much of standard error is kept.
	maxStderr = 4 << 10
	// maxPrintedStderr is how much of it is in the message of an error, in escapes where necessary: as
	// much as is kept, with a note of what was cut off.
	maxPrintedStderr = maxStderr + 64
)

// SubprocessOptions configure a [SubprocessExecutor]. The zero value is ready to use.
type SubprocessOptions struct {
	// Binary is the program. It defaults to "kubectl", which is looked up in PATH.
	Binary string
	// Kubeconfig and Context select the cluster. They default to what kubectl finds itself, which
	// in a pod is the service account.
	Kubeconfig, Context string
	// Env names variables that are passed to kubectl in addition to PATH, HOME, USER, TMPDIR,
	// KUBECONFIG, KUBECACHEDIR, those for proxies and certificates, and those with the address of
	// the API server in a pod. Credential plugins may need more.
	Env []string
	// MaxOutput is how many bytes a command may print unless it is Unbounded, also if its output is
	// streamed. It defaults to [DefaultMaxOutput]. Output stays in a pipe until it is read.
	MaxOutput int64
	// KillAfter is how long a command may take to end after its context has ended before it is
	// killed. It defaults to [DefaultKillAfter].
	KillAfter time.Duration
	// MaxProcesses is how many processes run at once. It defaults to [DefaultMaxProcesses], and is
	// at least 2. A command blocks until there is a slot or its context ends. A quarter of the
	// slots, at least one, is never given to watches and logs. If more of those are open than there
	// are slots, they take turns of some seconds: a [KubectlClient] opens each one again where it
	// stopped, so states and lines arrive later, and none is lost.
	MaxProcesses int
}

// SubprocessExecutor runs kubectl as a process, without a shell, in a process group that ends with
// the command's context. It is safe for concurrent use.
type SubprocessExecutor struct {
	opts  SubprocessOptions
	slots *slots
}

var _ CommandStreamer = (*SubprocessExecutor)(nil)

// NewSubprocessExecutor returns an executor. It does not run a command itself: if kubectl is
// missing, each command fails.
func NewSubprocessExecutor(opts SubprocessOptions) *SubprocessExecutor {
	if opts.Binary == "" {
		opts.Binary = "kubectl"
	}
	if opts.MaxOutput <= 0 {
		opts.MaxOutput = DefaultMaxOutput
	}
	if opts.KillAfter <= 0 {
		opts.KillAfter = DefaultKillAfter
	}
	if opts.MaxProcesses <= 0 {
		opts.MaxProcesses = DefaultMaxProcesses
	}
	opts.Env = slices.Clone(opts.Env)
	return &SubprocessExecutor{opts: opts, slots: newSlots(opts.MaxProcesses)}
}

// ExecuteCommand implements [CommandExecutor].
func (e *SubprocessExecutor) ExecuteCommand(ctx context.Context, cmd Command) (CommandOutput, error) {
	cmd.Unbounded = false
	s, err := e.start(ctx, cmd)
	if err != nil {
		return CommandOutput{}, err
	}
	stdout, err := io.ReadAll(s)
	_ = s.Close() // the command has ended
	var failed *CommandError
	if err != nil && (!errors.As(err, &failed) || failed.Err != nil) {
		return CommandOutput{}, err
	}
	out := CommandOutput{Stdout: string(stdout), Stderr: s.stderr.String()}
	if failed != nil {
		out.ReturnCode = failed.ReturnCode
	}
	return out, nil
}

// StreamCommand implements [CommandStreamer].
func (e *SubprocessExecutor) StreamCommand(ctx context.Context, cmd Command) (io.ReadCloser, error) {
	s, err := e.start(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// process is kubectl with the processes that it starts.
type process struct {
	*exec.Cmd

	killer *time.Timer // set when it is interrupted
}

// waitAndClean waits for the process and kills what it leaves behind.
func (p *process) waitAndClean() error {
	err := p.Wait() // afterwards Cancel is no longer called
	if p.killer != nil {
		p.killer.Stop() // the id of the group may be reused
	}
	endGroup(p.Cmd)
	return err
}

func (e *SubprocessExecutor) command(ctx context.Context, cmd Command) *process {
	var args []string
	if e.opts.Kubeconfig != "" {
		args = append(args, "--kubeconfig="+e.opts.Kubeconfig)
	}
	if e.opts.Context != "" {
		args = append(args, "--context="+e.opts.Context)
	}
	p := &process{Cmd: exec.CommandContext(ctx, e.opts.Binary, append(args, cmd.Args...)...)}
	p.Env = e.environment(os.LookupEnv)
	p.Stdin = bytes.NewReader(cmd.Stdin)
	ownGroup(p.Cmd)
	p.Cancel = func() error {
		p.killer = time.AfterFunc(e.opts.KillAfter, func() { endGroup(p.Cmd) })
		return interruptGroup(p.Cmd)
	}
	// A process outside the group may hold pipes open.
	p.WaitDelay = e.opts.KillAfter + time.Second
	return p
}

// environment returns the variables of the host's environment that a command needs.
func (e *SubprocessExecutor) environment(lookup func(string) (string, bool)) []string {
	var env []string
	for _, name := range append([]string{
		"PATH", "HOME", "USER", "TMPDIR", "KUBECONFIG", "KUBECACHEDIR", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	}, e.opts.Env...) {
		if value, found := lookup(name); found {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func verb(cmd Command) string {
	if len(cmd.Args) == 0 {
		return ""
	}
	return cmd.Args[0]
}

func notStarted(ctx context.Context, cmd Command, err error) error {
	if ctx.Err() != nil {
		return &CommandError{Verb: verb(cmd), ReturnCode: -1, Err: context.Cause(ctx), NotSent: true}
	}
	return &CommandError{Verb: verb(cmd), ReturnCode: -1, Err: fmt.Errorf("%w: %w", ErrKubectlMissing, err), NotSent: true}
}

// ended returns the error for how a process ended, or nil if it succeeded. A helper of kubectl that
// holds its pipes open does not make it fail.
func ended(ctx context.Context, cmd Command, err error, stderr string) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	failed := &CommandError{Verb: verb(cmd), ReturnCode: -1, Stderr: secret.Scrub(strings.TrimSpace(stderr))}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil: // it was stopped, whatever it printed
		failed.Err, failed.Stderr = context.Cause(ctx), ""
	case errors.As(err, &exit) && exit.Exited():
		failed.ReturnCode = exit.ExitCode()
	default: // killed by another process
		failed.Err = errors.Join(io.ErrUnexpectedEOF, err)
	}
	return failed
}

// boundedBuffer keeps the first bytes that are written to it. Write never fails, since that would
// make a process end with a signal.
type boundedBuffer struct {
	most int

	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements [io.Writer].
func (b *boundedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p[:min(len(p), b.most-b.buf.Len())])
	return len(p), nil
}

// String returns what was kept.
func (b *boundedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
