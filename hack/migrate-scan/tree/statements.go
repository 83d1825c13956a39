package tree

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
)

// statement reads a compound statement, or one of those in a line.
func (p *parser) statement() Stmt {
	switch t := p.peek(); {
	case t.Is("if"):
		return p.ifStmt()
	case t.Is("while"):
		p.i++
		s := &While{Test: p.exprs()}
		s.Body = p.suite()
		s.Else = p.orElse("else")
		return s
	case t.Is("for"):
		return p.forStmt()
	case t.Is("try"):
		return p.try()
	case t.Is("with"):
		return p.with()
	case t.Is("def"), t.Is("class"), t.Is("@"):
		return p.definition()
	case t.Is("async") && p.ahead(1).Kind == python.Name:
		p.i++
		return p.statement()
	case t.Is("match") && p.isMatch():
		return p.match()
	}
	s := p.simple()
	p.take(";")
	return s
}

func (p *parser) orElse(word string) []Stmt {
	if !p.take(word) {
		return nil
	}
	return p.suite()
}

func (p *parser) ifStmt() Stmt {
	s := &If{}
	for p.is("if") || p.is("elif") {
		if len(s.Branches) > 0 && p.is("if") {
			break
		}
		p.i++
		test := p.exprs()
		s.Branches = append(s.Branches, Branch{Test: test, Body: p.suite()})
	}
	s.Else = p.orElse("else")
	return s
}

func (p *parser) forStmt() Stmt {
	p.i++
	s := &For{Target: p.targets()}
	p.take("in")
	s.Iter = p.exprs()
	s.Body = p.suite()
	s.Else = p.orElse("else")
	return s
}

func (p *parser) try() Stmt {
	p.i++
	s := &Try{Body: p.suite()}
	for p.is("except") {
		h := Handler{Offset: p.peek().Offset}
		p.i++
		p.take("*")
		if !p.is(":") {
			h.Type = p.exprs()
			if p.take("as") {
				name, offset := p.name()
				h.As = &Name{Offset: offset, ID: name}
			}
		}
		h.Body = p.suite()
		s.Handlers = append(s.Handlers, h)
	}
	s.Else = p.orElse("else")
	s.Finally = p.orElse("finally")
	return s
}

func (p *parser) with() Stmt {
	p.i++
	s := &With{}
	grouped := p.groupedItems()
	if grouped {
		p.i++
	}
	for !p.lineOver() && !p.is(":") && !p.is(")") {
		before := p.i
		item := WithItem{X: p.expr()}
		if p.take("as") {
			item.As = p.target()
		}
		if item.X != nil {
			s.Items = append(s.Items, item)
		}
		if !p.take(",") && p.i == before {
			break
		}
	}
	if grouped {
		p.take(")")
	}
	s.Body = p.suite()
	return s
}

// groupedItems reports whether the items of a with are in brackets of their own: those end
// before the colon, and have an "as" or a comma directly inside.
func (p *parser) groupedItems() bool {
	if !p.is("(") {
		return false
	}
	level, several := 0, false
	for i := p.i; ; i++ {
		switch t := p.tokens[i]; {
		case t.Kind == python.Newline || t.Kind == python.End:
			return false
		case t.Is("("), t.Is("["), t.Is("{"):
			level++
		case t.Is(")"), t.Is("]"), t.Is("}"):
			if level--; level == 0 {
				return several && p.tokens[min(i+1, len(p.tokens)-1)].Is(":")
			}
		case level == 1 && (t.Is("as") || t.Is(",")):
			several = true
		}
	}
}

func (p *parser) isMatch() bool {
	next := p.ahead(1)
	if next.Kind == python.Newline || next.Is("=") || next.Is(".") || next.Is(":") || next.Is(",") {
		return false
	}
	for i := p.i; ; i++ {
		switch p.tokens[i].Kind {
		case python.Newline:
			return p.tokens[i-1].Is(":") && i+2 < len(p.tokens) &&
				p.tokens[i+1].Kind == python.Indent && p.tokens[i+2].Is("case")
		case python.End:
			return false
		}
	}
}

func (p *parser) match() Stmt {
	p.i++
	s := &Match{Subject: p.exprs()}
	p.take(":")
	p.i += 2 // the newline and the indent that isMatch has seen
	for p.take("case") {
		c := Case{Pattern: p.exprs()}
		for p.take("as") {
			name, offset := p.name()
			c.Pattern = &List{Offset: offset, Kind: '(', Items: compact(c.Pattern, &Name{Offset: offset, ID: name})}
		}
		if p.take("if") {
			c.Guard = p.exprs()
		}
		c.Body = p.suite()
		s.Cases = append(s.Cases, c)
		for p.peek().Kind == python.Newline {
			p.i++
		}
	}
	if p.peek().Kind != python.Dedent { // something else than cases
		p.block()
	}
	if p.peek().Kind == python.Dedent {
		p.i++
	}
	return s
}

func compact(exprs ...Expr) []Expr {
	var some []Expr
	for _, e := range exprs {
		if e != nil {
			some = append(some, e)
		}
	}
	return some
}

// dotted reads a dotted name.
func (p *parser) dotted() string {
	var parts []string
	for {
		part, _ := p.name()
		parts = append(parts, part)
		if !p.take(".") {
			return strings.Join(parts, ".")
		}
	}
}
