package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDrawing(t *testing.T) {
	root := repository(t, map[string]string{"docs/architecture.md": "# Architecture\n\nAbove.\n\n" + drawingBegin + "old\n" + drawingEnd + "\nBelow.\n"})
	put(t, root, "pkg/lib/deep/deep.go", "// Package deep is.\npackage deep\n")
	put(t, root, "pkg/lib/deep/deep_test.go", "package deep_test\n\nimport _ \"example.com/lib/pkg/lib\"\n\nfunc Example() {}\n")
	got := found(t, root)
	if len(got) != 1 || !strings.HasPrefix(got[0], "docs/architecture.md:5: the drawing is not what the code is") {
		t.Fatalf("after a change it finds %q", got)
	}
	if got := found(t, root, "--write"); got != nil {
		t.Errorf("after --write it finds %q", got)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := "# Architecture\n\nAbove.\n\n" + drawingBegin + "```mermaid\nflowchart TD\n" +
		"    subgraph group0[\"adapters: modules of their own\"]\n        adapters_a[\"adapters/a\"]\n    end\n" +
		"    subgraph group1[\"pkg: packages of the root module\"]\n        pkg_lib[\"pkg/lib\"]\n        pkg_lib_deep[\"pkg/lib/deep\"]\n    end\n" +
		"    adapters_a --> pkg_lib\n    pkg_lib_deep -.-> pkg_lib\n```\n" + drawingEnd + "\nBelow.\n"
	if string(text) != want {
		t.Errorf("it draws\n%s\nwant\n%s", text, want)
	}
}

func TestDrawingWithoutMarks(t *testing.T) {
	root := repository(t, nil)
	put(t, root, "docs/architecture.md", "# Architecture\n")
	if err := run(t.Context(), []string{"--root", root, "--write"}, os.Stderr); err == nil || !strings.Contains(err.Error(), "lacks the marks") {
		t.Errorf("the error is %v", err)
	}
}
