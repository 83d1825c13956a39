package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// checkout is a copy of the script with tiny tool modules, and an empty cache. The environment of the test
// is set to use it, and to build everything.
type checkout struct{ root, cache string }

func newCheckout(t *testing.T) checkout {
	t.Helper()
	dir := t.TempDir()
	c := checkout{root: filepath.Join(dir, "hack", "tools"), cache: filepath.Join(dir, "it's a cache")}
	for _, name := range []string{"tools", "private.go", "go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(c.root, name), string(text))
	}
	chmod(t, filepath.Join(c.root, "tools"), 0o755)
	// The real paths, each replaced by a folder, so that go needs neither network nor checksums.
	c.module(t, "kube", map[string]string{
		"k8s.io/kubernetes":         "cmd/kube-apiserver cmd/kube-controller-manager cmd/kube-scheduler cmd/kubectl",
		"go.etcd.io/etcd/server/v3": ".",
		"sigs.k8s.io/kwok":          "cmd/kwok",
		"k8s.io/component-base":     "",
	})
	c.module(t, "argo", map[string]string{"github.com/argoproj/argo-workflows/v3": "cmd/workflow-controller"})
	c.module(t, "lint", map[string]string{"golang.org/x/perf": "cmd/benchstat"})
	write(t, c.source("argo", "github.com/argoproj/argo-workflows/v3", "manifests/crd.yaml"), "kind: CustomResourceDefinition\n")
	write(t, c.source("kube", "sigs.k8s.io/kwok", "kustomize/stage.yaml"), "kind: Stage\n")
	write(t, c.source("kube", "k8s.io/component-base", "version/version.go"),
		"package version\n\nvar gitVersion = \"none\"\n\nfunc Get() string { return gitVersion }\n")
	write(t, c.source("kube", "k8s.io/kubernetes", "cmd/kube-apiserver/main.go"),
		"package main\n\nimport \"k8s.io/component-base/version\"\n\nfunc main() { println(version.Get()) }\n")
	c.pin(t, "v1.37.1", strings.Repeat("0", 128))
	t.Setenv("ARGOSERVICE_CACHE", c.cache)
	t.Setenv("KUBEBUILDER_ASSETS", "")
	t.Setenv("TOOLS_FROM", "build")
	t.Setenv("TOOLS_MIRROR", "http://127.0.0.1:1/nothing-listens-here")
	t.Setenv("TOOLS_HEARTBEAT", "1")
	return c
}

// module writes a tool module: the folders of programs of each module that it requires.
func (c checkout) module(t *testing.T, name string, modules map[string]string) {
	t.Helper()
	mod := "module example.com/tools/" + name + "\n\ngo 1.26.0\n\n"
	var tools, requires, replaces string
	for module, programs := range modules {
		version := map[string]string{"k8s.io/kubernetes": "v1.37.2"}[module]
		if version == "" {
			version = "v0.1.0"
			if strings.HasSuffix(module, "/v3") {
				version = "v3.7.4"
			}
		}
		requires += "\t" + module + " " + version + " // indirect\n"
		replaces += "\t" + module + " => ./" + strings.ReplaceAll(module, "/", "_") + "\n"
		write(t, c.source(name, module, "go.mod"), "module "+module+"\n\ngo 1.26.0\n")
		for _, program := range strings.Fields(programs) {
			tools += "\t" + strings.TrimSuffix(module+"/"+program, "/.") + "\n"
			write(t, c.source(name, module, program+"/main.go"), "package main\n\nfunc main() {}\n")
		}
	}
	write(t, filepath.Join(c.root, name, "go.mod"), mod+"tool (\n"+tools+")\n\nrequire (\n"+requires+")\n\nreplace (\n"+replaces+")\n")
	write(t, filepath.Join(c.root, name, "go.sum"), "")
}

// source is a file of a module that a tool module requires.
func (c checkout) source(name, module, file string) string {
	return filepath.Join(c.root, name, strings.ReplaceAll(module, "/", "_"), file)
}

// pin pins the archive of a version for this platform, by its SHA-512 checksum.
func (c checkout) pin(t *testing.T, version, sum string) {
	t.Helper()
	write(t, filepath.Join(c.root, "envtest.sha512"), fmt.Sprintf("%s  envtest-%s-%s-%s.tar.gz\n", sum, version, runtime.GOOS, runtime.GOARCH))
}

// command runs the script. What it prints, it prints into says.
func (c checkout) command(t *testing.T, says *log, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.root, "tools"), args...)
	cmd.Stdout, cmd.Stderr = says, says
	cmd.WaitDelay = 30 * time.Second // what outlives it keeps the pipe open
	return cmd
}

// run runs the script to its end, and returns what it prints.
func (c checkout) run(t *testing.T, args ...string) (string, error) {
	says := &log{}
	err := c.command(t, says, args...).Run()
	return says.String(), err
}

// ok runs the script, which must not fail.
func (c checkout) ok(t *testing.T, args ...string) string {
	t.Helper()
	says, err := c.run(t, args...)
	if err != nil {
		t.Fatalf("%q: %v: %s", args, err, says)
	}
	return says
}

// fails runs the script, which must fail and print these parts.
func (c checkout) fails(t *testing.T, args []string, parts ...string) string {
	t.Helper()
	says, err := c.run(t, args...)
	if err == nil {
		t.Errorf("%q does not fail: %s", args, says)
	}
	wantContains(t, says, parts...)
	return says
}

// programs lists the files in the cache but for locks and checksums, without their folders' hashes.
func (c checkout) programs(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(c.cache, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !slices.Contains([]string{".lock", ".sha256"}, filepath.Ext(file)) {
			set, _, _ := strings.Cut(strings.TrimPrefix(file, c.cache+"/"), "-")
			found = append(found, set+"/"+entry.Name())
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return found
}

// noLeftovers fails if there is a temporary folder in the cache.
func (c checkout) noLeftovers(t *testing.T) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(c.cache, "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// log is a buffer that is safe for concurrent use.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
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
