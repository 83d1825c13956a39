package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	oldCode = "from console_link.models.argo_service import ArgoService\nArgoService().stop_workflow('n')\n"
	unknown = "def f(x):\n    x.stop_workflow('n')\n"
)

// grow writes files into a new folder.
func grow(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// scanned runs the program and reads its JSON.
func scanned(t testing.TB, args ...string) (r report, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(append([]string{"--format", "json"}, args...), &out, &errOut)
	var raw struct {
		Findings []struct {
			File, Rule, Sure, Old, New string
			Line, Column               int
		}
		Files   []tally
		Skipped []skipped
		Total   total
	}
	if err := json.Unmarshal(out.Bytes(), &raw); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errOut.String())
	}
	for _, f := range raw.Findings {
		r.Findings = append(r.Findings, finding{File: f.File, Line: f.Line, Column: f.Column, Rule: f.Rule, Old: f.Old, New: f.New})
	}
	r.Files, r.Skipped, r.Total = raw.Files, raw.Skipped, raw.Total
	return r, code
}

func TestWhichFilesAreLookedAt(t *testing.T) {
	dir := grow(t, map[string]string{
		"a.py": oldCode, "deep/er/b.py": oldCode, "script": "#!/bin/sh\nargo stop w\n", "tool": "#!/usr/bin/env python3\n" + oldCode,
		"vendor/v.py": oldCode, "node_modules/n.py": oldCode, "lib/site-packages/p.py": oldCode, ".git/g.py": oldCode,
		"env/pyvenv.cfg": "", "env/e.py": oldCode,
		".gitignore": "built/\n*.gen.py\n!kept.gen.py\n", "built/x.py": oldCode, "a.gen.py": oldCode, "kept.gen.py": oldCode,
		"deep/.gitignore": "/local.py\n", "deep/local.py": oldCode, "local.py": oldCode,
		"readme.md": "argo stop w", "Makefile": "all:\n\targo stop w\n", "Dockerfile": "FROM x\nRUN argo stop w\n",
	})
	if err := os.Symlink(filepath.Join(dir, "a.py"), filepath.Join(dir, "link.py")); err != nil {
		t.Fatal(err)
	}
	r, code := scanned(t, dir)
	if code != 0 {
		t.Error(code)
	}
	var files []string
	for _, f := range r.Files {
		rel, _ := filepath.Rel(dir, f.File)
		files = append(files, rel)
	}
	if got, want := strings.Join(files, " "), "Dockerfile Makefile a.py deep/er/b.py kept.gen.py local.py script tool"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(r.Skipped) != 0 {
		t.Error(r.Skipped)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := grow(t, map[string]string{
		"good.py": oldCode, "latin.py": "# coding: latin-1\n" + oldCode + "'\xf6'\n", "bytes.py": "'\xf6'\n" + oldCode,
		"nul.go": "package a\x00", "broken.py": oldCode + "'''", "broken.go": "package a\nfunc {", "broken.sh": "if then", "large.py": strings.Repeat("#", maxFile+1),
	})
	r, code := scanned(t, dir)
	reasons := map[string]string{}
	for _, s := range r.Skipped {
		reasons[filepath.Base(s.File)] = s.Reason
	}
	for name, reason := range map[string]string{
		"bytes.py": "UTF-8", "nul.go": "NUL", "large.py": "bytes", "broken.py": "", "broken.go": "", "broken.sh": "",
	} {
		if got, ok := reasons[name]; !ok || !strings.Contains(strings.ToLower(got), strings.ToLower(reason)) {
			t.Errorf("%s: %q, want %q", name, got, reason)
		}
	}
	if len(reasons) != 6 || code != 0 {
		t.Errorf("%d, %v", code, reasons)
	}
	if len(r.Findings) != 9 { // what is before the broken place is found
		t.Errorf("%d findings: %v", len(r.Findings), r.Findings)
	}
}

func TestExitCodes(t *testing.T) {
	dir := grow(t, map[string]string{"a.py": unknown})
	clean := grow(t, map[string]string{"a.py": "x = 1\n"})
	for name, tc := range map[string]struct {
		args []string
		want int
		says string // on standard error
	}{
		"found":            {[]string{"--fail-on-found", dir}, exitFound, ""},
		"flag behind":      {[]string{dir, "--fail-on-found"}, exitFound, ""},
		"found, no flag":   {[]string{dir}, 0, ""},
		"not sure enough":  {[]string{"--fail-on-found", "--sure", "likely", dir}, 0, ""},
		"clean":            {[]string{"--fail-on-found", clean}, 0, ""},
		"no folder":        {nil, exitWrong, "folder"},
		"not there":        {[]string{filepath.Join(dir, "nowhere")}, exitWrong, "nowhere"},
		"format":           {[]string{"--format", "xml", dir}, exitWrong, "table, json and sarif"},
		"sure":             {[]string{"--sure", "very", dir}, exitWrong, "possible, likely and certain"},
		"unknown flag":     {[]string{"--fast", dir}, exitWrong, "--fail-on-found"},
		"help":             {[]string{"--help"}, 0, "Flags"},
		"a file by itself": {[]string{"--fail-on-found", filepath.Join(dir, "a.py")}, exitFound, ""},
	} {
		var out, errOut bytes.Buffer
		if got := run(tc.args, &out, &errOut); got != tc.want || !strings.Contains(errOut.String(), tc.says) {
			t.Errorf("%s: exit code %d, want %d; %s", name, got, tc.want, errOut.String())
		}
		if tc.want == exitWrong && out.Len() > 0 {
			t.Errorf("%s: wrote %s", name, out.String())
		}
	}
}

func TestFormats(t *testing.T) {
	dir := grow(t, map[string]string{"a.py": oldCode})
	var table, sarif, again bytes.Buffer
	if run([]string{dir}, &table, &table) != 0 || run([]string{"--format=sarif", dir}, &sarif, &sarif) != 0 || run([]string{dir}, &again, &again) != 0 {
		t.Fatal(table.String(), sarif.String())
	}
	for _, part := range []string{"a.py", "2:15", "ArgoService.stop_workflow", "client.Stop(ctx, name, workflow.StopOptions{})", "certain"} {
		if !strings.Contains(table.String(), part) {
			t.Errorf("the table lacks %q:\n%s", part, table.String())
		}
	}
	if table.String() != again.String() {
		t.Error("two runs differ")
	}
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Level string
				RuleIndex     int
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(sarif.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || len(log.Runs[0].Results) != 3 {
		t.Fatalf("%+v", log)
	}
	for _, r := range log.Runs[0].Results {
		at := r.Locations[0].PhysicalLocation
		if log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.Message.Text == "" || at.Region.StartLine < 1 ||
			at.Region.StartColumn < 1 || !strings.HasSuffix(at.ArtifactLocation.URI, "a.py") {
			t.Errorf("%+v", r)
		}
	}
}

// BenchmarkTree is a tree of 5,000 files, a tenth of them with the old API.
func BenchmarkTree(b *testing.B) {
	files := map[string]string{}
	code := strings.Repeat("def f(a, b):\n    return {'key': [a, b], \"text\": f\"{a}\"}\n\n\n", 50)
	for i := range 5000 {
		text := code
		if i%10 == 0 {
			text += oldCode
		}
		files[fmt.Sprintf("d%d/f%d.py", i%100, i)] = text
	}
	dir := grow(b, files)
	for b.Loop() {
		r, _ := scanned(b, dir)
		if r.Total.Scanned != 5000 || len(r.Files) != 500 {
			b.Fatalf("%+v", r.Total)
		}
	}
}
