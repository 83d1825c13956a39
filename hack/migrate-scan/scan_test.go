package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/parser"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var languages = []string{"python", "go", "shell", "make", "docker"}

// rows returns the lines of a file of testdata, split at tabs.
func rows(t *testing.T, file string) (all [][]string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(read(t, "testdata", file), "\n"), "\n") {
		if !strings.HasPrefix(line, "# ") {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	return all
}

// Each file of testdata has what is found in it beside it, in a file that ends in .want.
// `UPDATE=1 go test -run TestFiles .` writes these again.
func TestFiles(t *testing.T) {
	table := loadTable()
	files, err := filepath.Glob("testdata/*/*")
	if err != nil || len(files) < 36 {
		t.Fatalf("%v: %v", files, err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		language := table.languageOf(filepath.Base(strings.TrimSuffix(file, ".txt")), languages...)
		if language == "" {
			continue
		}
		t.Run(file, func(t *testing.T) {
			text, want := read(t, file), read(t, file+".want")
			for _, end := range []string{"\n", "\r\n", "\r"} { // whatever ends a line
				var got bytes.Buffer
				found, err := table.scanText(strings.ReplaceAll(text, "\n", end), language, "/src/"+file)
				for _, f := range found {
					fmt.Fprintf(&got, "%-6s %-5s %-16s %s\n", fmt.Sprintf("%d:%d", f.Line, f.Column), f.Certainty, f.Rule, f.Old)
					seen[f.Rule] = true
				}
				if err != nil {
					fmt.Fprintf(&got, "broken %v\n", err)
				}
				if os.Getenv("UPDATE") != "" {
					want = got.String()
					must(t, os.WriteFile(file+".want", got.Bytes(), 0o600))
				}
				if got.String() != want {
					t.Errorf("with %q, got\n%s\nwant\n%s", end, got.String(), want)
				}
			}
		})
	}
	for _, rule := range table.Rules {
		if !seen[rule.ID] || rule.Title == "" || rule.Help == "" {
			t.Errorf("the rule %s is not tried, or not described", rule.ID)
		}
		delete(seen, rule.ID)
	}
	if len(seen) > 0 {
		t.Errorf("the rules %v are not described", seen)
	}
}

func TestCases(t *testing.T) {
	table := loadTable()
	for _, row := range rows(t, "cases.txt") {
		file, want := row[0], row[2]
		text, err := strconv.Unquote(row[1])
		if err != nil {
			t.Fatalf("%q: %v", row, err)
		}
		if file == "x.go" {
			text = "package p; import (\"os/exec\"; x \"os/exec\"; \"fmt\"; \"strings\")\nconst kubectl = \"kubectl\"; var args = []string{\"delete\", \"wf\", name}\nfunc f(n string) {\n" + text + "\n}\n"
		}
		found, err := table.scanText(text, table.languageOf(filepath.Base(file), languages...), file)
		var got []string
		for _, f := range found {
			got = append(got, strings.TrimSuffix(fmt.Sprintf("%d:%d %s %s", f.Line, f.Column, f.Old, f.Certainty), " "+sure))
		}
		if err != nil {
			place, _, _ := strings.Cut(err.Error(), ": ")
			got = append(got, "broken "+place)
		}
		if got := strings.Join(got, "; "); got != want {
			t.Errorf("%s: %s\ngot  %s\nwant %s", file, row[1], got, want)
		}
	}
}

func TestCommands(t *testing.T) {
	table := loadTable()
	for _, row := range rows(t, "commands.txt") {
		uses := table.process(strings.Fields(row[0]), 0)
		if len(uses) != 1 && row[2] != "" || len(uses) != 0 && row[2] == "" {
			t.Errorf("%s: %v; want %q", row[0], uses, row[2])
			continue
		}
		for _, u := range uses {
			if (u.Maybe || u.Guess) != (row[1] == maybe) || !strings.HasPrefix(u.New, row[2]) && !strings.HasPrefix(u.Note, row[2]) {
				t.Errorf("%s: %+v; want %v", row[0], u, row[1:])
			}
		}
	}
}

// Files that are nested deep, or that make values grow, take bounded time and stack.
func TestHostileFiles(t *testing.T) {
	const deep = 20_000
	blocks := ""
	for i := range 300 {
		blocks += strings.Repeat(" ", i) + "if a:\n"
	}
	table := loadTable()
	for name, text := range map[string]string{
		"brackets": strings.Repeat("(", deep), "lists": "a = " + strings.Repeat("[", deep) + strings.Repeat("]", deep),
		"not": strings.Repeat("not ", deep) + "a", "minus": strings.Repeat("-", deep) + "a", "attributes": "a" + strings.Repeat(".a", deep),
		"calls": "a" + strings.Repeat("()", deep), "lambda": strings.Repeat("lambda: ", deep) + "a", "sum": "a" + strings.Repeat(" + a", deep),
		"f-strings": strings.Repeat("f'{", 2000), "else": strings.Repeat("a if b else ", deep) + "c", "power": "a" + strings.Repeat(" ** a", deep),
		"blocks": blocks + strings.Repeat(" ", 300) + "a", "await": strings.Repeat("await ", deep) + "a", "walrus": strings.Repeat("(a := ", 5000),
		"subscripts": strings.Repeat("a[", deep), "chain": "z" + strings.Repeat(".stop_workflow()", deep),
		"names":    strings.Repeat("c = 1\nif c: d.value = c.stop_workflow()\n", deep),
		"growth":   "import subprocess\nx = ['kubectl']\ny = 'a'\n" + strings.Repeat("x = x + x\ny += y\nx.extend(x)\n", 200) + "subprocess.run(x)\n",
		"one line": strings.Repeat("s.stop_workflow();", deep),
	} {
		began := time.Now()
		_, err := table.scanText(text+"\n# argo_service", "python", "/src/a.py")
		if took := time.Since(began); took > 20*time.Second || err != nil && strings.Contains(err.Error(), "failed") {
			t.Errorf("%s: %v, %v", name, took, err)
		}
	}
	for _, text := range []string{strings.Repeat("$(", deep), strings.Repeat("if ", deep), "x=argo\n" + strings.Repeat("x=$x$x\n", 100)} {
		if _, err := table.scanText(text+"\nargo", "shell", "a.sh"); err != nil && strings.Contains(err.Error(), "failed") {
			t.Error(err)
		}
	}
	if _, err := table.scanText("package argo\nvar x = "+strings.Repeat("(", 200*deep), "go", "a.go"); err == nil {
		t.Error("no error for Go that is nested too deep")
	}
}

// Whatever a file contains, it is scanned without a panic, and places are in it.
func FuzzScan(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*")
	for _, file := range files {
		f.Add(read(f, file))
	}
	table := loadTable()
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range languages {
			found, err := table.scanText(text+"\n# argo", language, "/src/a")
			if err != nil && strings.Contains(err.Error(), "parser failed") {
				t.Fatalf("%s: %v", language, err)
			}
			for _, one := range found {
				if one.Line < 1 || one.Column < 1 || one.offset > len(text) {
					t.Fatalf("%+v", one)
				}
			}
		}
	})
}

