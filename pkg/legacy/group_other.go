//go:build !unix

package legacy

import "os/exec"

// Without process groups, the processes that kubectl starts do not end with it.
func ownGroup(*exec.Cmd) {}

func interruptGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
