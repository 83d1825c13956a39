package main

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test binary stand in for the program in this folder, see newCheckout.
func TestMain(m *testing.M) {
	if os.Getenv("TOOLS_TEST") == "private" {
		main()
	} else {
		m.Run()
	}
}

// checkout is a copy of the script with tiny tool modules, and an empty cache. The environment of the test
// is set to use it, and to build everything.
type checkout struct{ root, cache string }

func newCheckout(t *testing.T) checkout {
	t.Helper()
	dir := t.TempDir()
	c := checkout{root: filepath.Join(dir, "hack", "tools"), cache: filepath.Join(dir, "it's a cache")}
	for _, name := range []string{"tools", "private.go", "go.mod", "go.sum"} {
		write(t, filepath.Join(c.root, name), read(t, name))
	}
	mods := map[string]string{} // go.mod, by tool module
	for _, m := range []struct{ tools, path, version, programs string }{
		{"kube", "k8s.io/kubernetes", "v1.37.2",
			"cmd/kube-apiserver cmd/kube-controller-manager cmd/kube-scheduler cmd/kubectl cmd/kubelet"},
		{"kube", "go.etcd.io/etcd/server/v3", "v3.7.4", "."},
		{"kube", "sigs.k8s.io/kwok", "v0.1.0", "cmd/kwok"},
		{"kube", "k8s.io/component-base", "v0.1.0", ""},
		{"kube-1.33", "k8s.io/kubernetes", "v1.33.13",
			"cmd/kube-apiserver cmd/kube-controller-manager cmd/kube-scheduler cmd/kubectl"},
		{"kube-1.33", "k8s.io/component-base", "v0.1.0", ""},
		{"argo", "github.com/argoproj/argo-workflows/v4", "v4.0.7", "cmd/workflow-controller"},
		{"argo-3.7", "github.com/argoproj/argo-workflows/v3", "v3.7.14", "cmd/workflow-controller"},
		{"lint", "golang.org/x/perf", "v0.1.0", "cmd/benchstat"},
		{"node", "github.com/containerd/containerd/v2", "v2.4.2",
			"cmd/containerd cmd/containerd-shim-runc-v2 cmd/bridge cmd/host-local"},
	} {
		// The real path, replaced by a folder, so that go needs neither network nor checksums.
		mods[m.tools] += fmt.Sprintf("\nrequire (\n\t%s %s // indirect\n)\n\nreplace %[1]s => ./%[3]s\n",
			m.path, m.version, strings.ReplaceAll(m.path, "/", "_"))
		write(t, c.source(m.tools, m.path, "go.mod"), "module "+m.path+"\n\ngo 1.26.0\n")
		for _, program := range strings.Fields(m.programs) {
			mods[m.tools] += "\ntool (\n\t" + path.Join(m.path, program) + "\n)\n"
			write(t, c.source(m.tools, m.path, program+"/main.go"), "package main\n\nfunc main() {}\n")
		}
	}
	for tools, mod := range mods {
		write(t, filepath.Join(c.root, tools, "go.mod"), "module example.com/tools/"+tools+"\n\ngo 1.26.0\n"+mod)
		write(t, filepath.Join(c.root, tools, "go.sum"), "")
	}
	write(t, c.source("argo", "github.com/argoproj/argo-workflows/v4", "manifests/crd.yaml"), "kind: CustomResourceDefinition\n")
	write(t, c.source("argo-3.7", "github.com/argoproj/argo-workflows/v3", "manifests/crd.yaml"), "kind: CustomResourceDefinition\n")
	// As in Argo's own module, a file of the executor and the page of the server are missing.
	write(t, c.source("argo", "github.com/argoproj/argo-workflows/v4", "cmd/argoexec/main.go"),
		"package main\n\nimport \"github.com/argoproj/argo-workflows/v4/workflow/executor/osspecific\"\n\nfunc main() { println(osspecific.Of) }\n")
	write(t, c.source("argo", "github.com/argoproj/argo-workflows/v4", "workflow/executor/osspecific/signal_darwin.go"),
		"package osspecific\n\nconst Of = \"any system\"\n")
	write(t, c.source("argo", "github.com/argoproj/argo-workflows/v4", "cmd/argo/main.go"),
		"package main\n\nimport \"github.com/argoproj/argo-workflows/v4/ui\"\n\nfunc main() { println(ui.Of) }\n")
	write(t, c.source("argo", "github.com/argoproj/argo-workflows/v4", "ui/embed.go"),
		"package ui\n\nimport \"embed\"\n\nconst Of = \"no page\"\n\n//go:embed dist/app\nvar Embedded embed.FS\n")
	write(t, c.source("kube", "sigs.k8s.io/kwok", "kustomize/stage.yaml"), "kind: Stage\n")
	for _, tools := range []string{"kube", "kube-1.33"} {
		write(t, c.source(tools, "k8s.io/component-base", "version/version.go"),
			"package version\n\nvar gitVersion = \"none\"\n\nfunc Get() string { return gitVersion }\n")
		write(t, c.source(tools, "k8s.io/kubernetes", "cmd/kube-apiserver/main.go"),
			"package main\n\nimport \"k8s.io/component-base/version\"\n\nfunc main() { println(version.Get()) }\n")
	}
	c.pin(t, "v1.37.1", nil)
	t.Setenv("ARGOSERVICE_CACHE", c.cache)
	t.Setenv("ARGO", "")
	t.Setenv("KUBERNETES", "")
	t.Setenv("KUBEBUILDER_ASSETS", "")
	t.Setenv("TOOLS_FROM", "build")
	t.Setenv("TOOLS_MIRROR", "http://127.0.0.1:1/nothing-listens-here")
	t.Setenv("TOOLS_HEARTBEAT", "1")
	// Each run of the script runs the program in this folder, for which go takes most of the run's time.
	self, err := os.Executable()
	must(t, err)
	stubGo(t, `if [ "$1" = run ]; then
	while [ "$1" != . ]; do shift; done
	shift
	TOOLS_TEST=private exec "`+self+`" "$@"
fi`)
	return c
}