// exported reports whether docs/api has a name such as workflow.Wait or, of a type, a field or method such
// as workflow.StartRequest.Template. make check-api compares docs/api with the code.
func exported(t *testing.T, name string) bool {
	t.Helper()
	pkg, name, _ := strings.Cut(name, ".")
	owner, member, isMember := strings.Cut(name, ".")
	api := read(t, "..", "..", "docs", "api", "pkg-"+pkg+".txt")
	declaration := `^(?:const|var|type|func) ` + owner + `\b`
	if isMember {
		field := `^type ` + owner + ` .*\n(?:\t.*\n)*\t(?:\w+, )*` + member + `\b`
		method := `^func \((?:\w+ )?\*?` + owner + `\) ` + member + `\(`
		declaration = field + "|" + method
	}
	return regexp.MustCompile("(?m)" + declaration).MatchString(api)
}

func TestReplacementsExist(t *testing.T) {
	types := map[string]string{
		"client": "workflow.WorkflowClient", "state": "status.WorkflowStatus", "started": "status.WorkflowStatus",
	}
	selector := regexp.MustCompile(`\b(workflow|status|client|state|started)\.([A-Z]\w*)`)
	literal, field := regexp.MustCompile(`(workflow\.\w+)\{([^{}]*)\}`), regexp.MustCompile(`(\w+):`)
	for _, r := range loadTable().Replacements {
		if _, err := parser.ParseExpr(r.New); r.New != "" && err != nil {
			t.Errorf("%q is not a Go expression: %v", r.New, err)
		}
		var names []string
		for _, m := range selector.FindAllStringSubmatch(r.New+" "+r.Note, -1) {
			names = append(names, cmp.Or(types[m[1]], m[1])+"."+m[2])
		}
		for _, m := range literal.FindAllStringSubmatch(r.New, -1) {
			for _, key := range field.FindAllStringSubmatch(m[2], -1) {
				names = append(names, m[1]+"."+key[1])
			}
		}
		for _, name := range names {
			if !exported(t, name) {
				t.Errorf("%s %s: the library has no %s", r.Rule, r.Match, name)
			}
		}
	}
}
