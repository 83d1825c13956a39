package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes one with a package, another one that uses it, one that nobody may use, and an adapter.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	put(t, root, "go.mod", "module example.com/lib\n\ngo 1.26.0\n")
	put(t, root, "pkg/one/one.go", "package one\n\ntype Thing struct{ Name string }\n\nfunc (Thing) Go() {}\n")
	put(t, root, "pkg/two/two.go", "package two\n\nimport \"example.com/lib/pkg/one\"\n\nfunc Make() one.Thing { return one.Thing{} }\n")
	put(t, root, "pkg/internal/three/three.go", "package three\n\nfunc Unseen() {}\n")
	put(t, root, "adapters/a/go.mod", "module example.com/lib/adapters/a\n\ngo 1.26.0\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../..\n")
	put(t, root, "adapters/a/a.go", "package a\n\nimport \"example.com/lib/pkg/one\"\n\nvar Default one.Thing\n")
	return root
}

func TestWriteThenCheck(t *testing.T) {
	root := repository(t)
	if out, err := runAPI(t, "--root", root); err == nil || !strings.Contains(out, "docs/api/pkg-one.txt is out of date") {
		t.Fatalf("without docs/api: %v, and it says %q", err, out)
	}
	if _, err := runAPI(t, "--root", root, "--write"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, folder, "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("there are %q (%v), want those of one, two and the adapter", files, err)
	}
	if out, err := runAPI(t, "--root", root); err != nil || out != "" {
		t.Fatalf("right after --write: %v, and it says %q", err, out)
	}

	put(t, root, "pkg/one/one.go", "package one\n\ntype Thing struct{ Name string }\n\nfunc More() {}\n")
	out, err := runAPI(t, "--root", root)
	if err == nil {
		t.Error("an API that has changed is no error")
	}
	for _, want := range []string{
		"example.com/lib/pkg/one: BREAKING beside the one in docs/api: Thing.Go: removed\n",
		"example.com/lib/pkg/one: compatible with the one in docs/api: More: added\n",
		"docs/api/pkg-one.txt is out of date\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it says %q, which lacks %q", out, want)
		}
	}
	if strings.Contains(out, "pkg-two") {
		t.Errorf("it says %q, but two is what it was", out)
	}
}

// A file that was left with the marks of a merge, or of a package that is gone, is written anew.
func TestWriteMends(t *testing.T) {
	root := repository(t)
	if _, err := runAPI(t, "--root", root, "--write"); err != nil {
		t.Fatal(err)
	}
	put(t, root, "docs/api/pkg-one.txt", "<<<<<<< HEAD\n")
	put(t, root, "docs/api/pkg-gone.txt", "package gone // import \"example.com/lib/pkg/gone\"\n")
	if _, err := runAPI(t, "--root", root); err == nil {
		t.Error("a file that can't be read is no error")
	}
	if _, err := runAPI(t, "--root", root, "--write"); err != nil {
		t.Error(err)
	}
	if out, err := runAPI(t, "--root", root); err != nil {
		t.Errorf("%v, and it says %q", err, out)
	}
}

func TestSince(t *testing.T) {
	for name, folder := range map[string]string{"whole repository": "", "folder of one": "lib/"} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			root := filepath.Join(top, folder)
			if err := os.MkdirAll(root, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(root, os.DirFS(repository(t))); err != nil {
				t.Fatal(err)
			}
			if _, err := runAPI(t, "--root", root, "--since", "v0.1.0"); err == nil {
				t.Error("a tag that isn't there is no error")
			}
			if _, err := runAPI(t, "--root", root, "--write"); err != nil {
				t.Fatal(err)
			}
			gitCommand(t, top, "init", "--quiet")
			gitCommand(t, top, "add", ".")
			gitCommand(t, top, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "x")
			gitCommand(t, top, "tag", folder+"v0.1.0")
			gitCommand(t, top, "tag", "adapters/a/v0.2.0")
			put(t, root, "pkg/one/one.go", "package one\n\ntype Thing struct{ Name string }\n")
			if _, err := runAPI(t, "--root", root, "--write"); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{}, {"--since", "HEAD"}} { // without one it is the last tag
				out, err := runAPI(t, append(args, "--root", root)...)
				if err != nil || !strings.Contains(out, "BREAKING beside the one of ") || !strings.Contains(out, "Thing.Go: removed") {
					t.Errorf("%q: %v, and it says %q", args, err, out)
				}
			}
		})
	}
}

func gitCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v: %s", args, err, out)
	}
}

func TestCodeThatDoesNotCompile(t *testing.T) {
	root := repository(t)
	put(t, root, "pkg/one/one.go", "package one\n\nfunc Broken() Missing { panic(1) }\n")
	if _, err := runAPI(t, "--root", root, "--write"); err == nil || !strings.Contains(err.Error(), "Missing") {
		t.Errorf("the error is %v", err)
	}
}

func TestArguments(t *testing.T) {
	if err := run(t.Context(), []string{"more"}, io.Discard); err == nil {
		t.Error("an argument is no error")
	}
	if err := run(t.Context(), []string{"--help"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

func runAPI(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
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
