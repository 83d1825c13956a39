package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestInstallBuildsOnce(t *testing.T) {
	c := newCheckout(t)
	defer syscall.Umask(syscall.Umask(0)) // programs are for their owner alone to write, whatever it is
	wantContains(t, c.ok(t, "install"), "building workflow-controller", "only once", "built workflow-controller in ",
		"building etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok, as hack/tools/kube/go.mod pins them")
	c.wantPrograms(t, "argo/workflow-controller", "kube/etcd", "kube/kube-apiserver", "kube/kube-controller-manager",
		"kube/kube-scheduler", "kube/kubectl", "kube/kwok")
	wantOutput(t, "v1.37.2\n", c.path(t, "kube-apiserver")) // the pinned version
	if again := c.ok(t, "install"); strings.Count(again, "\n") != 1 || !strings.Contains(again, "all there, in "+c.cache) {
		t.Errorf("a second run should say one line and build nothing, said:\n%s", again)
	}
	must(t, os.Remove(c.path(t, "etcd")))
	wantContains(t, c.ok(t, "install", "etcd", "kwok"), "building etcd, as")
	wantContains(t, c.ok(t, "install", "benchstat"), "building benchstat, as hack/tools/lint/go.mod")
	wantContains(t, c.ok(t, "install", "kubelet", "containerd", "argoexec"), "building kubelet, as hack/tools/kube/go.mod",
		"building containerd, as hack/tools/node/go.mod", "building argoexec, as hack/tools/argo/go.mod")
	wantOutput(t, "any system\n", c.path(t, "argoexec"))
	wantContains(t, c.ok(t, "install", "argo"), "building argo, as hack/tools/argo/go.mod")
	wantOutput(t, "no page\n", c.path(t, "argo"))
}

// Another release is built when it is selected, and only what there is of it: the rest is of the default.
func TestSelectedReleases(t *testing.T) {
	c := newCheckout(t)
	t.Setenv("ARGO", "3.7")
	t.Setenv("KUBERNETES", "1.33")
	c.ok(t, "install")
	c.wantPrograms(t, "argo-3.7/workflow-controller", "kube-1.33/kube-apiserver", "kube-1.33/kube-controller-manager",
		"kube-1.33/kube-scheduler", "kube-1.33/kubectl", "kube/etcd", "kube/kwok")
	server := c.path(t, "kube-apiserver")
	wantOutput(t, "v1.33.13\n", server)
	if versions := c.ok(t, "versions"); versions != "argo v3.7.14\ndefinitions minimal\nkubernetes v1.33.13\n" {
		t.Errorf("it says %q", versions)
	}
	exports := c.ok(t, "env")
	for name, want := range map[string]string{
		"KUBEBUILDER_ASSETS":              filepath.Dir(server),
		"ARGOSERVICE_ETCD":                c.path(t, "etcd"),
		"ARGOSERVICE_KUBE_SCHEDULER":      c.path(t, "kube-scheduler"),
		"ARGOSERVICE_KWOK":                c.path(t, "kwok"),
		"ARGOSERVICE_WORKFLOW_CONTROLLER": c.path(t, "workflow-controller"),
		"ARGOSERVICE_ARGO_MANIFESTS":      c.source("argo-3.7", "github.com/argoproj/argo-workflows/v3", "manifests"),
		"ARGOSERVICE_ARGO_DEFINITIONS":    "minimal",
	} {
		wantOutput(t, want+"\n", "sh", "-c", `eval "$1"; printenv "$2"`, "sh", exports, name)
	}
	write(t, server, "#!/bin/sh\necho theirs\n")
	c.fails(t, []string{"exec", "true"}, server+" is not the program that was put there", "not there yet: kube-apiserver")
	t.Setenv("KUBEBUILDER_ASSETS", t.TempDir())
	c.fails(t, []string{"install"}, "KUBERNETES and KUBEBUILDER_ASSETS are both set")

	// The default releases can be named too.
	t.Setenv("KUBEBUILDER_ASSETS", "")
	t.Setenv("ARGO", "4.0")
	t.Setenv("KUBERNETES", "1.37")
	for _, program := range []string{"workflow-controller", "kube-apiserver"} {
		c.ok(t, "install", program)
	}
	if server := c.path(t, "kube-apiserver"); !strings.HasPrefix(c.path(t, "workflow-controller"), c.cache+"/argo-") ||
		filepath.Dir(server) != filepath.Dir(c.path(t, "kwok")) {
		t.Errorf("the default kube-apiserver is %s", server)
	}
}

func TestFailedBuildReportsAndLeavesNothing(t *testing.T) {
	c := newCheckout(t)
	broken := c.source("kube", "sigs.k8s.io/kwok", "cmd/kwok/main.go")
	write(t, broken, "package main\n\nfunc main() { notDeclaredAnywhere() }\n")
	c.fails(t, []string{"install", "kwok"}, "kube: go build has failed", "undefined: notDeclaredAnywhere")
	c.wantPrograms(t)
	write(t, broken, "package main\n\nfunc main() {}\n")
	c.ok(t, "install", "kwok")
}

