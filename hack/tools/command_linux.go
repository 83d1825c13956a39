package main

import "syscall"

// endWithParent makes the kernel interrupt the child when this process dies in a
// way that leaves it no time to do so itself. The go command then lets its
// compilers end and removes its scratch files.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
