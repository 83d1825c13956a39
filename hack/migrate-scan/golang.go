package main

import (
	"errors"
	"go/ast"
	"go/parser"
	goscanner "go/scanner"
	"go/token"
	"maps"
	"path"
	"strconv"
	"strings"
)

// goFile is Go source that is being scanned.
type goFile struct {
	*scanner
	imports   map[string]string   // paths, by the name in the file
	top, vars map[string][]string // what names stand for, in the file and at the present place
	from      map[string]int      // the literals that names were last assigned
	literals  map[int][]string    // by offset
	touched   []int               // the literals that words were read from
	ran       map[int]bool        // the literals that were found where they are run
}

// golang finds the commands that Go source runs.
func (s *scanner) golang() error {
	file, err := parser.ParseFile(token.NewFileSet(), "", s.text, parser.SkipObjectResolution)
	if file != nil {
		g := &goFile{scanner: s, imports: map[string]string{}, top: map[string][]string{}, literals: map[int][]string{}, from: map[string]int{}, ran: map[int]bool{}}
		g.scan(file)
	}
	var list goscanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		return s.broken(list[0].Pos.Offset, list[0].Msg)
	}
	return err
}

func (g *goFile) scan(file *ast.File) {
	for _, spec := range file.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			alias := path.Base(name)
			if spec.Name != nil {
				alias = spec.Name.Name
			}
			g.imports[alias] = name
		}
	}
	g.vars = g.top
	for _, decl := range file.Decls { // which are in any order
		if d, ok := decl.(*ast.GenDecl); ok {
			ast.Inspect(d, g.visit)
		}
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			g.vars = maps.Clone(g.top)
			ast.Inspect(f, g.visit)
		}
	}
	for offset, all := range g.literals {
		g.literal(offset, all, g.ran[offset])
	}
}

// visit learns and reports in the order of the text: blocks are not told apart.
func (g *goFile) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncType:
		for _, field := range n.Params.List {
			for _, name := range field.Names {
				g.vars[name.Name] = []string{unknown}
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			g.vars[name.Name] = []string{unknown}
			if i < len(n.Values) {
				g.vars[name.Name] = g.words(n.Values[i], 0)
			}
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if name, ok := left.(*ast.Ident); ok {
				value := []string{unknown}
				if len(n.Rhs) == len(n.Lhs) {
					value = g.words(n.Rhs[i], 0)
				}
				if n.Tok == token.ADD_ASSIGN {
					value = bounded([]string{strings.Join(append(g.words(name, 0), value...), "")})
				}
				g.vars[name.Name], g.from[name.Name] = value, int(n.Rhs[min(i, len(n.Rhs)-1)].Pos())-1
			}
		}
	case *ast.CompositeLit:
		g.literals[int(n.Pos())-1] = g.words(n, 0)
	case *ast.CallExpr:
		g.touched = nil
		var args [][]string
		for _, arg := range n.Args {
			args = append(args, g.words(arg, 0))
		}
		if name := g.callee(n.Fun); name != "" && g.call(int(n.Pos())-1, name, args) {
			for _, offset := range g.touched {
				g.ran[offset] = true
			}
		}
	}
	return true
}

// callee returns the full name of a function of another package, and the last name of any other.
func (g *goFile) callee(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
		if g.imports["."] == "os/exec" && strings.HasPrefix(f.Name, "Command") {
			return "os/exec." + f.Name
		}
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && g.imports[x.Name] != "" {
			if _, bound := g.vars[x.Name]; !bound {
				return g.imports[x.Name] + "." + f.Sel.Name
			}
		}
		return f.Sel.Name
	}
	return ""
}

// words returns the words of an expression that can be a command, or one string.
func (g *goFile) words(x ast.Expr, depth int) (all []string) {
	if depth++; depth > maxDepth {
		return []string{unknown}
	}
	switch x := x.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			return bounded([]string{text})
		}
	case *ast.Ident:
		if value, bound := g.vars[x.Name]; bound {
			g.touched = append(g.touched, g.from[x.Name])
			return value
		}
	case *ast.BinaryExpr: // only + makes a string
		return bounded([]string{strings.Join(append(g.words(x.X, depth), g.words(x.Y, depth)...), "")})
	case *ast.CompositeLit:
		g.touched = append(g.touched, int(x.Pos())-1)
		return g.list(x.Elts, depth)
	case *ast.SliceExpr:
		if low, ok := x.Low.(*ast.BasicLit); ok {
			if at, err := strconv.Atoi(low.Value); err == nil {
				all = g.words(x.X, depth)
				return all[min(max(at, 0), len(all)):]
			}
		}
	case *ast.IndexExpr:
		if at, ok := x.Index.(*ast.BasicLit); ok {
			all = g.words(x.X, depth)
			if i, err := strconv.Atoi(at.Value); err == nil && i >= 0 && i < len(all) {
				return all[i : i+1]
			}
		}
	case *ast.CallExpr:
		switch name := g.callee(x.Fun); name {
		case "append":
			return g.list(x.Args, depth)
		case "fmt.Sprintf", "strings.Fields", "strings.Split", "strings.Join":
			if all = g.list(x.Args[:min(len(x.Args), 1)], depth); name == "strings.Fields" || name == "strings.Split" {
				return strings.Fields(strings.Join(all, " "))
			}
			return bounded([]string{strings.Join(all, " ")})
		}
	}
	return []string{unknown}
}

// list returns the words of several expressions.
func (g *goFile) list(list []ast.Expr, depth int) (all []string) {
	for _, x := range list[:min(len(list), maxWords)] {
		all = bounded(append(all, g.words(x, depth)...))
	}
	return all
}
