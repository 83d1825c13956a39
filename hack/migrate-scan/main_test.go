package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// must ends the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return string(text)
}

// write creates the files of a tree, by path, in the current folder.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	tree := fstest.MapFS{}
	for path, text := range files {
		tree[path] = &fstest.MapFile{Data: []byte(text)}
	}
	must(t, os.CopyFS(".", tree))
}

const uses = "import argo_service\n"

// call runs the scanner.
func call(args ...string) (code int, out, errOut string) {
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"some/a.py": uses, "none/a.py": "", "some/b.txt": ""})
	for _, test := range []struct {
		args string
		code int
		text string // of the output or, for help and where the code is 2, of the message
	}{
		{"some", 0, "some/a.py:1:8"},
		{"--fail-on-found some", 1, "some/a.py:1:8"},
		{"some --fail-on-found", 1, "some/a.py:1:8"},
		{"--fail-on-found none", 0, "0 found, 0 sure and 0 maybe, in 0 of 1 files"},
		{"--fail-on-found --sure some", 0, "0 found"},
		{"some/a.py none", 0, "1 of 2 files"},
		{"-- some", 0, "some/a.py"},
		{"some some/a.py ./some", 0, "1 of 1 files"},
		{"--help", 0, "--fail-on-found"},
		{"", 2, "no folder is given"},
		{"missing", 2, "DIR missing: no such file"},
		{"some missing", 2, "DIR missing: no such file"},
		{"some/b.txt", 2, "some/b.txt: neither a folder nor"},
		{"--format xml some", 2, `--format: "xml" is none of table, json and sarif`},
		{"--sure likely some", 2, "DIR likely: no such file"},
		{"--what some", 2, "--what; the flags are --format"},
		{"-- --format", 2, "DIR --format: no such file"},
	} {
		t.Run(test.args, func(t *testing.T) {
			code, text, other := call(strings.Fields(test.args)...)
			if test.code == exitWrong || test.args == "--help" {
				text, other = other, text
			}
			if code != test.code || !strings.Contains(text, test.text) || other != "" {
				t.Errorf("code %d, %q and %q; want %d, %q", code, text, other, test.code, test.text)
			}
		})
	}
}

func TestOutputBroken(t *testing.T) {
	t.Chdir(t.TempDir())
	reader, writer := io.Pipe()
	_ = reader.CloseWithError(errors.New("disk is full"))
	var errOut bytes.Buffer
	if code := run([]string{"."}, writer, &errOut); code != exitWrong || !strings.Contains(errOut.String(), "disk is full") {
		t.Errorf("code %d, %q", code, errOut.String())
	}
}

// found runs the scanner and reads its JSON.
func found(t *testing.T, args ...string) report {
	t.Helper()
	code, out, errOut := call(append([]string{"--format", "json"}, args...)...)
	var r report
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || code != 0 {
		t.Fatalf("code %d, %v, %q", code, err, errOut)
	}
	return r
}

// files are the names of those with findings.
func (r report) files() []string {
	var names []string
	for _, f := range r.Findings {
		names = append(names, f.File)
	}
	return slices.Compact(names)
}

func TestWhichFiles(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	write(t, map[string]string{
		"r/.git/a.py": uses, "r/.gitignore": "*.gen.py\n/out/\n!kept.gen.py\n# a.py\n\nlogs/\r\n", "r/a.py": uses, "r/b.gen.py": uses,
		"r/kept.gen.py": uses, "r/out/a.py": uses, "r/sub/out/a.py": uses, "r/sub/logs/a.py": uses,
		"r/sub/.gitignore": "a.py\n!/out/a.py\n", "r/sub/a.py": uses, "r/sub/deep/a.py": uses, "r/sub/b.py": uses,
		"r/vendor/a.py": uses, "r/node_modules/a.py": uses, "r/.venv/a.py": uses, "r/x/site-packages/a.py": uses,
		"r/__pycache__/a.py": uses, "r/.tox/a.py": uses, "r/x.egg-info/a.py": uses, "r/env/pyvenv.cfg": "", "r/env/a.py": uses,
		"r/a.txt": uses, "r/tool": "#!/usr/bin/env python3\n" + uses, "r/script": "#!/bin/bash\nargo list\n", "r/data": uses,
		"r/a.sh": "argo list", "r/Makefile": "a:\n\targo list", "r/Dockerfile.dev": "RUN argo list", "r/a.pyi": uses,
	})
	must(t, os.Symlink(filepath.Join(root, "r", "a.py"), filepath.Join(root, "r", "link.py")))
	absolute := filepath.ToSlash(filepath.Join(root, "r", "sub"))
	for _, test := range []struct{ dirs, want string }{
		{"r", "r/Dockerfile.dev r/Makefile r/a.py r/a.pyi r/a.sh r/kept.gen.py r/script r/sub/b.py r/sub/out/a.py r/tool"},
		{"r/sub", "r/sub/b.py r/sub/out/a.py"},
		{"r/out", "r/out/a.py"},
		{"./r/vendor r/b.gen.py", "r/b.gen.py r/vendor/a.py"},
		{absolute, absolute + "/b.py " + absolute + "/out/a.py"},
	} {
		if got := strings.Join(found(t, strings.Fields(test.dirs)...).files(), " "); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.dirs, got, test.want)
		}
	}
}

