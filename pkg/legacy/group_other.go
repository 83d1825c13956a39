//go:build !unix

package legacy

import "os/exec"

// There are no process groups here: what kubectl starts is not ended with it.
func ownGroup(*exec.Cmd) {}

func interruptGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
