package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// asProgram makes the test binary behave as the program itself, for the tests that
// need a process of its own to kill.
const asProgram = "TOOLS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fixture is a checkout with tiny tool modules, and an empty cache. The working
// directory and the environment of the test are set to use them.
type fixture struct {
	root  string // hack/tools
	cache string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	dir := t.TempDir()
	f := fixture{root: filepath.Join(dir, "hack", "tools"), cache: filepath.Join(dir, "it's a cache")}
	write(t, filepath.Join(f.root, "go.mod"), "module example.com/tools\n\ngo 1.26.0\n")

	// The real paths, each replaced by a folder, so that go needs neither network nor go.sum.
	f.module(t, "kube", "k8s.io/kubernetes", "v1.37.2",
		[]string{"cmd/kube-apiserver", "cmd/kube-controller-manager", "cmd/kube-scheduler", "cmd/kubectl"},
		"go.etcd.io/etcd/server/v3", "k8s.io/component-base")
	f.module(t, "argo", "github.com/argoproj/argo-workflows/v3", "v3.7.4", []string{"cmd/workflow-controller"})
	f.module(t, "kwok", "sigs.k8s.io/kwok", "v0.8.0", []string{"cmd/kwok"})
	write(t, filepath.Join(f.root, "argo", "main", "manifests", "crd.yaml"), "kind: CustomResourceDefinition\n")
	write(t, filepath.Join(f.root, "kwok", "main", "kustomize", "stage.yaml"), "kind: Stage\n")
	write(t, filepath.Join(f.root, "kube", "component-base", "version", "version.go"),
		"package version\n\nvar gitVersion = \"none\"\n\nfunc Get() string { return gitVersion }\n")
	write(t, filepath.Join(f.root, "kube", "main", "cmd", "kube-apiserver", "main.go"),
		"package main\n\nimport \"k8s.io/component-base/version\"\n\nfunc main() { println(version.Get()) }\n")
	f.pin(t, "v1.37.1", strings.Repeat("0", 128))

	t.Chdir(f.root)
	t.Setenv("ARGOSERVICE_CACHE", f.cache)
	t.Setenv("KUBEBUILDER_ASSETS", "")
	t.Setenv("TOOLS_FROM", fromBuild)
	t.Setenv("TOOLS_MIRROR", "http://127.0.0.1:1/nothing-listens-here")
	return f
}

// module writes the tool module called name: programs of mainModule, and further
// modules that it requires; the one that is called server is a program as well.
func (f fixture) module(t *testing.T, name, mainModule, version string, programs []string, others ...string) {
	t.Helper()
	dir := filepath.Join(f.root, name)
	var tools, requires, replaces strings.Builder
	fmt.Fprintf(&requires, "\t%s %s\n", mainModule, version)
	fmt.Fprintf(&replaces, "\t%s => ./main\n", mainModule)
	write(t, filepath.Join(dir, "main", "go.mod"), "module "+mainModule+"\n\ngo 1.26.0\n")
	for _, p := range programs {
		fmt.Fprintf(&tools, "\t%s/%s\n", mainModule, p)
		write(t, filepath.Join(dir, "main", p, "main.go"), "package main\n\nfunc main() {}\n")
	}
	for _, other := range others {
		short := programName(other)
		version := "v0.37.2"
		if short == "server" {
			version = "v3.7.0"
			fmt.Fprintf(&tools, "\t%s\n", other)
			write(t, filepath.Join(dir, short, "main.go"), "package main\n\nfunc main() {}\n")
		}
		fmt.Fprintf(&requires, "\t%s %s\n", other, version)
		fmt.Fprintf(&replaces, "\t%s => ./%s\n", other, short)
		write(t, filepath.Join(dir, short, "go.mod"), "module "+other+"\n\ngo 1.26.0\n")
	}
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf("module example.com/tools/%s\n\ngo 1.26.0\n\ntool (\n%s)\n\nrequire (\n%s)\n\nreplace (\n%s)\n",
		name, tools.String(), requires.String(), replaces.String()))
}

// pin pins the archive of a version for this platform, by its SHA-512 checksum.
func (f fixture) pin(t *testing.T, version, sum string) {
	t.Helper()
	write(t, filepath.Join(f.root, archivesFile), fmt.Sprintf("%s  envtest-%s-%s-%s.tar.gz\n", sum, version, runtime.GOOS, runtime.GOARCH))
}

// installer returns one for the fixture as the environment now sets it, and what it says.
func (f fixture) installer(t *testing.T) (*installer, *log) {
	t.Helper()
	cfg, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	out := &log{}
	return &installer{config: cfg, report: &reporter{w: out}}, out
}

func (f fixture) load(t *testing.T, name string) toolset {
	t.Helper()
	in, _ := f.installer(t)
	set, err := in.load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// programs lists the files in the cache but for locks and checksums, relative to it.
func (f fixture) programs(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(f.cache, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) && path == f.cache {
			return nil
		}
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".lock" && d.Name() != sumsFile {
			files = append(files, strings.TrimPrefix(path, f.cache+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// leftovers lists the temporary folders in the cache.
func (f fixture) leftovers(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(f.cache, "tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// program is a command that runs the tools program as a process of its own.
func program(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// log is a buffer that several goroutines may use.
type log struct {
	mu  sync.Mutex
	buf strings.Builder
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
	deadline := time.Now().Add(3 * time.Minute)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
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
