package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// gate stands in for a build that takes minutes: a go command whose build leaves half a program in the
// output folder and blocks until the gate opens; then the real go does it all.
type gate struct{ closed, pid string }

func newGate(t *testing.T) gate {
	t.Helper()
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	g := gate{closed: filepath.Join(dir, "closed"), pid: filepath.Join(dir, "pid")}
	write(t, g.closed, "")
	write(t, filepath.Join(dir, "go"), `#!/bin/sh
if [ "$1" = build ] && [ -e "`+g.closed+`" ]; then
	for arg; do
		[ "$previous" = -o ] && out=$arg
		previous=$arg
	done
	echo half >"$out/etcd" && chmod +x "$out/etcd"
	echo $$ >"`+g.pid+`.new" && mv "`+g.pid+`.new" "`+g.pid+`"
	while [ -e "`+g.closed+`" ]; do sleep 0.1; done
	rm "$out/etcd"
fi
exec "`+realGo+`" "$@"
`)
	chmod(t, filepath.Join(dir, "go"), 0o755)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Cleanup(func() { _ = os.Remove(g.closed) })
	return g
}

// reached waits until a build is at the gate, and returns its process id.
func (g gate) reached(t *testing.T) int {
	t.Helper()
	eventually(t, "a build has begun", func() bool { _, err := os.Stat(g.pid); return err == nil })
	return pidIn(t, g.pid)
}

func (g gate) open(t *testing.T) {
	t.Helper()
	if err := os.Remove(g.closed); err != nil {
		t.Fatal(err)
	}
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
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
		t.Skip("there is no flock, so both build")
	}
	c := newCheckout(t)
	g := newGate(t)
	one, two := &log{}, &log{}
	first, second := c.command(t, one, "install", "etcd"), c.command(t, two, "install", "etcd")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	g.reached(t)
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second run waits, and both give signs of life", func() bool {
		return strings.Contains(one.String(), "kube: compiled 0 of ") && strings.Contains(two.String(), "another run is filling") &&
			strings.Contains(two.String(), "still waiting for the other run after")
	})
	g.open(t)
	for _, cmd := range []*exec.Cmd{first, second} {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	wantContains(t, one.String(), "built etcd", "all there")
	if says := two.String(); !strings.Contains(says, "all there") || strings.Contains(says, "built etcd") {
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
			says, started := &log{}, filepath.Join(t.TempDir(), "pid")
			cmd := c.command(t, says, "install", "etcd")
			if tc.orphan { // a shell between us and the script, as make would be
				cmd.Args = []string{"sh", "-c", `"$0" install etcd & echo $! >"$1"; wait`, cmd.Path, started}
				cmd.Path = "/bin/sh"
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			build, script := g.reached(t), cmd.Process.Pid
			if tc.orphan {
				script = pidIn(t, started)
			}
			if err := cmd.Process.Signal(tc.signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended with exit code 0")
			}
			eventually(t, "the script has ended", func() bool { return !running(script) })
			eventually(t, "the build has ended", func() bool { return !running(build) })
			eventually(t, "it has cleaned up", func() bool { return len(c.programs(t)) == 0 })
			wantContains(t, says.String(), tc.message)
			g.open(t)
			c.ok(t, "install", "etcd")
			c.noLeftovers(t)
		})
	}
}

// What the script starts has another parent than the one that make has named.
func TestParentIsNotHandedOn(t *testing.T) {
	c := newCheckout(t)
	t.Setenv("ARGOSERVICE_PARENT", strconv.Itoa(os.Getpid()))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\necho parent=$ARGOSERVICE_PARENT; exit 1\n")
	chmod(t, filepath.Join(dir, "go"), 0o755)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	c.fails(t, []string{"build", ".", filepath.Join(dir, "out"), "."}, "parent=\n")
}

// A temporary folder that no later run asks for is removed as well, but not one in use.
func TestLeftoversAreRemoved(t *testing.T) {
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("there is no flock, without which nobody knows what is in use")
	}
	c := newCheckout(t)
	old, used := c.cache+"/tmp/kube-0ld.1", c.cache+"/tmp/argo-used.2"
	write(t, old+"/kubectl", "half")
	write(t, used+"/workflow-controller", "half")
	lock, err := os.Create(c.cache + "/argo-used.lock")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	c.ok(t, "install", "kwok")
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", old, err)
	}
	if _, err := os.Stat(used); err != nil {
		t.Error(err)
	}
}
