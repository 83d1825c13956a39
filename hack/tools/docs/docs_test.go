package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
)

// sound is a repository without a problem.
func sound() map[string]string {
	return map[string]string{
		"go.mod":   "module example.com/lib\n\ngo 1.26\n",
		".ci/run":  "#!/bin/sh\n# make soak\nmake all || exit\n",
		"Makefile": "all: unit ## everything\n\t@$(MAKE) -s first second >/dev/null\n\t@# make soak\n\nunit:\n\nfirst:\n\nsecond::\n\tgo test # make soak\n",
		"x/x.mk":   "second::\n\t@printf '%s\\n' \"$(MAKE) side\"\n\nside: \\\n\tdeep\n\ndeep:\n\nsoak:\n\t@true\n",
		"README.md": "# Title\n\n[a](docs/architecture.md#packages) [b](#a-b--c-1) [c](pkg) [d][e] <https://example.com> <a@example.com>\n\n[e]: docs#in-docs\n\n" +
			"## A `b` & *c*\n\n## A b & c\n\n" +
			"`make -s unit ARGS=x`, `make\nside`, `cmake x`, `[x](nowhere)`\n\n```sh\nmake deep # make nothing\n```\n\n" +
			"[`TestDo`](pkg/lib/lib_test.go), `lib.Do()`, `*lib.Options.Name`, `Options.Check`, `in.Options`, `Whole.Any`, `http.Client`, `Client.Get`, `Do`\n\n" +
			"<!-- snippet of pkg/lib/lib_test.go -->\n```go\nif err := v.Verb(); err != nil {\n\treturn err // first\n}\n```\n\n" +
			"<!-- snippet of pkg/lib/lib_test.go -->\n```go\nreturn nil\n```\n",
		"docs/README.md":          "# In docs\n",
		"docs/architecture.md":    "# Packages\n\n" + drawingBegin + soundDrawing + drawingEnd,
		"docs/api/pkg-lib.txt":    "package lib // import \"example.com/lib/pkg/lib\"\n\nfunc Do(n int) error\n\ntype Interface interface {\n\tPart\n}\n\ntype Options struct {\n\tName string\n}\nfunc (*Options) Check() error\n\ntype Part interface {\n\tVerb() error\n}\n\ntype Whole struct {\n\tOptions\n}\n",
		"pkg/lib/lib.go":          "package lib\n",
		"pkg/lib/lib_test.go":     "package lib\n\nimport _ \"example.com/lib/pkg/help\"\n\nfunc TestDo(t *testing.T) {}\n\nfunc ExampleVerb() {\n\t_ = func(v Part) error {\n\t\tif err := v.Verb(); err != nil {\n\t\t\treturn err // first\n\t\t}\n\t\tif v.Verb() != nil {\n\t\t\treturn err\n\t\t}\n\t\treturn nil\n\t}\n}\n",
		"pkg/help/help.go":        "package help\n",
		"pkg/help/help_test.go":   "package help\n\nfunc TestHelp(t *testing.T) {}\n",
		"docs/api/a.txt":          "package in // import \"example.com/lib/adapters/a/in\"\n\ntype Options = lib.Options\n",
		"adapters/a/in/x_test.go": "package in\n\nfunc Example() {\n}\n",
		"adapters/a/go.mod":       "module example.com/lib/adapters/a\n",
		"adapters/a/in/in.go":     "package in\n\nimport \"example.com/lib/pkg/lib\"\n\nvar _ lib.Part\n",
		"hack/x/x.go":             "package x\n\nimport _ \"example.com/lib/pkg/lib\"\n",
		"CHANGELOG.md":            "`make gone`, `lib.Gone`\n",
	}
}

const soundDrawing = "```mermaid\nflowchart TD\n" +
	"    subgraph group0[\"adapters: modules of their own\"]\n        adapters_a[\"adapters/a\"]\n    end\n" +
	"    subgraph group1[\"pkg: packages of the root module\"]\n        pkg_help[\"pkg/help\"]\n        pkg_lib[\"pkg/lib\"]\n    end\n" +
	"    adapters_a --> pkg_lib\n    pkg_lib -.-> pkg_help\n```\n"

