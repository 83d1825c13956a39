package find

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// goValue is a text, or a list of texts, as far as it is known.
type goValue struct {
	words []string
	list  bool
	from  []ast.Node // the literals it was made from
}

// goScope is a block with the values of its names; a nil value hides an outer one.
type goScope struct {
	file   *goFile
	outer  *goScope
	values map[string]*goValue
}

// Visit is part of [ast.Visitor].
func (s *goScope) Visit(node ast.Node) ast.Visitor {
	switch n := node.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt:
		return &goScope{file: s.file, outer: s, values: map[string]*goValue{}}
	case *ast.FuncDecl:
		return s.function(n.Type)
	case *ast.FuncLit:
		return s.function(n.Type)
	case *ast.DeclStmt:
		if d, ok := n.Decl.(*ast.GenDecl); ok {
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					s.define(v)
				}
			}
		}
	case *ast.AssignStmt:
		s.assign(n)
	case *ast.CallExpr:
		s.call(n)
	}
	return s
}

func (s *goScope) function(t *ast.FuncType) *goScope {
	inner := &goScope{file: s.file, outer: s, values: map[string]*goValue{}}
	for _, field := range t.Params.List {
		for _, name := range field.Names {
			inner.values[name.Name] = nil
		}
	}
	return inner
}

func (s *goScope) define(v *ast.ValueSpec) {
	for i, name := range v.Names {
		s.values[name.Name] = nil
		if i < len(v.Values) {
			s.values[name.Name] = s.value(v.Values[i])
		}
	}
}

func (s *goScope) assign(n *ast.AssignStmt) {
	for i, left := range n.Lhs {
		name, ok := left.(*ast.Ident)
		if !ok {
			continue
		}
		var v *goValue
		if len(n.Rhs) == len(n.Lhs) {
			v = s.value(n.Rhs[i])
		}
		if n.Tok == token.ADD_ASSIGN {
			v = joined(s.lookup(name.Name), v)
		}
		at := s
		if n.Tok != token.DEFINE {
			at = s.owner(name.Name)
		}
		at.values[name.Name] = v
	}
}

// owner is the scope that has the name, or this one.
func (s *goScope) owner(name string) *goScope {
	for at := s; at != nil; at = at.outer {
		if _, ok := at.values[name]; ok {
			return at
		}
	}
	return s
}

// bound reports whether the name is one of the file's own here, and so no package.
func (s *goScope) bound(name string) bool {
	_, ok := s.owner(name).values[name]
	return ok
}

func (s *goScope) lookup(name string) *goValue { return s.owner(name).values[name] }

// words are the words of a call's arguments.
func (s *goScope) words(args []ast.Expr) []string {
	var all []string
	for _, arg := range args {
		if v := s.value(arg); v != nil {
			all = append(all, v.words...)
		} else {
			all = append(all, old.Unknown)
		}
	}
	return all
}

// value is what is known of an expression; nil: nothing.
func (s *goScope) value(x ast.Expr) *goValue {
	switch x := x.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil && x.Kind == token.STRING {
			return &goValue{words: []string{text}}
		}
	case *ast.Ident:
		return s.lookup(x.Name)
	case *ast.ParenExpr:
		return s.value(x.X)
	case *ast.BinaryExpr:
		if x.Op == token.ADD {
			return joined(s.value(x.X), s.value(x.Y))
		}
	case *ast.CompositeLit:
		if t, ok := x.Type.(*ast.ArrayType); ok {
			if e, ok := t.Elt.(*ast.Ident); ok && e.Name == "string" {
				return &goValue{words: s.words(x.Elts), list: true, from: []ast.Node{x}}
			}
		}
	case *ast.SliceExpr:
		if v := s.value(x.X); v != nil && v.list && x.High == nil && x.Low != nil {
			if low, ok := x.Low.(*ast.BasicLit); ok {
				if n, err := strconv.Atoi(low.Value); err == nil && n <= len(v.words) {
					return &goValue{words: v.words[n:], list: true, from: v.from}
				}
			}
		}
	case *ast.IndexExpr:
		if v := s.value(x.X); v != nil && v.list {
			if at, ok := x.Index.(*ast.BasicLit); ok {
				if n, err := strconv.Atoi(at.Value); err == nil && n < len(v.words) {
					return &goValue{words: v.words[n : n+1], from: v.from}
				}
			}
		}
	case *ast.CallExpr:
		return s.called(x)
	}
	return nil
}

// called is what is known of the result of a call: of append, and of what makes texts.
func (s *goScope) called(n *ast.CallExpr) *goValue {
	name, imported := s.callee(n)
	if len(n.Args) == 0 {
		return nil
	}
	first := s.value(n.Args[0])
	switch {
	case name == "append" && first != nil:
		v := &goValue{list: true, words: append([]string{}, first.words...), from: first.from}
		v.words = append(v.words, s.words(n.Args[1:])...)
		return v
	case first == nil:
		return nil
	case imported == "fmt.Sprintf" && len(first.words) == 1:
		verbs := regexp.MustCompile(`%[-+# 0-9.\[\]*]*[a-zA-Z]`)
		return &goValue{words: []string{verbs.ReplaceAllString(first.words[0], old.Unknown)}}
	case imported == "strings.Fields", imported == "strings.Split":
		return &goValue{words: strings.Fields(strings.Join(first.words, " ")), list: true}
	case imported == "strings.Join":
		return &goValue{words: []string{strings.Join(first.words, " ")}, from: first.from}
	}
	return nil
}

// joined is one text after the other, where either may be unknown.
func joined(a, b *goValue) *goValue {
	if a == nil && b == nil || a != nil && a.list || b != nil && b.list {
		return nil
	}
	text := ""
	for _, v := range []*goValue{a, b} {
		if v == nil || len(v.words) != 1 {
			text += old.Unknown
		} else {
			text += v.words[0]
		}
	}
	return &goValue{words: []string{text}}
}
