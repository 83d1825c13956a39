package tree

import "github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"

// exprs reads an expression, or several with commas as a tuple; nil: there is none.
func (p *parser) exprs() Expr { return p.several(p.expr) }

// targets reads what a "for" binds.
func (p *parser) targets() Expr { return p.several(p.target) }

func (p *parser) several(one func() Expr) Expr {
	first := one()
	if first == nil || !p.is(",") {
		return first
	}
	list := &List{Offset: first.At(), Kind: '(', Items: []Expr{first}}
	for p.take(",") {
		next := one()
		if next == nil {
			break
		}
		list.Items = append(list.Items, next)
	}
	return list
}

func (p *parser) target() Expr {
	at := p.peek().Offset
	if p.take("*") {
		return &Wrap{Offset: at, Op: "*", X: p.primary()}
	}
	return p.primary()
}

// expr reads one expression.
func (p *parser) expr() Expr {
	if !p.enter() {
		return nil
	}
	defer func() { p.depth-- }()
	t := p.peek()
	switch {
	case t.Is("lambda"):
		p.i++
		e := &Lambda{Offset: t.Offset, Params: p.params(":")}
		p.take(":")
		e.Body = p.expr()
		return e
	case t.Is("yield"):
		p.i++
		p.take("from")
		return &Wrap{Offset: t.Offset, Op: "yield", X: p.exprs()}
	case t.Is("*"), t.Is("**"):
		p.i++
		return &Wrap{Offset: t.Offset, Op: t.Text, X: p.operation()}
	}
	x := p.operation()
	if x == nil {
		return nil
	}
	if name, ok := x.(*Name); ok && p.take(":=") {
		return &Walrus{Target: name, Value: p.expr()}
	}
	if p.is("if") && p.condFollows() {
		p.i++
		c := &Cond{Offset: x.At(), Then: x, If: p.operation()}
		if p.take("else") {
			c.Else = p.expr()
		}
		return c
	}
	return x
}

// condFollows tells "x if y else z" from the "if" of a comprehension or a case: it has an else.
func (p *parser) condFollows() bool {
	level := 0
	for i := p.i + 1; ; i++ {
		switch t := p.tokens[i]; {
		case t.Kind == python.Newline, t.Kind == python.End:
			return false
		case t.Is("("), t.Is("["), t.Is("{"):
			level++
		case t.Is(")"), t.Is("]"), t.Is("}"):
			if level--; level < 0 {
				return false
			}
		case level == 0 && t.Is("else"):
			return true
		case level == 0 && (t.Is(",") || t.Is("for") || t.Is("if") || t.Is(":") || t.Is("=")):
			return false
		}
	}
}

// operation reads operands with operators between them.
func (p *parser) operation() Expr {
	first := p.operand()
	if first == nil {
		return nil
	}
	var all *Operation
	for {
		op := p.binary()
		if op == "" {
			break
		}
		next := p.operand()
		if next == nil {
			break
		}
		if all == nil {
			all = &Operation{Offset: first.At(), X: []Expr{first}}
		}
		all.Ops, all.X = append(all.Ops, op), append(all.X, next)
	}
	if all == nil {
		return first
	}
	return all
}

// binary passes over an operator between two operands and returns it; "": there is none.
func (p *parser) binary() string {
	t := p.peek()
	switch t.Kind {
	case python.Name:
		switch t.Text {
		case "and", "or", "in":
			p.i++
			return t.Text
		case "is":
			p.i++
			if p.take("not") {
				return "is not"
			}
			return "is"
		case "not":
			if p.ahead(1).Is("in") {
				p.i += 2
				return "not in"
			}
		}
	case python.Op:
		switch t.Text {
		case "+", "-", "*", "/", "//", "%", "@", "**", "<<", ">>", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "<>":
			p.i++
			return t.Text
		}
	}
	return ""
}

// operand reads a primary with what is before it: of several signs and nots one stands for all,
// since they say nothing about names.
func (p *parser) operand() Expr {
	var wrap *Wrap
	for {
		t := p.peek()
		if !t.Is("not") && !t.Is("-") && !t.Is("+") && !t.Is("~") && (!t.Is("await") || p.endsPrimary(1)) {
			break
		}
		p.i++
		if wrap == nil {
			wrap = &Wrap{Offset: t.Offset, Op: t.Text}
		} else if t.Text == "await" {
			wrap.Op = t.Text
		}
	}
	var x Expr
	if p.is("lambda") {
		x = p.expr()
	} else {
		x = p.primary()
	}
	if wrap == nil || x == nil {
		return x
	}
	wrap.X = x
	return wrap
}

// endsPrimary reports whether the token so far ahead can't begin an operand, so that "await" is
// a name there.
func (p *parser) endsPrimary(ahead int) bool {
	t := p.ahead(ahead)
	return t.Kind == python.Newline || t.Kind == python.End ||
		t.Kind == python.Op && !t.Is("(") && !t.Is("[") && !t.Is("{")
}
