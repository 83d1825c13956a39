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
	// stopTimeout is the time between SIGTERM and SIGKILL, long enough for a busy machine, and for an API
	// server, which gives its requests a minute (--request-timeout) to end.
	stopTimeout = 90 * time.Second

	pollInterval = 50 * time.Millisecond
)

// process is a part of the cluster that runs as a process under a leash.
type process struct {
	cluster    *Cluster
	name, path string
	env, args  []string

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// startProcess starts a program that logs to a file with its name, and registers it to be stopped
// with the cluster.
func (c *Cluster) startProcess(name, binary string, env, args []string) (*process, error) {
	p, err := c.newProcess(name, binary, env, args)
	if err != nil {
		return nil, err
	}
	c.started(name, p.stop)
	return p, nil
}

// newProcess is startProcess for a process that its caller registers.
func (c *Cluster) newProcess(name, binary string, env, args []string) (*process, error) {
	path, err := c.leash.Wrap(name, binary)
	if err != nil {
		return nil, err
	}
	p := &process{cluster: c, name: name, path: path, env: env, args: args}
	return p, p.launch()
}

// launch starts the process, or starts it again after it has been killed. Its output is appended to
// its log file.
func (p *process) launch() error {
	log, err := os.OpenFile(p.cluster.logPath(p.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", p.name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy

	dir := p.cluster.Dir()
	cmd, done := exec.Command(p.path, p.args...), make(chan struct{})
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = dir
	// The caller's environment is not passed on: its KUBECONFIG or ARGO_… would change how the part
	// behaves. HOME is the work folder, so that Stop removes what the part writes there.
	cmd.Env = append([]string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}, p.env...)
	// The process has its own group, so that only the caller receives Ctrl-C and stops the parts in
	// order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		_ = cmd.Wait() // ProcessState says how it ended
		close(done)
	}()
	p.cmd, p.done = cmd, done
	return nil
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
	if err := p.ended(); err != nil {
		return fmt.Errorf("had ended before: %w", err)
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

// kill ends the process at once, and otherwise does what stop does. Argo's controller of 4.0 ignores
// SIGTERM: a handler that it installs for its first log messages does no more than print them.
func (p *process) kill() error {
	if err := p.ended(); err != nil {
		return fmt.Errorf("had ended before: %w", err)
	}
	_ = p.cmd.Process.Kill() // the wrapper; the program ends with it
	<-p.done
	return nil
}

// ended returns how the process ended, or nil while it runs.
func (p *process) ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended: %s", p.name, p.cmd.ProcessState)
	default:
		return nil
	}
}

// until calls do until it succeeds. It returns an error early if one of the processes ends or ctx
// is done; the last error of do is part of the latter. what names what do waits for.
func until(ctx context.Context, what string, do func(context.Context) error, processes ...*process) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		for _, p := range processes {
			if err := p.ended(); err != nil {
				return false, err
			}
		}
		last = do(ctx)
		return last == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil || last == nil:
		return fmt.Errorf("wait until %s: %w", what, err)
	default:
		return fmt.Errorf("wait until %s: %w (last: %w)", what, context.Cause(ctx), last)
	}
}
