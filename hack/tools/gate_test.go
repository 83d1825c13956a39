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

// gate stands in for a build that takes minutes: it puts a go command into PATH
// whose build leaves half a program in the output folder and blocks there until
// the gate opens; then the real go does it all.
// Like go, it ends in an orderly way on SIGINT.
type gate struct{ closed, pid, interrupted string }

func newGate(t *testing.T) gate {
	t.Helper()
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	g := gate{closed: filepath.Join(dir, "closed"), pid: filepath.Join(dir, "pid"), interrupted: filepath.Join(dir, "interrupted")}
	write(t, g.closed, "")
	write(t, filepath.Join(dir, "go"), `#!/bin/sh
if [ "$1" = build ] && [ -e "`+g.closed+`" ]; then
	trap ': >"`+g.interrupted+`"; exit 1' INT
	out=
	previous=
	for arg; do
		[ "$previous" = -o ] && out=$arg
		previous=$arg
	done
	mkdir -p "$out" && echo half >"$out/kube-apiserver" && chmod +x "$out/kube-apiserver"
	echo $$ >"`+g.pid+`.new" && mv "`+g.pid+`.new" "`+g.pid+`"
	while [ -e "`+g.closed+`" ]; do sleep 0.1; done
	rm "$out/kube-apiserver"
fi
exec "`+realGo+`" "$@"
`)
	if err := os.Chmod(filepath.Join(dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Cleanup(func() { _ = os.Remove(g.closed) })
	return g
}

// reached waits until a build stands at the gate, and returns its process id.
func (g gate) reached(t *testing.T) int {
	t.Helper()
	eventually(t, "a build has begun", func() bool { _, err := os.Stat(g.pid); return err == nil })
	data, err := os.ReadFile(g.pid)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func (g gate) open(t *testing.T) {
	t.Helper()
	if err := os.Remove(g.closed); err != nil {
		t.Fatal(err)
	}
}

// running tells whether the process is alive; one that only waits for init to
// collect it is not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
