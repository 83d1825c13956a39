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

const maxDepth = 50 // of expressions that are followed

// goFile is Go source that is being scanned.
type goFile struct {
	*scanner
	imports map[string]string // paths, by the name in the file
	vars    map[string]value  // what names stand for at the present place
	depth   int
}

// golang finds the commands that Go source runs.
func (s *scanner) golang() error {
	// If err is not nil, file is the part that was understood.
	file, err := parser.ParseFile(token.NewFileSet(), "", s.text, parser.SkipObjectResolution)
	g := &goFile{scanner: s, imports: map[string]string{}, vars: map[string]value{}}
	for _, spec := range file.Imports {
		name := strings.Trim(spec.Path.Value, "\"`")
		alias := path.Base(name)
		if spec.Name != nil {
			alias = spec.Name.Name
		}
		g.imports[alias] = name
	}
	for _, d := range file.Decls { // which are in any order
		if _, isFunc := d.(*ast.FuncDecl); !isFunc {
			ast.Inspect(d, g.visit)
		}
	}
	top := g.vars
	for _, d := range file.Decls {
		if f, isFunc := d.(*ast.FuncDecl); isFunc {
			g.vars = maps.Clone(top)
			ast.Inspect(f, g.visit)
		}
	}
	if list, ok := errors.AsType[goscanner.ErrorList](err); ok {
		return s.broken(list[0].Pos.Offset, list[0].Msg)
	}
	return err
}

// visit learns and reports in the order of the text: blocks are not told apart.
func (g *goFile) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncType:
		for _, parameters := range n.Params.List {
			assign(g, parameters.Names, nil)
		}
	case *ast.ValueSpec:
		assign(g, n.Names, n.Values)
	case *ast.AssignStmt:
		values := n.Rhs
		if n.Tok == token.ADD_ASSIGN {
			values = []ast.Expr{&ast.BinaryExpr{X: n.Lhs[0], Y: n.Rhs[0]}}
		}
		assign(g, n.Lhs, values)
	case *ast.CompositeLit:
		g.eval(n)
	case *ast.CallExpr:
		var args []value
		for _, arg := range n.Args {
			args = append(args, g.eval(arg))
		}
		if name := g.callee(n.Fun); name != "" {
			g.run(int(n.Pos())-1, name, args)
		}
	}
	return true
}

// assign gives values to variables. They are not known if a call returns several.
func assign[E ast.Expr](g *goFile, variables []E, values []ast.Expr) {
	for i, variable := range variables {
		if name, ok := ast.Expr(variable).(*ast.Ident); ok {
			var v value
			if len(values) == len(variables) {
				v = g.eval(values[i])
			}
			g.vars[name.Name] = v
		}
	}
}

// callee returns the full name of a function of another package, and the last name of any other.
func (g *goFile) callee(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
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

// eval returns what is known of an expression that can be a command, or one string.
func (g *goFile) eval(x ast.Expr) (v value) {
	if g.depth == maxDepth {
		return v
	}
	g.depth++
	defer func() { g.depth-- }()
	switch x := x.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			v.words = bounded([]string{text})
		}
	case *ast.Ident:
		v = g.vars[x.Name]
	case *ast.BinaryExpr: // only + makes a string
		v = g.all(x.X, x.Y).joined("")
	case *ast.CompositeLit:
		v = g.all(x.Elts...)
		v.lists = g.literal(int(x.Pos())-1, v.words)
	case *ast.IndexExpr:
		v = g.eval(x.X)
		at := min(index(x.Index), len(v.words))
		v.words = v.words[at:min(at+1, len(v.words))]
	case *ast.SliceExpr:
		v = g.eval(x.X)
		v.words = v.words[min(index(x.Low), len(v.words)):]
	case *ast.CallExpr:
		switch g.callee(x.Fun) {
		case "append":
			v = g.all(x.Args...)
		case "fmt.Sprintf", "strings.Join":
			v = g.all(x.Args[:min(len(x.Args), 1)]...).joined(" ")
		case "strings.Fields", "strings.Split":
			v = g.all(x.Args[:min(len(x.Args), 1)]...)
			v.words = strings.Fields(strings.Join(v.words, " "))
		}
	}
	return v
}

// index returns the number in an expression, and 0 if there is none.
func index(x ast.Expr) (at int) {
	if literal, ok := x.(*ast.BasicLit); ok {
		at, _ = strconv.Atoi(literal.Value)
	}
	return at
}

// all returns what is known of several expressions together.
func (g *goFile) all(list ...ast.Expr) value {
	v := value{words: []string{}}
	for _, x := range list[:min(len(list), maxWords)] {
		v = v.and(g.eval(x))
	}
	return v
}
