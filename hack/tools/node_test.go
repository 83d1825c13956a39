package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Where there is no root, or it may not make namespaces, one line says so. In CI that is an error.
func TestNodeIsSkippedWithoutNamespaces(t *testing.T) {
	for command, why := range map[string]string{
		"id":      "a node needs root",
		"unshare": "this root may not make namespaces",
	} {
		if command == "unshare" && os.Geteuid() != 0 {
			continue
		}
		bin := t.TempDir()
		write(t, filepath.Join(bin, command), "#!/bin/sh\n[ \"$1\" = -u ] && echo 1000 || exit 1\n")
		path := os.Getenv("PATH")
		t.Setenv("PATH", bin+":"+path)
		want := "skipped: make test-node: " + why + "\n"
		if says, err := runMake(t, folder(t, "its cache"), "test-node"); err != nil || !strings.HasSuffix(says, want) {
			t.Errorf("%v: %s, want %s", err, says, want)
		}
		if says, err := runMake(t, folder(t, "its cache"), "test-node", "NO_SKIPS=1"); err == nil {
			t.Errorf("it passed: %s", says)
		}
		t.Setenv("PATH", path)
	}
}

// A command there has a network and processes of its own, and its exit code is passed on. Nothing stays.
func TestNodeRunsInItsOwnNamespaces(t *testing.T) {
	node := filepath.Join("..", "node")
	if why, err := exec.CommandContext(t.Context(), node, "lacks").Output(); err != nil || len(why) > 0 {
		skip(t, "hack/node", string(why))
	}
	c := newCheckout(t)
	write(t, filepath.Join(c.root, "..", "node"), read(t, node))
	c.ok(t, "install", "kubelet", "containerd", "containerd-shim-runc-v2", "bridge", "host-local", "argoexec")
	temp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.root, "..", "node"), "exec", "sh", "-c",
		`ip -brief address show cni0; echo "$ARGOSERVICE_NODE_CGROUP" >&2; ls /run; (sleep 300 &) ; exit 7`)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 7 || !strings.Contains(string(out), "10.88.0.1/16") {
		t.Errorf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", err, left)
	}
}
