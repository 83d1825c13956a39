package tree

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
)

// simple reads a statement of one line, up to its end or a semicolon.
func (p *parser) simple() Stmt {
	t := p.peek()
	if t.Kind == python.Name {
		switch t.Text {
		case "import":
			p.i++
			return &Import{Offset: t.Offset, Names: p.aliases()}
		case "from":
			return p.importFrom()
		case "global", "nonlocal":
			p.i++
			s := &Global{Nonlocal: t.Text == "nonlocal"}
			for _, a := range p.aliases() {
				s.Names = append(s.Names, a.Name)
			}
			return s
		case "del":
			p.i++
			return &Del{Targets: compact(p.exprs())}
		case "return", "raise", "break", "continue":
			p.i++
			s := &Exit{Word: t.Text, X: p.loose()}
			return s
		case "pass":
			p.i++
			return nil
		case "assert":
			p.i++
			return &ExprStmt{X: p.loose()}
		case "type": // type X = …
			if p.ahead(1).Kind == python.Name && (p.ahead(2).Is("=") || p.ahead(2).Is("[")) {
				p.i++
			}
		}
	}
	return p.assignment()
}

// loose reads expressions up to the line's end, and passes over what is between them: a comma,
// "from", the name of a statement of Python 2.
func (p *parser) loose() []Expr {
	var all []Expr
	for !p.lineOver() && !p.is(";") {
		before := p.i
		if x := p.exprs(); x != nil {
			all = append(all, x)
		}
		if p.i == before {
			p.i++
		}
	}
	return all
}

func (p *parser) assignment() Stmt {
	first := p.exprs()
	if first == nil {
		return p.rest(nil)
	}
	s := &Assign{Targets: []Expr{first}}
	if p.take(":") {
		s.Annotation = p.expr()
		if p.take("=") {
			s.Value = p.exprs()
		}
		s.Op = "="
		return p.rest(s)
	}
	t := p.peek()
	if t.Kind == python.Op && len(t.Text) > 1 && strings.HasSuffix(t.Text, "=") && !strings.ContainsAny(t.Text[:1], "=!<>:") ||
		t.Is(">>=") || t.Is("<<=") {
		p.i++
		s.Op, s.Value = t.Text, p.exprs()
		return p.rest(s)
	}
	for p.take("=") {
		if s.Value != nil {
			s.Targets = append(s.Targets, s.Value)
		}
		s.Op, s.Value = "=", p.exprs()
	}
	if s.Op == "" {
		return p.rest(&ExprStmt{X: []Expr{first}})
	}
	return p.rest(s)
}

// rest reads what is left of the line, which is nothing in good Python.
func (p *parser) rest(s Stmt) Stmt {
	if p.lineOver() || p.is(";") {
		return s
	}
	left := &ExprStmt{X: p.loose()}
	if e, ok := s.(*ExprStmt); ok {
		left.X = append(e.X, left.X...)
		return left
	}
	if s != nil {
		return s
	}
	return left
}

func (p *parser) importFrom() Stmt {
	s := &ImportFrom{Offset: p.peek().Offset}
	for p.i++; p.is(".") || p.is("..."); p.i++ {
		s.Level += len(p.peek().Text)
	}
	if !p.is("import") {
		s.Module = p.dotted()
	}
	p.take("import")
	grouped := p.take("(")
	s.Names = p.aliases()
	if grouped {
		p.take(")")
	}
	return s
}

func (p *parser) aliases() []Alias {
	var all []Alias
	for {
		a := Alias{Offset: p.peek().Offset}
		switch {
		case p.take("*"):
			a.Name = "*"
		case p.peek().Kind == python.Name:
			a.Name = p.dotted()
		default:
			return all
		}
		if p.take("as") {
			a.As, _ = p.name()
		}
		all = append(all, a)
		if !p.take(",") {
			return all
		}
	}
}
