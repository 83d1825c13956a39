package envtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// stopTimeout is what a process gets between SIGTERM and SIGKILL, on a busy machine as well.
	stopTimeout = time.Minute

	pollInterval = 50 * time.Millisecond
)

// program is how a process is started, and started again.
type program struct {
	name, path string
	env, args  []string
}

// process is a part of the cluster that runs as a process under a leash.
type process struct {
	program

	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; read after done
}

// startProcess starts a program that logs to the file of its name, and has it
// stopped with the cluster.
func (c *Cluster) startProcess(name, binary string, env, args []string) (*process, error) {
	p, err := c.startProgram(name, binary, env, args)
	if err != nil {
		return nil, err
	}
	c.started(name, p.stop)
	return p, nil
}

// startPart is startProcess for a part that can be killed and restarted. Ready waits until
// the given process of it does its work.
func (c *Cluster) startPart(
	name Part, binary string, env, args []string, ready func(context.Context, *process) error,
) (*process, error) {
	p, err := c.startProgram(string(name), binary, env, args)
	if err != nil {
		return nil, err
	}
	now := p // changes under the part's lock
	c.addPart(&part{
		name: name,
		gone: func(ctx context.Context) error { return now.wait(ctx) },
		launch: func(context.Context) error {
			again, err := c.launch(now.program)
			if err == nil {
				now = again
			}
			return err
		},
		ready: func(ctx context.Context) error { return ready(ctx, now) },
		end:   func() error { return now.stop() },
	})
	return p, nil
}

func (c *Cluster) startProgram(name, binary string, env, args []string) (*process, error) {
	path, err := c.leash.Wrap(name, binary)
	if err != nil {
		return nil, err
	}
	return c.launch(program{name: name, path: path, env: env, args: args})
}

// launch starts a program. What it logs goes to the end of its file.
func (c *Cluster) launch(what program) (*process, error) {
	log, err := os.OpenFile(c.logPath(what.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", what.name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy

	p := &process{program: what, cmd: exec.Command(what.path, what.args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Dir = c.Dir()
	// Nothing of the caller's: a KUBECONFIG or ARGO_… of theirs would change what
	// the part does, and what a part keeps in its home should go with the cluster.
	p.cmd.Env = append([]string{"HOME=" + c.Dir(), "TMPDIR=" + c.Dir(), "PATH=" + os.Getenv("PATH")}, what.env...)
	// A group of its own, so that Ctrl-C reaches the caller alone, who stops
	// the parts in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", what.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// wait waits until the process has ended, however it does.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop ends the process and waits for its end. A process that has ended before,
// by itself, is an error.
func (p *process) stop() error {
	select {
	case <-p.done:
		return fmt.Errorf("had ended before: %w", p.ended())
	default:
	}
	// Errors of the signals mean that it has just ended.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return fmt.Errorf("killed, since it didn't end within %s", stopTimeout)
}

// ended says how the process ended; nil while it runs.
func (p *process) ended() error {
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s ended: %w", p.name, p.err)
		}
		return fmt.Errorf("%s ended", p.name)
	default:
		return nil
	}
}

// until polls a condition until it holds. It ends early, with an error, if one of
// the processes does or ctx is over; errors of the condition are retried, and the
// last one is part of the error. What is waited for is named by what.
func until(ctx context.Context, what string, condition func(context.Context) (bool, error), processes ...*process) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		for _, p := range processes {
			if err := p.ended(); err != nil {
				return false, err
			}
		}
		done, err := condition(ctx)
		if err != nil {
			last = err
		}
		return done && err == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil:
		return fmt.Errorf("wait until %s: %w", what, err)
	case last == nil:
		return fmt.Errorf("wait until %s: %w", what, context.Cause(ctx))
	default:
		return fmt.Errorf("wait until %s: %w (last: %w)", what, context.Cause(ctx), last)
	}
}
