package find

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// described writes findings as the .want files have them, with the broken place behind.
func described(findings []old.Finding, err error) []string {
	var lines []string
	for _, f := range findings {
		place := fmt.Sprintf("%d:%d", f.Line, f.Column)
		lines = append(lines, fmt.Sprintf("%-6s %-9s %-17s %s", place, f.Sure, f.Rule, f.Old))
	}
	if err != nil {
		lines = append(lines, "broken "+err.Error())
	}
	return lines
}

// compare holds findings against a file of testdata.
func compare(t *testing.T, wantFile string, got []string) {
	t.Helper()
	data, err := os.ReadFile(wantFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missed:     %s", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("unexpected: %s", line)
		}
	}
	if !t.Failed() && !slices.Equal(got, want) {
		t.Errorf("in another order or number:\n%s", strings.Join(got, "\n"))
	}
}

func TestPythonFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/hard/*.py")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, strings.TrimSuffix(file, ".py")+".want", described(Python(string(text), "/somewhere/"+filepath.Base(file))))
		})
	}
}

// Where a finding names a method or field, that must stand at its place.
func TestPlaces(t *testing.T) {
	files, err := filepath.Glob("testdata/hard/*.py")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		findings, _ := Python(string(data), file)
		for _, f := range findings {
			name := f.Old[strings.LastIndexByte(f.Old, '.')+1:]
			if f.Rule != old.RuleMethod && f.Rule != old.RuleResult && f.Rule != old.RuleMethodRef {
				continue
			}
			rest := string([]rune(lines[f.Line-1])[f.Column-1:])
			if rest = strings.Trim(rest, `"'`); !strings.HasPrefix(rest, name) && !strings.HasPrefix(rest, "getattr") && !strings.HasPrefix(rest, "callback") {
				t.Errorf("%s:%d:%d: %q stands where %s should", file, f.Line, f.Column, rest, name)
			}
			checked++
		}
	}
	if checked < 50 {
		t.Errorf("only %d places were compared", checked)
	}
}

// The same must be found whatever ends a line.
func TestLineEnds(t *testing.T) {
	text, err := os.ReadFile("testdata/hard/scopes.py")
	if err != nil {
		t.Fatal(err)
	}
	want := described(Python(string(text), "/x.py"))
	for _, end := range []string{"\r\n", "\r"} {
		got := described(Python(strings.ReplaceAll(string(text), "\n", end), "/x.py"))
		if !slices.Equal(got, want) {
			t.Errorf("with %q:\n%s", end, strings.Join(got, "\n"))
		}
	}
}

func TestRelativeImports(t *testing.T) {
	for _, test := range []struct {
		file, text string
		want       old.Sure // 0: not found
	}{
		{"/r/console_link/console_link/models/x.py", "from .argo_service import ArgoService", old.Certain},
		{"/r/console_link/console_link/models/x.py", "from . import argo_service", old.Certain},
		{"/r/console_link/models/__init__.py", "from .argo_service import *", old.Certain},
		{"/r/console_link/middleware/x.py", "from ..models import argo_service", old.Certain},
		{"/r/console_link/middleware/deep/x.py", "from ...models.argo_service import ArgoService", old.Certain},
		{"/r/console_link/middleware/x.py", "from .argo_service import f", 0},
		{"/r/console_link/x.py", "from .models import cluster", 0},
		{"/r/other/x.py", "from ..models import argo_service", old.Likely},
		{"/r/other/x.py", "from .argo_service import ArgoService", old.Likely},
		{"/r/other/x.py", "from .fakes import ArgoService", old.Likely},
	} {
		findings, err := Python(test.text, test.file)
		var got old.Sure
		if len(findings) > 0 {
			got = findings[0].Sure
		}
		if err != nil || got != test.want {
			t.Errorf("%s in %s: %v, %v; want %v", test.text, test.file, findings, err, test.want)
		}
	}
}

func TestOldModuleItself(t *testing.T) {
	const text = "class ArgoService:\n  def start_workflow(self): return self.stop_workflow()\n  def stop_workflow(self): pass\nArgoService()"
	got := described(Python(text, "/r/console_link/models/argo_service.py"))
	if len(got) != 1 || !strings.Contains(got[0], old.RuleDefinition) {
		t.Errorf("got %q, want the definition alone", got)
	}
	if got := described(Python(text, "/r/other.py")); got != nil {
		t.Errorf("got %q, want nothing for a class of the same name", got)
	}
}

func TestWithoutImport(t *testing.T) {
	findings, err := Python("def f(x):\n  x.start_workflow()\n  run('kubectl get wf')\n", "/x.py")
	if err != nil || len(findings) != 2 || findings[0].Sure != old.Possible || findings[1].Sure != old.Possible {
		t.Errorf("got %v, %v; want a possible method and a possible command", findings, err)
	}
}

func TestBroken(t *testing.T) {
	for _, test := range []struct {
		name, text string
		line       int
	}{
		{"brackets", "a\n" + strings.Repeat("[", 5000), 2},
		{"blocks", ifs(3000), 1999},
		{"chain", "a\nb" + strings.Repeat(".c", 50000), 2},
		{"lambdas", strings.Repeat("lambda:", 50000), 1},
		{"conditions", "a\n\nx" + strings.Repeat(" if a else b", 50000), 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Python(test.text, "/x.py")
			var broken *BrokenError
			if !errors.As(err, &broken) || broken.Line != test.line {
				t.Errorf("got %v, want a BrokenError in line %d", err, test.line)
			}
		})
	}
}

// ifs is a block in a block in a block.
func ifs(depth int) string {
	var text strings.Builder
	for i := range depth {
		text.WriteString(strings.Repeat(" ", i) + "if a:\n")
	}
	return text.String() + strings.Repeat(" ", depth) + "b\n"
}

// What grows with each line must not take all memory, and what is long must not take for ever.
func TestGrowth(t *testing.T) {
	text := "import subprocess\nx = ['kubectl']\ny = 'a'\n" + strings.Repeat("x = x + x\ny += y\nx.extend(x)\n", 200) +
		"subprocess.run(x)\n" + "z" + strings.Repeat(".f()", 900) + "\n" + strings.Repeat("c = 1\nif c: d.e = c\n", 20000)
	if findings, err := Python(text, "/x.py"); err != nil || len(findings) != 0 {
		t.Errorf("got %v, %v", findings, err)
	}
}
