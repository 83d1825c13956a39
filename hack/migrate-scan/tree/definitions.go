package tree

import "github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"

// definition reads a function or class with its decorators.
func (p *parser) definition() Stmt {
	var decorators []Expr
	for p.take("@") {
		if x := p.exprs(); x != nil {
			decorators = append(decorators, x)
		}
		for p.peek().Kind == python.Newline {
			p.i++
		}
	}
	p.take("async")
	switch {
	case p.take("def"):
		s := &Func{Decorators: decorators}
		s.Name, s.Offset = p.name()
		p.typeParams()
		if p.take("(") {
			s.Params = p.params(")")
			p.take(")")
		}
		if p.take("->") {
			s.Returns = p.exprs()
		}
		s.Body = p.suite()
		return s
	case p.take("class"):
		s := &Class{Decorators: decorators}
		s.Name, s.Offset = p.name()
		p.typeParams()
		if p.take("(") {
			s.Args = p.args()
		}
		s.Body = p.suite()
		return s
	}
	return &ExprStmt{X: decorators}
}

// typeParams passes over the [T] of a generic function or class.
func (p *parser) typeParams() {
	if p.is("[") {
		p.primary()
	}
}

// params reads parameters up to what ends them, which is left.
func (p *parser) params(end string) []Param {
	var all []Param
	for !p.lineOver() && !p.is(end) {
		before := p.i
		var one Param
		for p.is("*") || p.is("**") {
			one.Stars += len(p.peek().Text)
			p.i++
		}
		one.Name, _ = p.name()
		if end != ":" && p.take(":") {
			one.Annotation = p.expr()
		}
		if p.take("=") {
			one.Default = p.expr()
		}
		if one.Name != "" {
			all = append(all, one)
		}
		p.take("/")
		if !p.take(",") && p.i == before {
			p.i++
		}
	}
	return all
}
