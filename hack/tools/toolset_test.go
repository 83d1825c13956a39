package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestKeyChangesWithWhatChangesThePrograms(t *testing.T) {
	f := newFixture(t)
	before := f.load(t, "argo")
	if again := f.load(t, "argo"); again.dir != before.dir {
		t.Errorf("the same module has two folders: %s and %s", before.dir, again.dir)
	}

	write(t, filepath.Join(f.root, "argo", "go.sum"), "\n")
	withSum := f.load(t, "argo")
	f.module(t, "argo", "github.com/argoproj/argo-workflows/v3", "v3.7.5", []string{"cmd/workflow-controller"})
	withMod := f.load(t, "argo")
	dirs := []string{before.dir, withSum.dir, withMod.dir}
	slices.Sort(dirs)
	if len(slices.Compact(dirs)) != 3 {
		t.Errorf("go.sum and go.mod must each change the folder, got %s, %s, %s", before.dir, withSum.dir, withMod.dir)
	}
	if withMod.version != "v3.7.5" {
		t.Errorf("version is %q, want the one that go.mod requires", withMod.version)
	}
}

func TestHashKeepsPartsApart(t *testing.T) {
	if hash("ab", "c") == hash("a", "bc") {
		t.Error("parts run into each other")
	}
	if hash("flags", "-s") == hash("flags", "-s -w") {
		t.Error("a flag more makes no difference")
	}
	if got := hash("x"); len(got) != 12 {
		t.Errorf("hash is %q, want 12 digits", got)
	}
}

func TestProgramName(t *testing.T) {
	for pkg, want := range map[string]string{
		"k8s.io/kubernetes/cmd/kubectl":                          "kubectl",
		"go.etcd.io/etcd/server/v3":                              "server",
		"github.com/golangci/golangci-lint/v2/cmd/golangci-lint": "golangci-lint",
		"example.com/very":                                       "very",
	} {
		if got := programName(pkg); got != want {
			t.Errorf("programName(%q) = %q, want %q", pkg, got, want)
		}
	}
}

func TestMinorOf(t *testing.T) {
	for version, want := range map[string]string{"v1.37.2": "v1.37", "v1.38.0-rc.1": "v1.38", "v1.37": "v1.37"} {
		if got := minorOf(version); got != want {
			t.Errorf("minorOf(%q) = %q, want %q", version, got, want)
		}
	}
}

// The real archives, as the checkout pins them, are of the minor release that it builds, one for each
// platform.
func TestRealArchives(t *testing.T) {
	in := &installer{config: config{root: ".", cache: t.TempDir()}}
	kube, err := in.load(t.Context(), "kube")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(archivesFile)
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	line := regexp.MustCompile(`^[0-9a-f]{128}  envtest-(v[0-9.]+)-([a-z]+-[a-z0-9]+)\.tar\.gz\n$`)
	for each := range strings.Lines(string(text)) {
		parts := line.FindStringSubmatch(each)
		if parts == nil || minorOf(parts[1]) != minorOf(kube.version) {
			t.Fatalf("%q, where %s is built", each, kube.version)
		}
		platforms = append(platforms, parts[2])
	}
	if want := []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"}; !slices.Equal(platforms, want) {
		t.Errorf("%v", platforms)
	}
	if _, err := in.pinned(kube.version); err != nil {
		t.Error(err)
	}
}

// The real modules, as the checkout pins them.
func TestRealToolModules(t *testing.T) {
	in := &installer{config: config{root: ".", cache: t.TempDir()}}
	want := map[string][]string{
		"kube": {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"},
		"argo": {"workflow-controller"},
		"kwok": {"kwok"},
		"lint": {"apidiff", "benchstat", "golangci-lint", "govulncheck"},
	}
	for name, programs := range want {
		set, err := in.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		got := set.names()
		slices.Sort(got)
		if !slices.Equal(got, programs) {
			t.Errorf("%s lists %v, want %v", name, got, programs)
		}
	}
	kube, err := in.load(t.Context(), "kube")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := kube.flags[len(kube.flags)-1], "-s -w -X k8s.io/component-base/version.gitVersion="+kube.version; got != want {
		t.Errorf("kube links with %q, want %q", got, want)
	}
}
