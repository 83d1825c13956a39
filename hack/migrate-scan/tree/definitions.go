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
		s.TypeParams = p.typeParams()
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
		s.TypeParams = p.typeParams()
		if p.take("(") {
			s.Args = p.args()
		}
		s.Body = p.suite()
		return s
	}
	return &ExprStmt{X: decorators}
}

// typeParams reads the [T: Bound] of a generic function or class, names and bounds in one list.
func (p *parser) typeParams() Expr {
	if !p.is("[") {
		return nil
	}
	at := p.peek().Offset
	p.i++
	return &List{Offset: at, Kind: '[', Items: p.items("]")}
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
