package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// gate stands in for a build that takes minutes: a go command whose build leaves half a program in the
// output folder and blocks as long as there is the file closed; then the real go does it all.
type gate struct{ closed, pid string }

func newGate(t *testing.T) gate {
	t.Helper()
	dir := t.TempDir()
	g := gate{closed: filepath.Join(dir, "closed"), pid: filepath.Join(dir, "pid")}
	write(t, g.closed, "")
	stubGo(t, `if [ "$1" = build ] && [ -e "`+g.closed+`" ]; then
	for arg; do
		[ "$previous" = -o ] && out=$arg
		previous=$arg
	done
	echo half >"$out/etcd" && chmod +x "$out/etcd"
	echo $$ >"`+g.pid+`.new" && mv "`+g.pid+`.new" "`+g.pid+`"
	while [ -e "`+g.closed+`" ]; do sleep 0.1; done
	rm "$out/etcd"
fi`)
	t.Cleanup(func() { _ = os.Remove(g.closed) })
	return g
}

// reached waits until a build is at the gate, and returns its process id.
func (g gate) reached(t *testing.T) int {
	t.Helper()
	eventually(t, "a build has begun", func() bool { _, err := os.Stat(g.pid); return err == nil })
	return pidIn(t, g.pid)
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, file)))
	must(t, err)
	return pid
}

// running reports whether a process is alive; one that only waits to be collected is not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestTwoAtOnceBuildOnce(t *testing.T) {
	if _, err := exec.LookPath("flock"); err != nil {
		skip(t, "two runs that build once", "there is no flock, so both build")
	}
	c := newCheckout(t)
	g := newGate(t)
	start := func() (cmd *exec.Cmd, output string) {
		file, err := os.Create(filepath.Join(t.TempDir(), "output"))
		must(t, err)
		t.Cleanup(func() { _ = file.Close() })
		cmd = c.command(t, "install", "etcd")
		pipe := struct{ io.Writer }{file} // not the file itself: Wait waits for what keeps a pipe open
		cmd.Stdout, cmd.Stderr = pipe, pipe
		must(t, cmd.Start())
		return cmd, file.Name()
	}
	first, one := start()
	g.reached(t)
	second, two := start()
	eventually(t, "the second run waits, and both give signs of life", func() bool {
		says := read(t, two)
		return strings.Contains(read(t, one), "kube: compiled 0 of ") && strings.Contains(says, "another run is filling") &&
			strings.Contains(says, "still waiting for the other run after")
	})
	must(t, os.Remove(g.closed))
	must(t, first.Wait())
	must(t, second.Wait())
	wantContains(t, read(t, one), "built etcd", "all there")
	if says := read(t, two); !strings.Contains(says, "all there") || strings.Contains(says, "built etcd") {
		t.Errorf("the second run built as well:\n%s", says)
	}
}

// Each of these ends the script, or the process that started it, in the middle of a build.
func TestBuildEndsWithItsProcess(t *testing.T) {
	for name, tc := range map[string]struct {
		signal  syscall.Signal
		orphan  bool // signal the parent instead
		message string
	}{
		"SIGINT":        {signal: syscall.SIGINT, message: "stopped by a signal"},
		"SIGTERM":       {signal: syscall.SIGTERM, message: "stopped by a signal"},
		"SIGKILL":       {signal: syscall.SIGKILL, message: "the process that started this has ended"},
		"parent killed": {signal: syscall.SIGKILL, orphan: true, message: "the process that started this has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			g := newGate(t)
			cmd, out := c.command(t, "install", "etcd"), &bytes.Buffer{}
			cmd.Stdout, cmd.Stderr = out, out
			started := filepath.Join(t.TempDir(), "pid")
			if tc.orphan { // a shell between us and the script, as make would be
				cmd.Args = []string{"sh", "-c", `"$0" install etcd & echo $! >"$1"; wait`, cmd.Path, started}
				cmd.Path = "/bin/sh"
			}
			must(t, cmd.Start())
			build, script := g.reached(t), cmd.Process.Pid
			if tc.orphan {
				script = pidIn(t, started)
			}
			must(t, cmd.Process.Signal(tc.signal))
			if err := cmd.Wait(); err == nil {
				t.Error("it ended with exit code 0")
			}
			eventually(t, "the script has ended", func() bool { return !running(script) })
			eventually(t, "the build has ended", func() bool { return !running(build) })
			eventually(t, "it has cleaned up", func() bool { return len(c.programs(t)) == 0 })
			wantContains(t, out.String(), tc.message)
			must(t, os.Remove(g.closed))
			c.ok(t, "install", "etcd")
			c.wantPrograms(t, "kube/etcd")
		})
	}
}

// What the script starts has another parent than the one that make has named.
func TestParentIsNotHandedOn(t *testing.T) {
	c := newCheckout(t)
	t.Setenv("ARGOSERVICE_PARENT", strconv.Itoa(os.Getpid()))
	stubGo(t, "echo parent=$ARGOSERVICE_PARENT; exit 1")
	c.fails(t, []string{"build", ".", filepath.Join(c.root, "out"), "."}, "parent=\n")
}

// A temporary folder that no later run asks for is removed as well, but not one in use.
func TestLeftoversAreRemoved(t *testing.T) {
	if _, err := exec.LookPath("flock"); err != nil {
		skip(t, "what a killed run leaves", "there is no flock, which shows what is in use")
	}
	c := newCheckout(t)
	write(t, c.cache+"/tmp/kube-0ld.1/kubectl", "half")
	write(t, c.cache+"/tmp/argo-used.2/workflow-controller", "half")
	lock, err := os.Create(c.cache + "/argo-used.lock")
	must(t, err)
	defer func() { _ = lock.Close() }()
	must(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	c.ok(t, "install", "kwok")
	c.wantPrograms(t, "kube/kwok", "tmp/argo-used.2")
}
