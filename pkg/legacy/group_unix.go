//go:build unix

package legacy

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a process into its own group, together with the processes that it starts, such as
// credential plugins.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func interruptGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }

// endGroup kills what is left of a group, usually nothing.
func endGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