func TestFolderChangesWithWhatChangesThePrograms(t *testing.T) {
	c := newCheckout(t)
	var paths []string
	for _, file := range []string{"go.sum", "go.mod"} {
		c.ok(t, "install", "workflow-controller")
		paths = append(paths, c.path(t, "workflow-controller"))
		file = filepath.Join(c.root, "argo", file)
		write(t, file, read(t, file)+"\n")
		c.fails(t, []string{"path", "workflow-controller"}, "run `tools install workflow-controller`")
	}
	if paths[0] == paths[1] {
		t.Errorf("both are in %s", paths[0])
	}
}

func TestMistakesOfTheUser(t *testing.T) {
	c := newCheckout(t)
	for _, args := range [][]string{{}, {"instal"}, {"exec"}, {"path"}, {"private"}, {"build", "x"}} {
		if out, code := c.run(t, args...); code != 2 || !strings.Contains(out, "usage: tools install") {
			t.Errorf("%q: exit code %d: %s", args, code, out)
		}
	}
	c.fails(t, []string{"install", "helm"}, "'helm'", "argo argoexec benchstat bridge containerd containerd-shim-runc-v2 etcd")
	c.fails(t, []string{"path", "helm"}, "'helm'")
	for variable, known := range map[string]string{"ARGO": "there are 4.0 3.7\n", "KUBERNETES": "there are 1.37 1.33\n"} {
		for _, wrong := range []string{"9.9", "3", "v4.0"} {
			t.Setenv(variable, wrong)
			c.fails(t, []string{"install"}, "'"+wrong+"' that "+variable+" selects", known)
		}
		t.Setenv(variable, "")
	}
	t.Setenv("TOOLS_FROM", "brew")
	c.fails(t, []string{"install"}, "'brew'", "build or download")
	t.Setenv("TOOLS_FROM", "")
	t.Setenv("ARGOSERVICE_CACHE", "cache")
	c.fails(t, []string{"install"}, "'cache'", "absolute path")
}

// What a user has set for other builds makes no other programs, and none in other folders.
func TestUsersGoSettingsDoNotCount(t *testing.T) {
	path := os.Getenv("PATH")
	c := newCheckout(t)
	t.Setenv("PATH", path) // so that the program in this folder is built too
	c.ok(t, "install", "kwok")
	kwok := c.path(t, "kwok")
	t.Setenv("GOFLAGS", "-race -mod=mod -modcacherw -tags=broken")
	t.Setenv("GOWORK", "/there/is/none")
	t.Setenv("GOARCH", "mips")
	if after := c.path(t, "kwok"); after != kwok {
		t.Errorf("it is in %s and %s", kwok, after)
	}
	must(t, os.Remove(kwok))
	c.ok(t, "install", "kwok")
	wantOutput(t, "", kwok)
}

func TestEnvPrintsWhatAShellCanEval(t *testing.T) {
	c := newCheckout(t) // its cache has a space and a quote in its name
	c.fails(t, []string{"env"}, "not there yet: etcd kube-apiserver kubectl", "kwok", "make tools")
	c.ok(t, "install", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "workflow-controller")
	exports := c.ok(t, "env") // a cluster runs without kubectl
	if lines := strings.Count(exports, "\n"); lines != 10 {
		t.Errorf("%d lines, want the 10 variables and nothing else:\n%s", lines, exports)
	}
	kube, argo := filepath.Dir(c.path(t, "etcd")), filepath.Dir(c.path(t, "workflow-controller"))
	for name, want := range map[string]string{
		"KUBEBUILDER_ASSETS":                  kube,
		"ARGOSERVICE_ETCD":                    kube + "/etcd",
		"ARGOSERVICE_KUBE_CONTROLLER_MANAGER": kube + "/kube-controller-manager",
		"ARGOSERVICE_KUBE_SCHEDULER":          kube + "/kube-scheduler",
		"ARGOSERVICE_KWOK":                    kube + "/kwok",
		"ARGOSERVICE_WORKFLOW_CONTROLLER":     argo + "/workflow-controller",
		"ARGOSERVICE_ARGO":                    strings.Replace(argo, "argo-", "argoexec-", 1) + "/argo",
		"ARGOSERVICE_ARGO_MANIFESTS":          c.source("argo", "github.com/argoproj/argo-workflows/v4", "manifests"),
		"ARGOSERVICE_ARGO_DEFINITIONS":        "full",
		"ARGOSERVICE_KWOK_MANIFESTS":          c.source("kube", "sigs.k8s.io/kwok", "kustomize"),
	} {
		wantOutput(t, want+"\n", "sh", "-c", `eval "$1"; printenv "$2"`, "sh", exports, name)
	}

	cmd := c.command(t, "exec", "sh", "-c", `echo "$$ $ARGOSERVICE_KWOK"; exit 7`)
	out, err := cmd.CombinedOutput()
	want := fmt.Sprintf("%d %s/kwok\n", cmd.Process.Pid, kube)
	if cmd.ProcessState.ExitCode() != 7 || string(out) != want {
		t.Errorf("exec does not become the command: %v: %s", err, out)
	}
	must(t, os.RemoveAll(c.source("kube", "sigs.k8s.io/kwok", "kustomize")))
	c.fails(t, []string{"env"}, "manifests of kwok")
}

