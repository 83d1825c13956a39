//go:build !linux

package leash

import "syscall"

// sysProcAttr: there is no parent death signal here.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{}
}

// adoptOrphans: orphans go to process 1 here.
func adoptOrphans() error { return nil }

// endOrphans: none have been adopted.
func endOrphans() error { return nil }

// signalChildren: the children of another process are not known here.
func signalChildren(int, syscall.Signal) error { return nil }
