//go:build unix

package legacy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
)

// program makes an executor for a shell script in place of kubectl.
func program(t *testing.T, script string, opts SubprocessOptions) *SubprocessExecutor {
	t.Helper()
	opts.Binary = filepath.Join(t.TempDir(), "kubectl")
	if err := os.WriteFile(opts.Binary, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // a program has to be executable
		t.Fatal(err)
	}
	return NewSubprocessExecutor(opts)
}

func TestExecuteCommand(t *testing.T) {
	e := program(t, `printf '%s\n' "$@"; cat; echo complaint >&2; exit 3`, SubprocessOptions{Kubeconfig: "/etc/k", Context: "prod"})
	out, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"get", "$(touch /tmp/x); *", "--", "-n"}, Stdin: []byte("object")})
	want := CommandOutput{Stdout: "--kubeconfig=/etc/k\n--context=prod\nget\n$(touch /tmp/x); *\n--\n-n\nobject", Stderr: "complaint\n", ReturnCode: 3}
	if err != nil || out != want || out.Success() {
		t.Errorf("%+v, %v", out, err)
	}
}

// A command gets nothing of the host's environment that it has no use for.
func TestEnvironment(t *testing.T) {
	e := NewSubprocessExecutor(SubprocessOptions{Env: []string{"AWS_PROFILE"}})
	env := map[string]string{"PATH": "/bin", "AWS_PROFILE": "p", "DATABASE_PASSWORD": "secret", "HTTPS_PROXY": ""}
	got := e.environment(func(name string) (string, bool) { value, found := env[name]; return value, found })
	slices.Sort(got)
	if want := []string{"AWS_PROFILE=p", "HTTPS_PROXY=", "PATH=/bin"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestKubectlMissing(t *testing.T) {
	e := NewSubprocessExecutor(SubprocessOptions{Binary: filepath.Join(t.TempDir(), "none")})
	_, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"get"}})
	_, streamed := e.StreamCommand(t.Context(), Command{Args: []string{"get"}})
	for _, err := range []error{err, streamed} {
		var failed *CommandError
		if !errors.Is(err, ErrKubectlMissing) || !errors.As(err, &failed) || failed.Verb != "get" {
			t.Error(err)
		}
	}
}

// What a command has started ends with it, whether or not it heeds an interrupt.
func TestContextEndsTheGroup(t *testing.T) {
	for name, script := range map[string]string{
		"heeds it":       `sleep 600 & echo $! >$PIDS; echo begun; wait`,
		"doesn't":        `trap '' INT; sh -c "trap '' INT; sleep 600" & echo $! >$PIDS; echo begun; wait; wait`,
		"leaves a child": `sleep 600 >/dev/null 2>&1 & echo $! >$PIDS; echo begun`,
	} {
		t.Run(name, func(t *testing.T) {
			pids := filepath.Join(t.TempDir(), "pids")
			t.Setenv("PIDS", pids)
			e := program(t, script, SubprocessOptions{KillAfter: 100 * time.Millisecond, Env: []string{"PIDS"}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			body, err := e.StreamCommand(ctx, Command{Args: []string{"get"}})
			if err != nil {
				t.Fatal(err)
			}
			if begun, err := io.ReadAll(io.LimitReader(body, 6)); err != nil || string(begun) != "begun\n" {
				t.Fatalf("%q, %v", begun, err)
			}
			cancel()
			_, err = io.ReadAll(body)
			if name != "leaves a child" && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if err := body.Close(); err != nil {
				t.Error(err)
			}
			pid, err := os.ReadFile(pids)
			if err != nil {
				t.Fatal(err)
			}
			gomega.NewWithT(t).Eventually(func() bool { return alive(t, string(bytes.TrimSpace(pid))) }).
				WithTimeout(10*time.Second).Should(gomega.BeFalse(), "the process that it started is gone")
		})
	}
}

// alive asks the system: a process that has ended but was not waited for is none.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	e := program(t, `command -v ps >/dev/null || exit 2; case "$(ps -o stat= -p `+pid+`)" in ''|Z*) exit 1;; esac`, SubprocessOptions{})
	out, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	if out.ReturnCode > 1 {
		t.Fatal("ps is missing, which this test asks")
	}
	return out.Success()
}

func TestOutputIsBounded(t *testing.T) {
	e := program(t, `yes`, SubprocessOptions{MaxOutput: 1 << 10, KillAfter: 100 * time.Millisecond})
	_, err := e.ExecuteCommand(t.Context(), Command{Args: []string{"get"}})
	if !errors.Is(err, ErrOutputTooLarge) {
		t.Error(err)
	}
	e = program(t, `yes | head -c 100000 >&2; exit 1`, SubprocessOptions{})
	out, err := e.ExecuteCommand(t.Context(), Command{})
	if err != nil || len(out.Stderr) != maxStderr || out.ReturnCode != 1 {
		t.Errorf("%d bytes, %v", len(out.Stderr), err)
	}
}

func TestDeadline(t *testing.T) {
	e := program(t, `sleep 600`, SubprocessOptions{KillAfter: 100 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := e.ExecuteCommand(ctx, Command{Args: []string{"get"}})
	var failed *CommandError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "kubectl get: ") {
		t.Error(err)
	}
}

// A process that was killed by somebody else may have done its work or not.
func TestKilled(t *testing.T) {
	_, err := program(t, `kill -9 $$`, SubprocessOptions{}).ExecuteCommand(t.Context(), Command{Args: []string{"create"}})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestStreamCommand(t *testing.T) {
	body, err := program(t, `echo one; echo two; echo complaint >&2; exit 4`, SubprocessOptions{}).StreamCommand(t.Context(), Command{Args: []string{"get"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	var failed *CommandError
	if string(text) != "one\ntwo\n" || !errors.As(err, &failed) || failed.ReturnCode != 4 || failed.Stderr != "complaint" {
		t.Errorf("%q, %v", text, err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}
