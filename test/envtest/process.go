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
	// stopTimeout is the time between SIGTERM and SIGKILL, long enough for a busy machine.
	stopTimeout = time.Minute

	pollInterval = 50 * time.Millisecond
)

// program is how a process is started and restarted.
type program struct {
	name, path string
	env, args  []string
}

// process is a part of the cluster that runs as a process under a leash.
type process struct {
	program

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // result of the process; read after done
}

// startProcess starts a program that logs to a file with its name, and registers it to be stopped
// with the cluster.
func (c *Cluster) startProcess(name, binary string, env, args []string) (*process, error) {
	p, err := c.startProgram(name, binary, env, args)
	if err != nil {
		return nil, err
	}
	c.started(name, p.stop)
	return p, nil
}

// startPart is startProcess for a part that can be killed and restarted. ready blocks until the
// given process of the part works.
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

// launch starts a program. Its output is appended to its log file.
func (c *Cluster) launch(what program) (*process, error) {
	log, err := os.OpenFile(c.logPath(what.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", what.name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy

	p := &process{program: what, cmd: exec.Command(what.path, what.args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Dir = c.Dir()
	// The caller's environment is not passed on: its KUBECONFIG or ARGO_… would change how the part
	// behaves. HOME is the work folder, so that Stop removes what the part writes there.
	p.cmd.Env = append([]string{"HOME=" + c.Dir(), "TMPDIR=" + c.Dir(), "PATH=" + os.Getenv("PATH")}, what.env...)
	// The process has its own group, so that only the caller receives Ctrl-C and stops the parts in
	// order.
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

// wait blocks until the process has ended in whatever way.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop ends the process and waits for its end. It returns an error if the process had already ended
// by itself.
func (p *process) stop() error {
	select {
	case <-p.done:
		return fmt.Errorf("had ended before: %w", p.ended())
	default:
	}
	// If a signal fails, the process has just ended.
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

// ended returns how the process ended, or nil while it runs.
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

// until polls a condition until it holds. It returns an error early if one of the processes ends or
// ctx is done. Errors of the condition are retried; the last one is part of the error. what names
// the condition.
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
