package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInstallBuildsOnce(t *testing.T) {
	f := newFixture(t)
	var first, second log
	if err := run(t.Context(), []string{"install"}, nil, &first); err != nil {
		t.Fatal(err)
	}
	wantContains(t, first.String(), "building kube-apiserver", "(v1.37.2)", "only once", "built workflow-controller in ", "building kwok")
	kube := f.load(t, "kube")
	if missing := missingIn(kube.dir, []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "etcd"}); missing != nil {
		t.Errorf("installed, but missing: %v", missing)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(kube.dir, "kube-apiserver")).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "v1.37.2" {
		t.Errorf("kube-apiserver says version %q (%v), want the pinned one", out, err)
	}
	if left := f.leftovers(t); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	if err := run(t.Context(), []string{"install"}, nil, &second); err != nil {
		t.Fatal(err)
	}
	if got := second.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "building") {
		t.Errorf("a second run should say one line and build nothing, said:\n%s", got)
	}
}

func TestInstallBuildsOnlyWhatIsMissing(t *testing.T) {
	f := newFixture(t)
	in, _ := f.installer(t)
	if err := in.install(t.Context(), []string{"kube"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.load(t, "kube").dir, "etcd")); err != nil {
		t.Fatal(err)
	}
	again, out := f.installer(t)
	if err := again.install(t.Context(), []string{"kube"}); err != nil {
		t.Fatal(err)
	}
	wantContains(t, out.String(), "building etcd from")
}

func TestPathNamesTheFolderOfASet(t *testing.T) {
	f := newFixture(t)
	var stdout, stderr log
	if err := run(t.Context(), []string{"path", "kwok"}, &stdout, &stderr); err == nil {
		t.Fatal("path of a set that is not installed should be an error")
	} else {
		wantContains(t, err.Error(), "kwok", "tools install kwok")
	}
	in, _ := f.installer(t)
	if err := in.install(t.Context(), []string{"kwok"}); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"path", "kwok"}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(stdout.String()); missingIn(got, []string{"kwok"}) != nil {
		t.Errorf("path says %q, where there is no kwok", got)
	}
}

func TestFailedBuildReportsAndLeavesNothing(t *testing.T) {
	f := newFixture(t)
	broken := filepath.Join(f.root, "kwok", "main", "cmd", "kwok", "main.go")
	write(t, broken, "package main\n\nfunc main() { notDeclaredAnywhere() }\n")
	in, _ := f.installer(t)
	err := in.install(t.Context(), []string{"kwok"})
	if err == nil {
		t.Fatal("a build that cannot work succeeded")
	}
	wantContains(t, err.Error(), "kwok: go build", "undefined: notDeclaredAnywhere")
	if got := f.programs(t); len(got) > 0 {
		t.Errorf("a failed build left %v", got)
	}
	if left := f.leftovers(t); len(left) > 0 {
		t.Errorf("a failed build left %v", left)
	}

	write(t, broken, "package main\n\nfunc main() {}\n")
	if err := in.install(t.Context(), []string{"kwok"}); err != nil {
		t.Errorf("after the mistake is gone: %v", err)
	}
}

func TestUnknownSetNamesTheKnownOnes(t *testing.T) {
	f := newFixture(t)
	in, _ := f.installer(t)
	err := in.install(t.Context(), []string{"helm"})
	if err == nil {
		t.Fatal("installed a set that is not there")
	}
	wantContains(t, err.Error(), `"helm"`, "argo, kube, kwok")
}

func TestGoCommandsIgnoreWorkspacesAndBuildFlags(t *testing.T) {
	newFixture(t)
	t.Setenv("GOFLAGS", "-race -modcacherw")
	t.Setenv("GOGC", "")
	env := buildEnv("/scratch")
	for _, want := range []string{"GOFLAGS=-mod=readonly -modcacherw", "GOWORK=off", "CGO_ENABLED=0", "GOGC=400", "GOTMPDIR=/scratch"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is not in the environment", want)
		}
	}
	t.Setenv("GOGC", "50")
	if slices.Contains(buildEnv("/scratch"), "GOGC=400") {
		t.Error("the user's GOGC is overruled")
	}
}
