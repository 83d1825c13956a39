package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	cgoOff = "CGO_ENABLED=0"

	// stopGrace is what a command has to clean up after SIGINT, before SIGKILL.
	stopGrace = 10 * time.Second
	// tailSize is how much of a failed command's output is shown, in bytes.
	tailSize = 4 << 10
)

// command is a program to run to its end.
type command struct {
	dir  string
	env  []string // nil: goEnv()
	argv []string
}

// run returns the command's standard output. Its error ends with the last lines
// that a failed command wrote. When ctx ends, the command and all that it has
// started are interrupted, then killed, and the error is ctx's cause.
func (c command) run(ctx context.Context) ([]byte, error) {
	// The kernel ties the child's life to the thread that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var stdout bytes.Buffer
	var stderr tail
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir, cmd.Env = c.dir, c.env
	if cmd.Env == nil {
		cmd.Env = goEnv()
	}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopGrace
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	if ctx.Err() != nil {
		if cmd.Process != nil {
			// Compilers that outlived the go command would write to folders that are about to go.
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
		return nil, context.Cause(ctx)
	}
	name := filepath.Base(c.argv[0])
	if len(c.argv) > 1 {
		name += " " + c.argv[1]
	}
	return nil, fmt.Errorf("%s: %w%s", name, err, stderr.lines())
}

// goEnv is the environment of every go command: the user's settings, except
// those that would make it work on something else than the tool module as it is.
func goEnv() []string {
	flags := "-mod=readonly"
	if strings.Contains(os.Getenv("GOFLAGS"), "-modcacherw") {
		flags += " -modcacherw" // says how to store modules, not how to build
	}
	return append(os.Environ(), "GOFLAGS="+flags, "GOWORK=off")
}

// buildEnv is goEnv for go build, with its scratch files in tmp.
func buildEnv(tmp string) []string {
	env := append(goEnv(), cgoOff, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "GOTMPDIR="+tmp)
	if os.Getenv("GOGC") == "" {
		// A compiler process is short-lived: let it use memory rather than time to tidy up.
		env = append(env, "GOGC=400")
	}
	return env
}

// tail is a writer that keeps the end of what it gets.
type tail struct{ buf []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - tailSize; extra > 0 {
		t.buf = t.buf[extra:]
	}
	return len(p), nil
}

// lines returns the whole lines that were kept, each on an indented line of its own.
func (t *tail) lines() string {
	text := string(t.buf)
	if len(t.buf) == tailSize {
		_, text, _ = strings.Cut(text, "\n")
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
