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
	// stopTimeout is what a process gets between SIGTERM and SIGKILL.
	stopTimeout = 10 * time.Second

	pollInterval = 50 * time.Millisecond
)

// process is a part of the cluster that runs as a process under a leash.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; read after done
}

// startProcess starts a program that logs to the file of its name, and has it
// stopped with the cluster.
func (c *Cluster) startProcess(name, binary string, env, args []string) (*process, error) {
	path, err := c.leash.Wrap(name, binary)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(c.logPath(name))
	if err != nil {
		return nil, fmt.Errorf("create log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy

	p := &process{name: name, cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Dir = c.Dir()
	// Nothing of the caller's: a KUBECONFIG or ARGO_… of theirs would change what
	// the part does, and what a part keeps in its home should go with the cluster.
	p.cmd.Env = append([]string{"HOME=" + c.Dir(), "TMPDIR=" + c.Dir(), "PATH=" + os.Getenv("PATH")}, env...)
	// A group of its own, so that Ctrl-C reaches the caller alone, who stops
	// the parts in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	c.started(name, p.stop)
	return p, nil
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
