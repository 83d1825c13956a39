package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes one in which nothing is wrong, but for the files that are given.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	put(t, root, "go.mod", "module example.com/lib\n\ngo 1.26.0\n")
	put(t, root, "Makefile", "help: ## the first\n\ntest-unit: need\n\t@true\n")
	put(t, root, "examples/x/x.mk", "demo-x:\n\t@true\n")
	put(t, root, "pkg/lib/lib.go", "// Package lib is there to be shown.\npackage lib\n\n// Do does.\nfunc Do(n int) error { return nil }\n")
	put(t, root, "pkg/lib/lib_test.go", "package lib\n\nfunc Example() {\n\t_ = func() error {\n\t\tif err := Do(1); err != nil {\n\t\t\treturn err\n\t\t}\n\t\treturn nil\n\t}\n}\n")
	put(t, root, "adapters/a/go.mod", "module example.com/lib/adapters/a\n\ngo 1.26.0\n\nrequire example.com/lib v0.0.0-00010101000000-000000000000\n\nreplace example.com/lib => ../..\n")
	put(t, root, "adapters/a/a.go", "// Package a is one, too.\npackage a\n\nimport \"example.com/lib/pkg/lib\"\n\n// Do does.\nfunc Do() error { return lib.Do(1) }\n")
	put(t, root, "adapters/a/a_test.go", "package a\n\nfunc Example() {}\n")
	put(t, root, "docs/architecture.md", "# Architecture\n\n"+drawingBegin+drawingEnd)
	for name, text := range files {
		put(t, root, name, text)
	}
	if err := writeDrawings(root); err != nil {
		t.Fatal(err)
	}
	return root
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// found is what the program finds, a line each.
func found(t *testing.T, root string, args ...string) []string {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"--root", root}, args...), &out)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if out.Len() == 0 {
		lines = nil
	}
	if (err != nil) != (len(lines) > 0) {
		t.Errorf("it finds %q, and the error is %v", lines, err)
	}
	return lines
}

// expect compares what is found in one page with the beginnings of lines.
func expect(t *testing.T, page string, want ...string) {
	t.Helper()
	got := found(t, repository(t, map[string]string{"page.md": page}))
	if len(got) != len(want) {
		t.Fatalf("it finds %q, want %q", got, want)
	}
	for i, line := range got {
		if !strings.HasPrefix(line, "page.md:"+want[i]) {
			t.Errorf("it finds %q, want %q", line, want[i])
		}
	}
}

func TestNothingToFind(t *testing.T) {
	if got := found(t, repository(t, nil)); got != nil {
		t.Errorf("it finds %q", got)
	}
}
