package workflow_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/errors.md lists for each operation the errors that its godoc lists, and for each error what
// to do. The specs check that no operation returns any other error.
func TestErrorDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	errorName := regexp.MustCompile(`\bErr[A-Z]\w*`)
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if first, rest, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` | "); ok {
			rows[first] = append(rows[first], errorName.FindAllString(rest, -1)...)
		}
	}
	sentinels, methods, ops := declared(t)
	for _, sentinel := range sentinels {
		if _, ok := rows[sentinel]; !ok {
			t.Errorf("%s is not explained", sentinel)
		}
	}
	for op, text := range ops {
		method := strings.TrimPrefix(op, "Op")
		if op == "OpNew" {
			method = "NewForConfig"
		}
		var want []string
		for _, link := range regexp.MustCompile(`\[Err\w+\]`).FindAllString(methods[method], -1) {
			want = append(want, strings.Trim(link, "[]"))
		}
		slices.Sort(want)
		got := slices.Sorted(slices.Values(rows[text]))
		if want = slices.Compact(want); !slices.Equal(got, want) {
			t.Errorf("%s: the table has %v, the documentation of %s %v", text, got, method, want)
		}
	}
}

// declared finds the sentinels, the documentation of functions and methods, and the operations.
func declared(t *testing.T) (sentinels []string, methods, ops map[string]string) {
	t.Helper()
	methods, ops = map[string]string{}, map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Name.IsExported() {
					methods[decl.Name.Name] += decl.Doc.Text()
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					value, ok := spec.(*ast.ValueSpec)
					if !ok {
						continue
					}
					switch name := value.Names[0].Name; {
					case decl.Tok == token.VAR && strings.HasPrefix(name, "Err"):
						sentinels = append(sentinels, name)
					case decl.Tok == token.CONST && strings.HasPrefix(name, "Op"):
						ops[name] = strings.Trim(value.Values[0].(*ast.BasicLit).Value, `"`)
					}
				}
			}
		}
	}
	if len(sentinels) < 15 || len(ops) < 10 {
		t.Fatalf("found only %v and %v", sentinels, ops)
	}
	return sentinels, methods, ops
}
