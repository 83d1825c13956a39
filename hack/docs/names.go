package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// library is one public package, as its sources say.
type library struct {
	root  string
	fset  *token.FileSet
	files []*ast.File // without tests
	tests []*ast.File
}

// checkNames looks at the public packages, those under pkg and adapters: every exported name is
// explained, fields and methods too; every package has an overview and an example; every method of the
// interfaces that services call has an example; and links in comments lead somewhere.
func checkNames(root string, names *index) ([]problem, error) {
	var problems []problem
	for _, top := range []string{"pkg", "adapters"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case os.IsNotExist(err):
				return nil
			case err != nil:
				return err
			case !entry.IsDir():
				return nil
			case entry.Name() == "internal" || entry.Name() == "testdata":
				return filepath.SkipDir
			}
			l, err := readLibrary(root, path)
			if err != nil || len(l.files) == 0 || l.files[0].Name.Name == "main" {
				return err
			}
			problems = append(problems, l.undocumented()...)
			problems = append(problems, l.withoutExample()...)
			problems = append(problems, l.brokenLinks(names)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return problems, nil
}

func readLibrary(root, dir string) (*library, error) {
	l := &library{root: root, fset: token.NewFileSet()}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		file, err := parser.ParseFile(l.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(path, "_test.go") {
			l.tests = append(l.tests, file)
		} else {
			l.files = append(l.files, file)
		}
	}
	return l, nil
}

func (l *library) problem(pos token.Pos, format string, args ...any) problem {
	place := l.fset.Position(pos)
	file, err := filepath.Rel(l.root, place.Filename)
	if err != nil {
		file = place.Filename
	}
	return problem{filepath.ToSlash(file), place.Line, fmt.Sprintf(format, args...)}
}

// undocumented finds the exported names that nothing is said of.
func (l *library) undocumented() []problem {
	var problems []problem
	if !slices.ContainsFunc(l.files, func(file *ast.File) bool { return file.Doc != nil }) {
		problems = append(problems, l.problem(l.files[0].Name.Pos(), "package %s has no overview", l.files[0].Name.Name))
	}
	missing := func(pos token.Pos, name string) {
		problems = append(problems, l.problem(pos, "%s is exported, and nothing says what it is", name))
	}
	for _, file := range l.files {
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				if declaration.Doc == nil && declaration.Name.IsExported() && !wellKnown(declaration) {
					missing(declaration.Pos(), declaration.Name.Name)
				}
			case *ast.GenDecl:
				l.undocumentedValues(declaration, missing)
				for _, spec := range declaration.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						l.undocumentedType(declaration, spec, missing)
					}
				}
			}
		}
	}
	return problems
}

func (l *library) undocumentedType(group *ast.GenDecl, spec *ast.TypeSpec, missing func(token.Pos, string)) {
	if !spec.Name.IsExported() {
		return
	}
	if spec.Doc == nil && spec.Comment == nil && group.Doc == nil {
		missing(spec.Pos(), spec.Name.Name)
	}
	var fields *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return
	}
	var members []member
	for _, field := range fields.List {
		m := member{node: field, doc: field.Doc, comment: field.Comment}
		for _, name := range field.Names {
			if !namesake(name.Name, field.Type) {
				m.names = append(m.names, name)
			}
		}
		members = append(members, m)
	}
	l.undocumentedMembers(members, spec.Name.Name+".", missing)
}

func (l *library) undocumentedValues(group *ast.GenDecl, missing func(token.Pos, string)) {
	if group.Doc != nil {
		return
	}
	var members []member
	for _, spec := range group.Specs {
		if spec, ok := spec.(*ast.ValueSpec); ok {
			members = append(members, member{spec, spec.Names, spec.Doc, spec.Comment})
		}
	}
	l.undocumentedMembers(members, "", missing)
}

// member is a field, a method, or a value of a group.
type member struct {
	node         ast.Node
	names        []*ast.Ident
	doc, comment *ast.CommentGroup
}

// undocumentedMembers takes lines without a blank one between them for one thought, so a comment on
// any of them is on all.
func (l *library) undocumentedMembers(members []member, prefix string, missing func(token.Pos, string)) {
	var paragraph []member
	said, last := false, 0
	finish := func() {
		for _, m := range paragraph {
			for _, name := range m.names {
				if name.IsExported() && !said {
					missing(name.Pos(), prefix+name.Name)
				}
			}
		}
		paragraph, said = nil, false
	}
	for _, m := range members {
		begin := m.node.Pos()
		if m.doc != nil {
			begin = m.doc.Pos()
		}
		if l.fset.Position(begin).Line > last+1 {
			finish()
		}
		last = l.fset.Position(m.node.End()).Line
		said = said || m.doc != nil || m.comment != nil
		paragraph = append(paragraph, m)
	}
	finish()
}

// wellKnown are the methods that say the same of every type, and those of types that nobody sees.
func wellKnown(function *ast.FuncDecl) bool {
	if function.Recv == nil {
		return false
	}
	switch function.Name.Name {
	case "Error", "Unwrap", "String":
		return true
	}
	return !ast.IsExported(receiver(function))
}

// namesake is a field that is called as its type is, which says what it is.
func namesake(name string, t ast.Expr) bool {
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name == name
	case *ast.SelectorExpr:
		return t.Sel.Name == name
	}
	return false
}

// receiver is the name of a method's type.
func receiver(method *ast.FuncDecl) string {
	t := method.Recv.List[0].Type
	for {
		switch inner := t.(type) {
		case *ast.StarExpr:
			t = inner.X
		case *ast.IndexExpr:
			t = inner.X
		case *ast.IndexListExpr:
			t = inner.X
		case *ast.Ident:
			return inner.Name
		default:
			return ""
		}
	}
}