// stubGo puts a go command in front of the one in PATH. It runs the script and then, unless that has exited or
// become another program, the go command behind it.
func stubGo(t *testing.T, script string) {
	t.Helper()
	next, err := exec.LookPath("go")
	must(t, err)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go"), "#!/bin/sh\n"+script+"\nexec \""+next+"\" \"$@\"\n")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// source is a file of a module that a tool module requires.
func (c checkout) source(tools, module, file string) string {
	return filepath.Join(c.root, tools, strings.ReplaceAll(module, "/", "_"), file)
}

// pin pins the archive of a version for this platform.
func (c checkout) pin(t *testing.T, version string, archive []byte) {
	t.Helper()
	write(t, filepath.Join(c.root, "envtest.sha512"),
		fmt.Sprintf("%x  envtest-%s-%s-%s.tar.gz\n", sha512.Sum512(archive), version, runtime.GOOS, runtime.GOARCH))
}

// command returns a run of the script.
func (c checkout) command(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.root, "tools"), args...)
	cmd.WaitDelay = 30 * time.Second // what outlives it keeps the pipe open
	return cmd
}

// run runs the script to its end, and returns what it prints and its exit code.
func (c checkout) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := c.command(t, args...)
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// ok runs the script, which must not fail.
func (c checkout) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, code := c.run(t, args...)
	if code != 0 {
		t.Fatalf("%q: exit code %d: %s", args, code, out)
	}
	return out
}

// fails runs the script, which must fail and print these parts.
func (c checkout) fails(t *testing.T, args []string, parts ...string) {
	t.Helper()
	out, code := c.run(t, args...)
	if code == 0 {
		t.Errorf("%q does not fail: %s", args, out)
	}
	wantContains(t, out, parts...)
}

// path returns where a program is installed, which it must be.
func (c checkout) path(t *testing.T, program string) string {
	t.Helper()
	return strings.TrimSuffix(c.ok(t, "path", program), "\n")
}

// programs lists what is in the cache except for locks and checksums, without the hashes of its folders.
func (c checkout) programs(t *testing.T) (found []string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(c.cache, "*"))
	must(t, err)
	for _, folder := range folders {
		set := filepath.Base(folder)
		if i := strings.LastIndex(set, "-"); i >= 0 {
			set = set[:i]
		}
		entries, err := os.ReadDir(folder)
		if err != nil && filepath.Ext(folder) != ".lock" { // a file beside the folders
			found = append(found, set)
		}
		for _, entry := range entries {
			if filepath.Ext(entry.Name()) != ".sha256" {
				found = append(found, set+"/"+entry.Name())
			}
		}
	}
	slices.Sort(found)
	return found
}

// wantPrograms fails unless exactly these are in the cache. A temporary folder there would be one of them.
func (c checkout) wantPrograms(t *testing.T, want ...string) {
	t.Helper()
	if got := c.programs(t); !slices.Equal(got, want) {
		t.Errorf("the cache has %q, want %q", got, want)
	}
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	return string(text)
}

// write creates a file, which can be run if it is a script.
func write(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, []byte(text), 0o755))
}

// skip skips a test for lack of what this machine can't have. With NO_SKIPS=1, as in CI, that is an error.
func skip(t *testing.T, what, why string) {
	t.Helper()
	if os.Getenv("NO_SKIPS") != "" {
		t.Fatalf("skipped: %s: %s", what, why)
	}
	t.Skipf("skipped: %s: %s", what, why)
}

// eventually fails the test if cond stays false.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func wantContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing from:\n%s", part, text)
		}
	}
}

// wantOutput runs a command, which must succeed and print exactly this.
func wantOutput(t *testing.T, want, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil || string(out) != want {
		t.Errorf("%s %q prints %q (%v), want %q", name, args, out, err, want)
	}
}
