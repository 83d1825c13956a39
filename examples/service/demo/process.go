package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// endWithin is the time that a program has to shut down.
const endWithin = 20 * time.Second

// process is a program that runs beside this one. Its standard error goes to a file.
type process struct {
	log string
	out io.Reader

	cmd  *exec.Cmd
	stop context.CancelFunc
	once sync.Once
	err  error
}

// begin starts a program, which ends with ctx.
func begin(ctx context.Context, log string, env []string, program string, args ...string) (*process, error) {
	ctx, stop := context.WithCancel(ctx)
	p := &process{log: log, cmd: exec.CommandContext(ctx, program, args...), stop: stop}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = endWithin
	file, err := os.Create(log)
	if err != nil {
		stop()
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the program has it by then
	p.cmd.Stderr = file
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		stop()
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		stop()
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	return p, nil
}

// terminate signals it to end, as a kubelet does.
func (p *process) terminate() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// wait blocks until it has ended. It returns an error if the exit code is not 0.
func (p *process) wait() error {
	p.once.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

// end terminates it and waits for its end.
func (p *process) end() error {
	p.stop()
	return p.wait()
}

// logged waits for a log entry with that message, and returns its value for key.
func (p *process) logged(ctx context.Context, message, key string) (value string, err error) {
	err = eventually(ctx, "the service says that it is "+message, func() error {
		text, err := os.ReadFile(p.log)
		if err != nil {
			return err
		}
		for _, e := range entries(text) {
			if e["msg"] == message {
				value = fmt.Sprint(e[key])
				return nil
			}
		}
		return fmt.Errorf("so far: %s", text)
	})
	return value, err
}