func TestKubebuilderAssetsAreUsedAsTheyAre(t *testing.T) {
	c := newCheckout(t)
	given := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		write(t, filepath.Join(given, name), "#!/bin/sh\n")
	}
	t.Setenv("KUBEBUILDER_ASSETS", given)
	wantContains(t, c.ok(t, "install"), "building kube-controller-manager kube-scheduler kwok, as")
	wantContains(t, c.ok(t, "env"), "export KUBEBUILDER_ASSETS="+given+"\n")
	wantContains(t, c.ok(t, "versions"), "kubernetes KUBEBUILDER_ASSETS\n") // which, it doesn't know
	must(t, os.Remove(filepath.Join(given, "etcd")))
	c.fails(t, []string{"install"}, "KUBEBUILDER_ASSETS="+given+" lacks etcd", "unset")
	// `tools env` sets it to a folder of the cache, which must not outlive a change of version.
	t.Setenv("KUBEBUILDER_ASSETS", filepath.Join(c.cache, "kube-0ld"))
	wantContains(t, c.ok(t, "install"), "building etcd kube-apiserver kubectl, as")
}

func TestATamperedProgramIsNotUsed(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install")
	folder, kwok := filepath.Split(c.path(t, "kwok"))
	wantOutput(t, "", "sh", "-c", `cd "$0" && sha256sum --check --strict --quiet *.sha256`, folder)
	const theirs = "#!/bin/sh\necho theirs\n"
	sum := read(t, folder+"kwok.sha256")
	for what, tamper := range map[string]func(program string){
		"another program":               func(program string) { write(t, program, theirs) },
		"no checksum":                   func(program string) { _ = os.Remove(program + ".sha256") },
		"the checksum of another one":   func(program string) { write(t, program, theirs); write(t, program+".sha256", sum) },
		"a checksum that can't be read": func(program string) { write(t, program+".sha256", "this is none\n") },
	} {
		for _, name := range []string{kwok, "kubectl"} { // kubectl may be missing
			tamper(folder + name)
			for _, args := range [][]string{{"path", name}, {"exec", "true"}} {
				c.fails(t, args, folder+name+" is not the program that was put there")
			}
			wantContains(t, c.ok(t, "install", name), folder+name+" is not the program that was put there", "building "+name+", as")
			if read(t, folder+name) == theirs {
				t.Errorf("%s: it is still there", what)
			}
		}
	}
}

// The real archives, as the checkout pins them, are of the minor release that it builds, one for each
// platform; the real tool modules list these programs.
func TestRealPins(t *testing.T) {
	minor := regexp.MustCompile(`\n\tk8s.io/kubernetes (v1\.[0-9]+)\.`).FindStringSubmatch(read(t, "kube/go.mod"))[1]
	line := regexp.MustCompile(`(?m)^[0-9a-f]{128}  envtest-` + regexp.QuoteMeta(minor) + `\.[0-9]+-(\w+-\w+)\.tar\.gz\n`)
	archives := line.ReplaceAllString(read(t, "envtest.sha512"), "$1 ")
	if want := "darwin-amd64 darwin-arm64 linux-amd64 linux-arm64 "; archives != want {
		t.Errorf("of %s, archives are pinned for %q, want %q", minor, archives, want)
	}
	t.Setenv("ARGOSERVICE_CACHE", t.TempDir())
	t.Setenv("ARGO", "9.9")
	real := checkout{root: filepath.Join("..", "tools")}
	real.fails(t, []string{"install"}, "there are 4.0 3.6 3.7\n")
	t.Setenv("ARGO", "")
	t.Setenv("KUBERNETES", "9.9")
	real.fails(t, []string{"install"}, "there are 1.37 1.33\n")
	t.Setenv("KUBERNETES", "")
	real.fails(t, []string{"install", "helm"}, "there are apidiff argo argoexec benchstat bridge containerd "+
		"containerd-shim-runc-v2 etcd golangci-lint govulncheck host-local kube-apiserver kube-controller-manager "+
		"kube-scheduler kubectl kubelet kwok workflow-controller\n")
}
