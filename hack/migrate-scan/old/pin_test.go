package old

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exported is what packages of the library export, read from their sources.
type exported struct {
	names   map[string]bool            // "workflow.Wait"
	members map[string]map[string]bool // of "workflow.StartRequest": fields and methods
}

func readExported(t *testing.T, packages ...string) exported {
	t.Helper()
	e := exported{map[string]bool{}, map[string]map[string]bool{}}
	for _, name := range packages {
		folder := filepath.Join("..", "..", "..", "pkg", name)
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, entry.Name()), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				e.declare(name, decl)
			}
		}
	}
	return e
}

func (e exported) member(of, name string) {
	if e.members[of] == nil {
		e.members[of] = map[string]bool{}
	}
	e.members[of][name] = true
}

func (e exported) declare(pkg string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			e.names[pkg+"."+d.Name.Name] = true
			return
		}
		receiver := d.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		if name, ok := receiver.(*ast.Ident); ok {
			e.member(pkg+"."+name.Name, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range s.Names {
					e.names[pkg+"."+name.Name] = true
				}
			case *ast.TypeSpec:
				e.names[pkg+"."+s.Name.Name] = true
				if fields, ok := s.Type.(*ast.StructType); ok {
					for _, field := range fields.Fields.List {
						for _, name := range field.Names {
							e.member(pkg+"."+s.Name.Name, name.Name)
						}
					}
				}
			}
		}
	}
}

// replacements are all that the tables can say.
func replacements(t *testing.T) map[string]Replacement {
	t.Helper()
	all := map[string]Replacement{
		"phases": PhasesReplacement(), "construct": ConstructReplacement(), "reference": ReferenceReplacement(),
		"import": ImportReplacement(), "subclass": SubclassReplacement(),
	}
	for _, name := range []string{EndedError, TimeoutError, RunnerError} {
		r, ok := ErrorReplacement(name)
		if !ok {
			t.Errorf("nothing replaces %s", name)
		}
		all[name] = r
	}
	for _, m := range Methods() {
		all[m.Name] = m.Call
		for _, field := range []string{"value", "success", "output", "display"} {
			r, ok := ResultField(m.Name, field)
			if !ok {
				t.Errorf("nothing replaces %s of %s", field, m.Name)
			}
			all[m.Name+"."+field] = r
		}
	}
	for _, c := range commands() {
		use, ok := look(c.text)
		if !ok {
			t.Errorf("%s is not found", c.text)
		}
		all[c.text] = use.Replacement
	}
	return all
}

func TestReplacementsExist(t *testing.T) {
	e := readExported(t, "workflow", "status")
	receivers := map[string]string{
		"client": "workflow.WorkflowClient", "state": "status.WorkflowStatus", "started": "status.WorkflowStatus",
	}
	for what, r := range replacements(t) {
		if r.New == "" && r.Note == "" {
			t.Errorf("%s: neither replaced nor told why not", what)
		}
		if r.New != "" {
			x, err := parser.ParseExpr(r.New)
			if err != nil {
				t.Errorf("%s: %q is no Go expression: %v", what, r.New, err)
				continue
			}
			ast.Inspect(x, func(n ast.Node) bool {
				if literal, ok := n.(*ast.CompositeLit); ok {
					checkFields(t, e, what, literal)
				}
				return true
			})
		}
		for _, m := range regexp.MustCompile(`\b(workflow|status|client|state|started)\.([A-Z]\w*)`).FindAllStringSubmatch(r.New+" "+r.Note, -1) {
			if of, ok := receivers[m[1]]; ok {
				if !e.members[of][m[2]] {
					t.Errorf("%s: %s has no %s", what, of, m[2])
				}
			} else if !e.names[m[0]] {
				t.Errorf("%s: there is no %s", what, m[0])
			}
		}
	}
}

func checkFields(t *testing.T, e exported, what string, literal *ast.CompositeLit) {
	t.Helper()
	of, ok := literal.Type.(*ast.SelectorExpr)
	if !ok {
		t.Errorf("%s: a literal of an unknown type", what)
		return
	}
	name := of.X.(*ast.Ident).Name + "." + of.Sel.Name
	for _, element := range literal.Elts {
		key := element.(*ast.KeyValueExpr).Key.(*ast.Ident).Name
		if !e.members[name][key] {
			t.Errorf("%s: %s has no field %s", what, name, key)
		}
	}
}
