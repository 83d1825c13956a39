package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestInstallBuildsOnce(t *testing.T) {
	c := newCheckout(t)
	says := c.ok(t, "install")
	wantContains(t, says, "building etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok, as hack/tools/kube/go.mod pins them",
		"building workflow-controller", "only once", "built workflow-controller in ")
	want := []string{"argo/workflow-controller", "kube/etcd", "kube/kube-apiserver", "kube/kube-controller-manager",
		"kube/kube-scheduler", "kube/kubectl", "kube/kwok"}
	if got := c.programs(t); !slices.Equal(got, want) {
		t.Errorf("installed are %v", got)
	}
	apiServer := strings.TrimSpace(c.ok(t, "path", "kube-apiserver"))
	if out, err := exec.CommandContext(t.Context(), apiServer).CombinedOutput(); err != nil || string(out) != "v1.37.2\n" {
		t.Errorf("kube-apiserver says version %q (%v), want the pinned one", out, err)
	}
	c.noLeftovers(t)
	if again := c.ok(t, "install"); strings.Count(again, "\n") != 1 || !strings.Contains(again, "all there, in "+c.cache) {
		t.Errorf("a second run should say one line and build nothing, said:\n%s", again)
	}
	if err := os.Remove(strings.TrimSpace(c.ok(t, "path", "etcd"))); err != nil {
		t.Fatal(err)
	}
	wantContains(t, c.ok(t, "install", "etcd", "kwok"), "building etcd, as")
	wantContains(t, c.ok(t, "install", "benchstat"), "building benchstat, as hack/tools/lint/go.mod")
}

func TestFailedBuildReportsAndLeavesNothing(t *testing.T) {
	c := newCheckout(t)
	broken := c.source("kube", "sigs.k8s.io/kwok", "cmd/kwok/main.go")
	write(t, broken, "package main\n\nfunc main() { notDeclaredAnywhere() }\n")
	c.fails(t, []string{"install", "kwok"}, "kube: go build has failed", "undefined: notDeclaredAnywhere")
	if got := c.programs(t); len(got) > 0 {
		t.Errorf("a failed build left %v", got)
	}
	c.noLeftovers(t)
	write(t, broken, "package main\n\nfunc main() {}\n")
	c.ok(t, "install", "kwok")
}

