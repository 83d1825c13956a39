package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestEnvPrintsWhatAShellCanEval(t *testing.T) {
	f := newFixture(t) // its cache has a space and a quote in its name
	var stdout, stderr log
	err := run(t.Context(), []string{"env"}, &stdout, &stderr)
	if err == nil || stdout.String() != "" {
		t.Fatalf("with nothing installed: got %v and %q, want an error and no output", err, stdout.String())
	}
	wantContains(t, err.Error(), "kube-apiserver", "kwok", "make tools")

	if err := run(t.Context(), []string{"install"}, nil, &stderr); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"env"}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	kube, argo, kwok := f.load(t, "kube"), f.load(t, "argo"), f.load(t, "kwok")
	for name, want := range map[string]string{
		"KUBEBUILDER_ASSETS":                  kube.dir,
		"ARGOSERVICE_KUBE_CONTROLLER_MANAGER": filepath.Join(kube.dir, "kube-controller-manager"),
		"ARGOSERVICE_KUBE_SCHEDULER":          filepath.Join(kube.dir, "kube-scheduler"),
		"ARGOSERVICE_WORKFLOW_CONTROLLER":     filepath.Join(argo.dir, "workflow-controller"),
		"ARGOSERVICE_KWOK":                    filepath.Join(kwok.dir, "kwok"),
		"ARGOSERVICE_ARGO_MANIFESTS":          filepath.Join(f.root, "argo", "main", "manifests"),
		"ARGOSERVICE_KWOK_MANIFESTS":          filepath.Join(f.root, "kwok", "main", "kustomize"),
	} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", `eval "$1"; printenv "$2"`, "sh", stdout.String(), name).Output()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
		if _, err := os.Stat(want); err != nil {
			t.Error(err)
		}
	}
	if lines := strings.Count(stdout.String(), "\n"); lines != 7 {
		t.Errorf("%d lines, want the 7 variables and nothing else:\n%s", lines, stdout.String())
	}

	if err := os.RemoveAll(filepath.Join(f.root, "kwok", "main", "kustomize")); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"env"}, &stdout, &stderr); err == nil || !strings.Contains(err.Error(), "manifests of kwok") {
		t.Errorf("without KWOK's manifests: got %v", err)
	}
}

func TestExecBecomesTheCommand(t *testing.T) {
	f := newFixture(t)
	if out, err := program("exec", "--", "true").CombinedOutput(); err == nil || !strings.Contains(string(out), "make tools") {
		t.Errorf("with nothing installed: got %v and %q", err, out)
	}
	var stderr log
	if err := run(t.Context(), []string{"install"}, nil, &stderr); err != nil {
		t.Fatal(err)
	}
	cmd := program("exec", "--", "sh", "-c", `echo "$$ $ARGOSERVICE_KWOK"; exit 7`)
	var stdout log
	cmd.Stdout = &stdout
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v, want the command's exit code 7", err)
	}
	wantContains(t, stdout.String(), filepath.Join(f.load(t, "kwok").dir, "kwok"))
	if pid := strings.Fields(stdout.String())[0]; cmd.Process == nil || pid != strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("the command has process id %s, want that of the program it replaced", pid)
	}
	if out, err := program("exec", "--", "no-such-command").CombinedOutput(); err == nil || !strings.Contains(string(out), "no-such-command") {
		t.Errorf("an unknown command: got %v and %q", err, out)
	}
}

func TestCommandLineMistakesEndWithExitCode2(t *testing.T) {
	newFixture(t)
	for _, args := range [][]string{{}, {"instal"}, {"exec"}, {"exec", "--"}, {"path"}, {"private"}} {
		out, err := program(args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "tools help") {
			t.Errorf("%q: got %v and %q", args, err, out)
		}
	}
	if out, err := program("help").Output(); err != nil || !strings.Contains(string(out), "install") {
		t.Errorf("help: got %v and %q", err, out)
	}
}
