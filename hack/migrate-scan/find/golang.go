package find

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"strconv"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// Go finds the processes that Go source runs on workflows. The error, nil or a [*BrokenError],
// says from where on it could not be read.
func Go(text string) ([]old.Finding, error) {
	c := newCollector(text)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution)
	if file != nil {
		g := &goFile{collector: c, start: file.FileStart, imports: goImports(file), claimed: map[ast.Node]bool{}}
		g.look(file)
	}
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		err = c.broken(list[0].Pos.Offset, list[0].Msg)
	}
	return c.sorted(), err
}

// goFile is Go source that is being looked at.
type goFile struct {
	*collector
	start   token.Pos
	imports map[string]string // paths by the name in the file; "." for a dot import
	claimed map[ast.Node]bool // literals whose command was found where it is run
}

func goImports(file *ast.File) map[string]string {
	all := map[string]string{}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		alias := path.Base(name)
		if spec.Name != nil {
			alias = spec.Name.Name
		}
		if alias == "." && name != "os/exec" {
			continue
		}
		all[alias] = name
	}
	return all
}

func (g *goFile) look(file *ast.File) {
	top := &goScope{file: g, values: map[string]*goValue{}}
	for _, decl := range file.Decls { // in any order
		if d, ok := decl.(*ast.GenDecl); ok {
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					top.define(v)
				}
			}
		}
	}
	for _, decl := range file.Decls {
		ast.Walk(top, decl)
	}
	ast.Inspect(file, func(n ast.Node) bool { // lists of words that are run elsewhere
		if list, ok := n.(*ast.CompositeLit); ok && !g.claimed[n] {
			if v := top.value(list); v != nil && v.list {
				g.report(list, weakened(ownProgram(v.words), old.Likely))
			}
		}
		return true
	})
}

// ownProgram is what a list of words runs if it begins with kubectl or argo themselves.
func ownProgram(words []string) []old.Use {
	if len(words) < 2 {
		return nil
	}
	if name := programName(words[0]); name != "kubectl" && name != "argo" {
		return nil
	}
	return process(words)
}

func (g *goFile) report(at ast.Node, uses []old.Use) {
	for _, u := range uses {
		g.add(int(at.Pos()-g.start), u)
	}
}

// call looks at one call, within the scope it is in.
func (s *goScope) call(n *ast.CallExpr) {
	name, imported := s.callee(n)
	args := n.Args
	most := old.Certain
	switch {
	case imported == "os/exec.CommandContext", imported == "execabs.CommandContext":
		args = args[min(1, len(args)):]
	case imported == "os/exec.Command", imported == "execabs.Command":
	case imported == "syscall.Exec", imported == "os.StartProcess":
		if len(args) > 1 {
			s.run(n, s.words(args[1:2]), most, args)
		}
		return
	case imported == "" && (name == "Command" || name == "CommandContext"): // of an interface such as k8s.io/utils/exec's
		most = old.Likely
		if name == "CommandContext" {
			args = args[min(1, len(args)):]
		}
	default:
		if name != "append" && name != "Fields" && name != "Split" && name != "Join" {
			s.guess(n, name)
		}
		return
	}
	s.run(n, s.words(args), most, args)
}

func (s *goScope) run(n *ast.CallExpr, words []string, most old.Sure, args []ast.Expr) {
	if found := process(words); len(found) > 0 {
		s.file.report(n, weakened(found, most))
		s.claim(args)
	}
}

func (s *goScope) guess(n *ast.CallExpr, name string) {
	var args [][]string
	for _, arg := range n.Args {
		if v := s.value(arg); v != nil {
			args = append(args, v.words)
		} else {
			args = append(args, []string{old.Unknown})
		}
	}
	if found := guessed(name, args); len(found) > 0 {
		s.file.report(n, found)
		s.claim(n.Args)
	}
}

// callee is the name of what is called and, where it is another package's, its full name.
func (s *goScope) callee(n *ast.CallExpr) (name, imported string) {
	switch f := n.Fun.(type) {
	case *ast.Ident:
		if s.file.imports["."] == "os/exec" && (f.Name == "Command" || f.Name == "CommandContext") {
			return f.Name, "os/exec." + f.Name
		}
		return f.Name, ""
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && !s.bound(x.Name) {
			if from := s.file.imports[x.Name]; from != "" {
				if strings.HasSuffix(from, "/execabs") {
					from = "execabs"
				}
				return f.Sel.Name, from + "." + f.Sel.Name
			}
		}
		return f.Sel.Name, ""
	}
	return "", ""
}

// claim remembers the literals in arguments, also of variables, so that they are found once.
func (s *goScope) claim(args []ast.Expr) {
	for _, arg := range args {
		ast.Inspect(arg, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				s.file.claimed[n] = true
			case *ast.Ident:
				if v := s.lookup(n.Name); v != nil {
					for _, literal := range v.from {
						s.file.claimed[literal] = true
					}
				}
			}
			return true
		})
	}
}