func TestFolderChangesWithWhatChangesThePrograms(t *testing.T) {
	c := newCheckout(t)
	var paths []string
	for _, file := range []string{"go.sum", "go.mod"} {
		c.ok(t, "install", "workflow-controller")
		paths = append(paths, c.ok(t, "path", "workflow-controller"))
		text, err := os.ReadFile(filepath.Join(c.root, "argo", file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(c.root, "argo", file), string(text)+"\n")
		c.fails(t, []string{"path", "workflow-controller"}, "run `tools install workflow-controller`")
	}
	if paths[0] == paths[1] {
		t.Errorf("both are in %s", paths[0])
	}
}

func TestMistakesOfTheUser(t *testing.T) {
	c := newCheckout(t)
	for _, args := range [][]string{{}, {"instal"}, {"exec"}, {"path"}, {"private"}, {"build", "x"}} {
		says, err := c.run(t, args...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(says, "usage: tools install") {
			t.Errorf("%q: %v: %s", args, err, says)
		}
	}
	c.fails(t, []string{"install", "helm"}, "'helm'", "benchstat etcd kube-apiserver")
	c.fails(t, []string{"path", "helm"}, "'helm'")
	t.Setenv("TOOLS_FROM", "brew")
	c.fails(t, []string{"install"}, "'brew'", "build or download")
	t.Setenv("TOOLS_FROM", "")
	t.Setenv("ARGOSERVICE_CACHE", "cache")
	c.fails(t, []string{"install"}, "'cache'", "absolute path")
}

// What a user has set for other builds makes no other programs, and none in other folders.
func TestUsersGoSettingsDoNotCount(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install", "kwok")
	before := c.ok(t, "path", "kwok")
	t.Setenv("GOFLAGS", "-race -mod=mod -modcacherw -tags=broken")
	t.Setenv("GOWORK", "/there/is/none")
	t.Setenv("GOARCH", "mips")
	if after := c.ok(t, "path", "kwok"); after != before {
		t.Errorf("it is in %s and %s", before, after)
	}
	kwok := strings.TrimSpace(before)
	if err := os.Remove(kwok); err != nil {
		t.Fatal(err)
	}
	c.ok(t, "install", "kwok")
	if out, err := exec.CommandContext(t.Context(), kwok).CombinedOutput(); err != nil {
		t.Errorf("%s: %v", out, err)
	}
}

func TestEnvPrintsWhatAShellCanEval(t *testing.T) {
	c := newCheckout(t) // its cache has a space and a quote in its name
	c.fails(t, []string{"env"}, "not there yet: etcd kube-apiserver kubectl", "kwok", "make tools")
	c.ok(t, "install", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "workflow-controller")
	exports := c.ok(t, "env") // a cluster runs without kubectl
	if lines := strings.Count(exports, "\n"); lines != 7 {
		t.Errorf("%d lines, want the 7 variables and nothing else:\n%s", lines, exports)
	}
	folder := func(program string) string { return filepath.Dir(strings.TrimSpace(c.ok(t, "path", program))) }
	for name, want := range map[string]string{
		"KUBEBUILDER_ASSETS":                  folder("etcd"),
		"ARGOSERVICE_KUBE_CONTROLLER_MANAGER": folder("etcd") + "/kube-controller-manager",
		"ARGOSERVICE_KUBE_SCHEDULER":          folder("etcd") + "/kube-scheduler",
		"ARGOSERVICE_KWOK":                    folder("etcd") + "/kwok",
		"ARGOSERVICE_WORKFLOW_CONTROLLER":     folder("workflow-controller") + "/workflow-controller",
		"ARGOSERVICE_ARGO_MANIFESTS":          c.source("argo", "github.com/argoproj/argo-workflows/v3", "manifests"),
		"ARGOSERVICE_KWOK_MANIFESTS":          c.source("kube", "sigs.k8s.io/kwok", "kustomize"),
	} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", `eval "$1"; printenv "$2"`, "sh", exports, name).Output()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}

	says := &log{}
	cmd := c.command(t, says, "exec", "sh", "-c", `echo "$$ $ARGOSERVICE_KWOK"; exit 7`)
	err := cmd.Run()
	var exit *exec.ExitError
	if want := strconv.Itoa(cmd.Process.Pid) + " " + folder("etcd") + "/kwok\n"; !errors.As(err, &exit) || exit.ExitCode() != 7 || says.String() != want {
		t.Errorf("exec does not become the command: %v: %s", err, says)
	}
	if err := os.RemoveAll(c.source("kube", "sigs.k8s.io/kwok", "kustomize")); err != nil {
		t.Fatal(err)
	}
	c.fails(t, []string{"env"}, "manifests of kwok")
}

func TestKubebuilderAssetsAreUsedAsTheyAre(t *testing.T) {
	c := newCheckout(t)
	given := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		write(t, filepath.Join(given, name), "#!/bin/sh\n")
		chmod(t, filepath.Join(given, name), 0o755)
	}
	t.Setenv("KUBEBUILDER_ASSETS", given)
	wantContains(t, c.ok(t, "install"), "building kube-controller-manager kube-scheduler kwok, as")
	wantContains(t, c.ok(t, "env"), "export KUBEBUILDER_ASSETS="+given+"\n")
	if err := os.Remove(filepath.Join(given, "etcd")); err != nil {
		t.Fatal(err)
	}
	c.fails(t, []string{"install"}, "KUBEBUILDER_ASSETS="+given+" lacks etcd", "unset")
	// `tools env` sets it to a folder of the cache, which must not outlive a change of version.
	t.Setenv("KUBEBUILDER_ASSETS", filepath.Join(c.cache, "kube-0ld"))
	wantContains(t, c.ok(t, "install"), "building etcd kube-apiserver kubectl, as")
}

func TestATamperedProgramIsNotUsed(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install")
	folder, kwok := filepath.Split(strings.TrimSpace(c.ok(t, "path", "kwok")))
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", `cd "$0" && sha256sum --check --strict *.sha256`, folder).CombinedOutput(); err != nil {
		t.Errorf("%s: %v", out, err)
	}
	const theirs = "#!/bin/sh\necho theirs\n"
	sum, err := os.ReadFile(folder + "kwok.sha256")
	if err != nil {
		t.Fatal(err)
	}
	for what, tamper := range map[string]func(program string){
		"another program":               func(program string) { write(t, program, theirs) },
		"no checksum":                   func(program string) { _ = os.Remove(program + ".sha256") },
		"the checksum of another one":   func(program string) { write(t, program, theirs); write(t, program+".sha256", string(sum)) },
		"a checksum that can't be read": func(program string) { write(t, program+".sha256", "this is none\n") },
	} {
		for _, name := range []string{kwok, "kubectl"} { // kubectl may be missing
			tamper(folder + name)
			for _, args := range [][]string{{"path", name}, {"exec", "true"}} {
				c.fails(t, args, folder+name+" is not the program that was put there")
			}
			wantContains(t, c.ok(t, "install", name), folder+name+" is not the program that was put there", "building "+name+", as")
			if text, err := os.ReadFile(folder + name); err != nil || string(text) == theirs {
				t.Errorf("%s: it is still there (%v)", what, err)
			}
		}
	}
}

// The real archives, as the checkout pins them, are of the minor release that it builds, one for each
// platform; the real tool modules list these programs.
func TestRealPins(t *testing.T) {
	mod, err := os.ReadFile("kube/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	minor := regexp.MustCompile(`\n\tk8s.io/kubernetes (v1\.[0-9]+)\.`).FindStringSubmatch(string(mod))[1]
	text, err := os.ReadFile("envtest.sha512")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^[0-9a-f]{128}  envtest-` + regexp.QuoteMeta(minor) + `\.[0-9]+-(\w+-\w+)\.tar\.gz\n$`)
	var platforms []string
	for each := range strings.Lines(string(text)) {
		parts := line.FindStringSubmatch(each)
		if parts == nil {
			t.Fatalf("%q, where %s is built", each, minor)
		}
		platforms = append(platforms, parts[1])
	}
	if want := []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"}; !slices.Equal(platforms, want) {
		t.Errorf("%v", platforms)
	}
	t.Setenv("ARGOSERVICE_CACHE", t.TempDir())
	out, err := exec.CommandContext(t.Context(), "./tools", "install", "helm").CombinedOutput()
	if err == nil {
		t.Error("there is no helm")
	}
	wantContains(t, string(out), "there are apidiff benchstat etcd golangci-lint govulncheck kube-apiserver "+
		"kube-controller-manager kube-scheduler kubectl kwok workflow-controller\n")
}
