// Package host shows what a service gets that adds this library to its go.mod.
package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const library = "github.com/opensearch-project/opensearch-migrations/argoservice"

// The oldest Kubernetes libraries that upstream supports.
const hostModule = `module example.com/host

go 1.26.0

require (
	k8s.io/apimachinery v0.35.0
	k8s.io/client-go v0.35.0
)
`

// What the programs import decides the versions.
const bareProgram = `package main

import _ "k8s.io/client-go/dynamic"

func main() {}
`

const hostProgram = `package main

import (
	_ "k8s.io/client-go/dynamic"

	_ "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	_ "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func main() {}
`

// Adding the library to a host must not move any version that the host has selected.
func TestNothingIsRaised(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	before := versions(t, root, hostModule, bareProgram)
	after := versions(t, root, hostModule+"\nrequire "+library+" v0.0.0\n\nreplace "+library+" => "+strconv.Quote(root)+"\n", hostProgram)
	if before["k8s.io/client-go"] != "v0.35.0" || after[library] == "" {
		t.Fatalf("this compares nothing: %v, %v", before, after)
	}
	for module, version := range before {
		if after[module] != version {
			t.Errorf("%s moves from %s to %q", module, version, after[module])
		}
	}
}

// versions builds a host and returns its build list.
func versions(t *testing.T, root, module, program string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": module, "main.go": program, "go.sum": string(sums)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	goCommand(t, dir, "mod", "tidy")
	goCommand(t, dir, "build", "-o", os.DevNull, ".")
	list := map[string]string{}
	for line := range strings.Lines(goCommand(t, dir, "list", "-m", "-f", "{{.Path}} {{or .Version .Dir}}", "all")) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path != "example.com/host" {
			list[path] = version
		}
	}
	return list
}

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}
