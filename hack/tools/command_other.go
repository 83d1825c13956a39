//go:build !linux

package main

import "syscall"

// endWithParent does nothing: only Linux can signal the children of a killed process.
func endWithParent(*syscall.SysProcAttr) {}