// found writes a repository into an empty folder and returns its problems, a line each.
func found(t *testing.T, root string, files map[string]string, online, write bool) string {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if err := os.CopyFS(root, tree); err != nil {
		t.Fatal(err)
	}
	problems, err := check(root, online, write)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(problems, "\n")
}

func TestSoundRepository(t *testing.T) {
	if got := found(t, t.TempDir(), sound(), false, false); got != "" {
		t.Errorf("it finds %s", got)
	}
}

// Each case makes one mistake.
func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct{ file, old, mistake, want string }{
		"no file":              {"README.md", "](pkg)", "](nowhere)", `README.md:3: link "nowhere": there is no nowhere`},
		"no image":             {"README.md", "[c](pkg)", "![c](nowhere)", `README.md:3: link "nowhere": there is no nowhere`},
		"no heading":           {"docs/architecture.md", "# Packages", "# Parcels", `README.md:3: link "docs/architecture.md#packages": docs/architecture.md has no such heading`},
		"no second heading":    {"README.md", "## A b & c", "## A b", `README.md:3: link "#a-b--c-1": README.md has no such heading`},
		"no heading of folder": {"docs/README.md", "# In docs", "# Out", `README.md:5: link "docs#in-docs": docs/README.md has no such heading`},
		"anchor in code":       {"README.md", "](pkg)", "](pkg/lib/lib.go#Do)", "README.md:3: link"},
		"out of the root":      {"README.md", "](pkg)", "](../pkg)", `README.md:3: link "../pkg": there is no ../pkg`},
		"from the root":        {"README.md", "](pkg)", "](/pkg)", `README.md:3: link "/pkg": neither a relative path nor a URL`},
		"another scheme":       {"README.md", "](pkg)", "](file:pkg)", "README.md:3: link"},
		"no target":            {"README.md", "](pkg)", "]()", "README.md:1: link"},
		"test of another file": {"README.md", "pkg/lib/lib_test.go)", "pkg/help/help_test.go)", `README.md:18: link "pkg/help/help_test.go": there is no TestDo in it`},

		"snippet changed":      {"README.md", "err // first", "err // 1st", "README.md:20: pkg/lib/lib_test.go changed: make docs ARGS=--write"},
		"snippet not indented": {"README.md", "\treturn err // first", "return err // first", "README.md:20: pkg/lib/lib_test.go changed"},
		"snippet is gone":      {"README.md", "if err := v.Verb()", "if err := w.Verb()", "README.md:20: pkg/lib/lib_test.go has no lines that begin and end like these"},
		"snippet is too long":  {"README.md", "return nil\n", "return nil\n\t}\n", "README.md:27: pkg/lib/lib_test.go has no lines"},
		"snippet of no file":   {"README.md", "<!-- snippet of pkg/lib/lib_test.go -->\n```go\nreturn", "<!-- snippet of pkg/x.go -->\n```go\nreturn", "README.md:27: the line above must name a Go file"},
		"snippet of no code":   {"README.md", "<!-- snippet of pkg/lib/lib_test.go -->\n```go\nreturn", "<!-- snippet of Makefile -->\n```go\nreturn", "README.md:27: the line above must name a Go file"},
		"snippet of nothing":   {"README.md", "<!-- snippet of pkg/lib/lib_test.go -->\n```go\nreturn", "```golang\nreturn", "README.md:27: the line above must name a Go file"},
		"indented snippet":     {"README.md", "```go\nreturn nil\n```", "- a\n\n  ~~~ go\n  return nil\n  ~~~", "README.md:30: the line above must name a Go file"},
		"another import":       {"pkg/lib/lib.go", "lib\n", "lib\n\nimport _ \"example.com/lib/pkg/help\"\n", "docs/architecture.md:3: the imports changed: make docs ARGS=--write"},
		"another module":       {"pkg/help/help.go", "help\n", "help\n\nimport _ \"example.com/lib/adapters/a/in\"\n", "docs/architecture.md:3: the imports changed"},
		"no end of drawing":    {"docs/architecture.md", drawingEnd, "", "docs/architecture.md:1: lacks the lines"},
		"no such make target":  {"README.md", "make -s unit", "make -s unity", `README.md:11: the Makefile has no target "unity"`},
		"none of two":          {"README.md", "make -s unit", "make -s unit nothing", `README.md:11: the Makefile has no target "nothing"`},
		"none in a shell":      {"README.md", "make deep", "true && make nothing", `README.md:15: the Makefile has no target "nothing"`},
		"not run by CI":        {"README.md", "make -s unit", "make -s soak", "README.md:11: .ci/run does not run make soak in any form"},
		"not run any more":     {"x/x.mk", "$(MAKE) side", "$(MAKE) soak", "README.md:11: .ci/run does not run make side in any form\nREADME.md:15: .ci/run does not run make deep"},
		"no name":              {"README.md", "`lib.Do()`", "`lib.Undo()`", "README.md:18: there is no lib.Undo()"},
		"no field":             {"README.md", "lib.Options.Name", "lib.Options.Age", "README.md:18: there is no *lib.Options.Age"},
		"no method":            {"docs/api/pkg-lib.txt", "(*Options) Check", "(*Part) Check", "README.md:18: there is no Options.Check"},
		"no test":              {"README.md", "`Do`", "`TestNothing`", "README.md:18: there is no TestNothing"},
		"no example":           {"pkg/lib/lib_test.go", "func ExampleVerb", "func testVerb", "docs/api/pkg-lib.txt:15: no example calls Verb\ndocs/api/pkg-lib.txt:1: package lib has no example"},
		"verb without example": {"docs/api/pkg-lib.txt", "\tVerb() error\n", "\tVerb() error\n\tVerbal() error\n", "docs/api/pkg-lib.txt:16: no example calls Verbal"},
	} {
		t.Run(name, func(t *testing.T) {
			files := sound()
			if strings.Count(files[test.file], test.old) != 1 {
				t.Fatalf("%s has not exactly one %q", test.file, test.old)
			}
			files[test.file] = strings.Replace(files[test.file], test.old, test.mistake, 1)
			got := found(t, t.TempDir(), files, false, false)
			if !strings.HasPrefix(got, test.want) || strings.Count(got, "\n") != strings.Count(test.want, "\n") {
				t.Errorf("it finds\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// A block keeps its place in the code when lines between its first and its last one change.
func TestWrite(t *testing.T) {
	root, files := t.TempDir(), sound()
	files["pkg/lib/lib_test.go"] = strings.Replace(files["pkg/lib/lib_test.go"],
		"\t\t\treturn err // first\n", "\t\t\tlog.Print(err)\n\n\t\t\treturn err\n", 1)
	files["docs/architecture.md"] = strings.Replace(files["docs/architecture.md"], soundDrawing, "old\n", 1)
	if got := found(t, root, files, false, true); got != "" {
		t.Errorf("it finds %s", got)
	}
	for name, want := range map[string]string{
		"README.md":            strings.Replace(sound()["README.md"], "\treturn err // first\n", "\tlog.Print(err)\n\n\treturn err\n", 1),
		"docs/architecture.md": sound()["docs/architecture.md"],
	} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != want {
			t.Errorf("%v, %s is\n%s\nwant\n%s", err, name, got, want)
		}
	}
}

// Only an answer that the page does not exist is a problem.
func TestOnline(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.WriteHeader(map[string]int{"/gone": http.StatusGone, "/refused": http.StatusForbidden, "/": http.StatusOK}[r.URL.Path])
	}))
	defer server.Close()
	files := sound()
	files["README.md"] = "[a](" + server.URL + "/) [b](" + server.URL + "/refused#x)\n[c](" + server.URL + "/gone)\n"
	if got := found(t, t.TempDir(), files, false, false); got != "" || requests.Load() > 0 {
		t.Errorf("without online it finds %s and makes %d requests", got, requests.Load())
	}
	if got := found(t, t.TempDir(), files, true, false); !strings.HasPrefix(got, "README.md:2: ") || !strings.HasSuffix(got, "410 Gone") || requests.Load() != 3 {
		t.Errorf("it finds %s by %d requests", got, requests.Load())
	}
}
