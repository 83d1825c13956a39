package leash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// pidSuffix is that of the file beside a wrapper's link that holds its child's process id
// while the child runs.
const pidSuffix = ".pid"

// ErrNotRunning is returned by [Leash.Signal] for a child that has not been started, or has
// ended.
var ErrNotRunning = errors.New("process is not running")

// Signal sends a signal to the child of that name itself, past its wrapper, which would pass
// on SIGTERM and SIGINT only. So SIGKILL ends it like a crash, which the wrapper tells its
// own parent by exit code 137, and SIGSTOP halts it until SIGCONT. While it is halted, SIGTERM
// has no effect. Where several run under one name, it is the one that was started last. On Linux,
// SIGSTOP and SIGCONT also reach the processes that the child has started itself, and those that
// SIGKILL leaves behind are not left halted.
//
// The error matches [ErrNotRunning] where there is no such process.
func (l *Leash) Signal(name string, sig syscall.Signal) error {
	data, err := os.ReadFile(filepath.Join(l.dir, linkDir, name) + pidSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("signal %s: %w", name, ErrNotRunning)
	}
	if err != nil {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	pid, err := strconv.Atoi(string(data))
	if err != nil {
		return fmt.Errorf("signal %s: read its process id: %w", name, err)
	}
	if sig == syscall.SIGKILL {
		// Before it, which has no children afterwards. The kernel continues them only where
		// nothing in the session has adopted them.
		if err := signalChildren(pid, syscall.SIGCONT); err != nil {
			return fmt.Errorf("signal %s: %w", name, err)
		}
	}
	err = syscall.Kill(pid, sig)
	if errors.Is(err, syscall.ESRCH) {
		err = ErrNotRunning
	}
	if err == nil && (sig == syscall.SIGSTOP || sig == syscall.SIGCONT) {
		err = signalChildren(pid, sig) // after the child itself, which can't start another one then
	}
	if err != nil {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	return nil
}

// writePID notes the child's process id, at once as a whole.
func writePID(self string, pid int) error {
	temp := fmt.Sprintf("%s%s-%d", self, pidSuffix, pid)
	if err := os.WriteFile(temp, []byte(strconv.Itoa(pid)), 0o600); err != nil {
		return fmt.Errorf("note process id: %w", err)
	}
	if err := os.Rename(temp, self+pidSuffix); err != nil {
		return fmt.Errorf("note process id: %w", err)
	}
	return nil
}

// removePID forgets the child, which has ended. The folder may be gone by now.
func removePID(self string) { _ = os.Remove(self + pidSuffix) }
