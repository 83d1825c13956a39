package leash

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

// run starts the child, passes signals on to it, and returns its exit code. It
// kills the child when the parent goes. Self is the path of the wrapper's link.
func run(self string, s spec, args []string) (int, error) {
	dir := filepath.Dir(filepath.Dir(self))
	// Opened, not created: where the locks are gone the janitor has been here.
	alive, err := os.OpenFile(filepath.Join(dir, aliveLock), os.O_RDWR, 0)
	if err != nil {
		return exitNotRun, fmt.Errorf("parent is gone: %w", err)
	}
	// The locks are for as long as this process lives, so neither is closed.
	defer runtime.KeepAlive(alive)
	if err := lock(alive, syscall.LOCK_SH); err != nil {
		return exitNotRun, err
	}
	parent, err := os.OpenFile(filepath.Join(dir, parentLock), os.O_RDWR, 0)
	if err != nil {
		return exitNotRun, fmt.Errorf("parent is gone: %w", err)
	}
	if lock(parent, syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return exitNotRun, errors.New("parent is gone")
	}

	if err := adoptOrphans(); err != nil {
		return exitNotRun, err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	cmd := exec.Command(s.Binary, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = sysProcAttr()
	if !s.Foreground {
		// Its own group, so that a signal to the wrapper's group reaches it
		// once, through the wrapper. And it shares the alive lock, so that the
		// folder stays while it still writes, even if the wrapper is killed.
		cmd.SysProcAttr.Setpgid = true
		cmd.ExtraFiles = []*os.File{alive}
	}
	// The parent death signal comes when the *thread* that started the child ends.
	runtime.LockOSThread()
	if err := cmd.Start(); err != nil {
		return exitNotRun, fmt.Errorf("start: %w", err)
	}
	if err := writePID(self, cmd.Process.Pid); err != nil {
		// The child can be used all the same, but for Signal, which says so.
		fmt.Fprintf(os.Stderr, "leash: %s: %v\n", filepath.Base(self), err)
	}
	go func() {
		for sig := range signals {
			if s.Foreground && sig == syscall.SIGINT {
				continue // the terminal has sent it to the child as well
			}
			_ = cmd.Process.Signal(sig)
		}
	}()
	go func() {
		if lock(parent, syscall.LOCK_SH) == nil {
			_ = cmd.Process.Kill()
		}
	}()
	code, err := exitCode(cmd.Wait())
	removePID(self)
	if lock(parent, syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		// The parent is gone, and what the child has started goes too.
		return code, errors.Join(err, endOrphans())
	}
	return code, err
}

// exitCode is the code a shell would report for the result of a Wait.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if err == nil {
		return 0, nil
	}
	if !errors.As(err, &exit) {
		return exitNotRun, fmt.Errorf("wait: %w", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
