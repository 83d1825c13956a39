//go:build unix

package legacy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// program returns an executor that runs a shell script instead of kubectl.
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

// A command receives only the environment variables that it needs.
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
		if !errors.Is(err, ErrKubectlMissing) || !errors.As(err, &failed) || failed.Verb != "get" || !failed.NotSent {
			t.Error(err)
		}
	}
}

// Processes that a command started end with the command, even if they ignore interrupts.
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
				WithTimeout(90*time.Second).Should(gomega.BeFalse(), "the process that it started is gone")
		})
	}
}

// alive reports whether a process runs. A zombie does not.
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

// A process that another process killed may or may not have done its work.
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

// A slow reader gets everything that a command printed before it ended.
func TestStreamOutlivesCommand(t *testing.T) {
	const size = 60_000 // fits into a pipe's buffer, so that the command ends by itself
	for code, script := range []string{`yes | head -c 60000`, `yes | head -c 60000; exit 1`} {
		body, err := program(t, script, SubprocessOptions{KillAfter: time.Millisecond}).StreamCommand(t.Context(), Command{})
		if err != nil {
			t.Fatal(err)
		}
		begun, err := io.ReadAll(io.LimitReader(body, 8192))
		if err != nil {
			t.Fatal(err)
		}
		<-body.(*stream).done // the command has ended before its output is read
		rest, err := io.ReadAll(body)
		var failed *CommandError
		if n := len(begun) + len(rest); n != size || errors.As(err, &failed) != (code == 1) || code == 0 && err != nil {
			t.Errorf("exit %d: %d bytes of %d, %v", code, n, size, err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// If the context ends after the command has succeeded, a part of the output must not pass for the
// whole.
func TestContextEndsAfterCommand(t *testing.T) {
	const size = 60_000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, err := program(t, `yes | head -c 60000`, SubprocessOptions{}).StreamCommand(ctx, Command{})
	if err != nil {
		t.Fatal(err)
	}
	<-body.(*stream).done
	cancel()
	if text, err := io.ReadAll(body); err != nil || len(text) != size {
		t.Errorf("%d bytes of %d, %v", len(text), size, err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// needSetsid skips a test where setsid is missing. With NO_SKIPS=1, as in CI, that is an error.
func needSetsid(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("setsid"); err == nil {
		return
	}
	if os.Getenv("NO_SKIPS") != "" {
		t.Fatal("setsid is missing, and with NO_SKIPS nothing may be skipped")
	}
	t.Skipf("skipped: %s: setsid is missing", t.Name())
}

// A helper outside kubectl's process group may hold its pipes open longer.
func TestHelperOutsideGroup(t *testing.T) {
	needSetsid(t)
	for name, script := range map[string]string{
		"silent":         `setsid sleep 600 & echo $! >$PIDS; echo printed`,
		"and a failure":  `setsid sleep 600 & echo $! >$PIDS; echo printed; exit 3`,
		"of stdout only": `setsid sleep 600 2>/dev/null & echo $! >$PIDS; echo printed`,
	} {
		t.Run(name, func(t *testing.T) {
			pids := filepath.Join(t.TempDir(), "pids")
			t.Setenv("PIDS", pids)
			e := program(t, script, SubprocessOptions{KillAfter: time.Millisecond, Env: []string{"PIDS"}})
			endHelper := func() {
				pid, err := os.ReadFile(pids)
				if err != nil {
					t.Fatal(err)
				}
				_ = exec.CommandContext(t.Context(), "kill", "-9", string(bytes.TrimSpace(pid))).Run() //nolint:gosec // of our own process
			}
			want := 0
			if name == "and a failure" {
				want = 3
			}
			out, err := e.ExecuteCommand(t.Context(), Command{})
			endHelper()
			if err != nil || out.ReturnCode != want || out.Stdout != "printed\n" {
				t.Errorf("%+v, %v", out, err)
			}
			body, err := e.StreamCommand(t.Context(), Command{})
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(body)
			endHelper()
			var failed *CommandError
			if string(text) != "printed\n" || errors.As(err, &failed) != (want > 0) || want == 0 && err != nil {
				t.Errorf("%q, %v", text, err)
			}
			if err := body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What another process writes to the pipe later is not part of the command's output.
func TestHelperThatPrints(t *testing.T) {
	needSetsid(t)
	e := program(t, `setsid yes & echo printed`, SubprocessOptions{KillAfter: time.Millisecond})
	body, err := e.StreamCommand(t.Context(), Command{Unbounded: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Error(err)
	}
	if err := body.Close(); err != nil { // then the helper ends by SIGPIPE
		t.Error(err)
	}
}

func TestStreamIsBounded(t *testing.T) {
	const most = 1 << 20
	e := program(t, `yes`, SubprocessOptions{MaxOutput: most, KillAfter: 100 * time.Millisecond})
	for _, unbounded := range []bool{false, true} {
		body, err := e.StreamCommand(t.Context(), Command{Unbounded: unbounded})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(body, 3*most))
		if unbounded && (n != 3*most || err != nil) || !unbounded && (n != most || !errors.Is(err, ErrOutputTooLarge)) {
			t.Errorf("unbounded %v: %d bytes, %v", unbounded, n, err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A response that is read as a whole takes memory up to the limit, although a growing buffer is
// allocated several times. The request is not repeated.
func TestClientReadsNoMoreThanMaxOutput(t *testing.T) {
	const most = 1 << 20
	c, err := NewKubectlClient(program(t, `yes | head -c 300000000`, SubprocessOptions{MaxOutput: most, KillAfter: 100 * time.Millisecond}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Get":  func() error { _, err := c.Get(t.Context(), "w"); return err },
		"Wait": func() error { _, err := c.Wait(t.Context(), "w", workflow.Completed); return err },
		"List": func() error {
			for _, err := range c.List(t.Context(), workflow.ListOptions{}) {
				return err
			}
			return nil
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := call()
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 32*most || !errors.Is(err, ErrOutputTooLarge) {
			t.Errorf("%s: %d bytes were allocated, %v", name, took, err)
		}
	}
}