func TestSkipped(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{
		"a.sh": "argo list\n# \xff", "b.py": uses + "'never closed", "e.go": "package e // argo\nfunc (",
		"f.py": strings.Repeat("#", maxFile+1), "g.py": "\x00", "h.sh": "if # argo", "i.py": "# coding: latin-1\nx = '\xe9'; " + uses, "j.py": uses,
		"k.py": "", "l.sh": "argo list\n" + strings.Repeat("#", maxScript),
	})
	if os.Getuid() != 0 { // root may read everything
		must(t, os.Chmod("k.py", 0))
	} else {
		must(t, os.Remove("k.py"))
	}
	r := found(t, ".")
	got := map[string]string{}
	for _, s := range r.Skipped {
		got[s.File] = s.what()
	}
	for file, want := range map[string]string{
		"b.py": "in part: 2:1: is not understood", "e.go": "in part: 2:", "h.sh": "in part: 1:1",
		"f.py": "is larger than 2 MB", "g.py": "contains NUL bytes", "l.sh": "is too large",
	} {
		if !strings.HasPrefix(got[file], want) {
			t.Errorf("%s: %q, want %q", file, got[file], want)
		}
	}
	if want := []string{"a.sh", "b.py", "i.py", "j.py"}; !slices.Equal(r.files(), want) {
		t.Errorf("found in %q, want %q", r.files(), want)
	}
	if r.Findings[2].Column != 17 {
		t.Errorf("after a byte that is not UTF-8, the column is %d, want 17", r.Findings[2].Column)
	}
	if r.Total.Skipped != len(r.Skipped) || r.Total.Scanned != 6 || r.Total.Findings != 4 || r.Total.Maybe != 3 {
		t.Errorf("the total is %+v", r.Total)
	}
	if _, out, _ := call("."); !strings.Contains(out, "Not scanned") || !strings.Contains(out, "in part: 2:1") {
		t.Errorf("the table doesn't tell what was not looked at:\n%s", out)
	}
}

func TestTable(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"a.sh": "argo list\nargo archive list\n", "b/é\n.sh": "argo stop x\n"})
	_, out, _ := call(".")
	const want = `a.sh:1:1  sure  argo list     client.List(ctx, workflow.ListOptions{})
a.sh:2:1  sure  argo archive  no replacement: archive and artifacts are not covered

b/é?.sh:1:1  sure  argo stop  client.Stop(ctx, name, workflow.StopOptions{})

Notes
  argo stop  with --node-field-selector: client.Reject with Selector

3 found, 3 sure and 0 maybe, in 2 of 2 files; 0 not scanned
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// at returns the value at a path in decoded JSON, such as results.0.level, or nil.
func at(value any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		list, _ := value.([]any)
		value = object[key]
		if index, err := strconv.Atoi(key); err == nil && index < len(list) {
			value = list[index]
		}
	}
	return value
}

func TestSARIF(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"a b/%.py": uses, "c.sh": "argo list", "d.py": "\x00"})
	_, out, _ := call("--format", "sarif", ".")
	var log any
	must(t, json.Unmarshal([]byte(out), &log))
	for path, want := range map[string]any{
		"version":                "2.1.0",
		"runs.1":                 nil,
		"runs.0.results.0.level": "warning",
		"runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri": "a%20b/%25.py",
		"runs.0.results.0.locations.0.physicalLocation.region.startLine":     1.0,
		"runs.0.results.0.locations.0.physicalLocation.region.startColumn":   8.0,
		"runs.0.results.1.level": "error",
		"runs.0.results.2":       nil,
		"runs.0.invocations.0.toolExecutionNotifications.0.locations.0.physicalLocation.artifactLocation.uri": "d.py",
		"runs.0.invocations.0.toolExecutionNotifications.1":                                                   nil,
	} {
		if got := at(log, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	results, _ := at(log, "runs.0.results").([]any)
	for _, result := range results {
		rule := at(log, fmt.Sprint("runs.0.tool.driver.rules.", at(result, "ruleIndex")))
		help, title := at(rule, "help.text"), at(rule, "shortDescription.text")
		if at(rule, "id") != at(result, "ruleId") || help == nil || help == "" || title == nil || title == "" {
			t.Errorf("the rule of %v is %v", result, rule)
		}
		message, replacement := fmt.Sprint(at(result, "message.text")), fmt.Sprint(at(result, "properties.new"))
		if !strings.HasSuffix(message, ".") || !strings.Contains(message, replacement) {
			t.Errorf("the message is %q", message)
		}
	}
	if strings.Contains(out, ": null") {
		t.Error("something is null")
	}
	if got := fileURI("/a b.py"); got != "file:///a%20b.py" {
		t.Errorf("the URI is %s", got)
	}
}

func TestSameAgain(t *testing.T) {
	for _, format := range []string{"table", "json", "sarif"} {
		_, first, _ := call("--format", format, "testdata/hard", "testdata/plain")
		if _, again, _ := call("--format", format, "testdata/plain", "testdata/hard"); first == "" || first != again {
			t.Errorf("%s differs from run to run", format)
		}
	}
}

// Paths can have any characters. A report is read on terminals, in each of its forms.
func TestReportsArePrintable(t *testing.T) {
	const forged = "a\x1b[2K\r\u009b2J\u202e\u3164\ufe0f\U000E0041.py"
	for _, format := range []string{"table", "json", "sarif"} {
		r := &report{Skipped: []skipped{{File: forged, Reason: forged}}}
		r.add(forged, []finding{{Line: 1, Certainty: sure, Old: "x", New: "y"}})
		out := r.encode(format)
		for _, c := range string(out) {
			if c != '\n' && !unicode.IsGraphic(c) || unicode.In(c, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
				t.Errorf("the %s has %q", format, c)
			}
		}
		var back struct{ Findings []struct{ File string } }
		if err := json.Unmarshal(out, &back); format == "json" && (err != nil || back.Findings[0].File != forged) {
			t.Errorf("%v: %s", err, out)
		}
	}
}
