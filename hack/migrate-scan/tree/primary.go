package tree

import "github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"

// primary reads an atom and what is called, indexed or taken of it.
func (p *parser) primary() Expr {
	if !p.enter() {
		return nil
	}
	defer func() { p.depth-- }()
	x := p.atom()
	if x == nil {
		return nil
	}
	for length := 0; ; length++ {
		if length == maxChain {
			p.tooDeep("a chain of more than %d calls and attributes", maxChain)
			return x
		}
		switch t := p.peek(); {
		case t.Is("."):
			p.i++
			name, offset := p.name()
			x = &Attr{Offset: offset, X: x, Name: name}
		case t.Is("("):
			p.i++
			x = &Call{Offset: x.At(), Fn: x, Args: p.args()}
		case t.Is("["):
			p.i++
			x = &Index{Offset: x.At(), X: x, Items: p.items("]")}
		default:
			return x
		}
	}
}

// args reads arguments and the bracket that ends them.
func (p *parser) args() []Arg {
	var all []Arg
	for !p.lineOver() && !p.is(")") {
		before := p.i
		var one Arg
		switch t := p.peek(); {
		case t.Is("*"), t.Is("**"):
			p.i++
			one.Stars = len(t.Text)
		case t.Kind == python.Name && p.ahead(1).Is("="):
			one.Name = t.Text
			p.i += 2
		}
		one.Value = p.element()
		if one.Value != nil {
			all = append(all, one)
		}
		if !p.take(",") && p.i == before {
			p.i++
		}
	}
	p.take(")")
	return all
}

// element reads an expression within brackets, which can be a comprehension.
func (p *parser) element() Expr {
	x := p.expr()
	if x == nil || !p.startsComp() {
		return x
	}
	return p.comp(x.At(), x)
}

func (p *parser) startsComp() bool {
	return p.is("for") || p.is("async") && p.ahead(1).Is("for")
}

func (p *parser) comp(offset int, items ...Expr) Expr {
	c := &Comp{Offset: offset, Items: items}
	for p.startsComp() {
		p.take("async")
		p.i++
		clause := Clause{Target: p.targets()}
		p.take("in")
		clause.Iter = p.expr()
		for p.take("if") {
			if x := p.expr(); x != nil {
				clause.Ifs = append(clause.Ifs, x)
			}
		}
		c.Clauses = append(c.Clauses, clause)
	}
	return c
}

// items reads expressions up to a bracket, which is read too. A colon divides like a comma, as
// in a slice; an "as" does so in a pattern.
func (p *parser) items(end string) []Expr {
	var all []Expr
	for !p.lineOver() && !p.is(end) {
		before := p.i
		if x := p.element(); x != nil {
			all = append(all, x)
		}
		if !p.take(",") && !p.take(":") && !p.take("as") && p.i == before {
			p.i++
		}
	}
	p.take(end)
	return all
}

func (p *parser) atom() Expr {
	t := p.peek()
	switch t.Kind {
	case python.Number:
		p.i++
		return &Const{Offset: t.Offset, Text: t.Text}
	case python.String:
		return p.str()
	case python.Name:
		if isKeyword(t.Text) {
			return nil
		}
		p.i++
		switch t.Text {
		case "None", "True", "False":
			return &Const{Offset: t.Offset, Text: t.Text}
		}
		return &Name{Offset: t.Offset, ID: t.Text}
	case python.Op:
		switch t.Text {
		case "...":
			p.i++
			return &Const{Offset: t.Offset, Text: t.Text}
		case "(":
			return p.group(t.Offset)
		case "[":
			p.i++
			return &List{Offset: t.Offset, Kind: '[', Items: p.items("]")}
		case "{":
			return p.braces(t.Offset)
		}
	}
	return nil
}

// group reads what is in round brackets: an expression, a tuple, a generator.
func (p *parser) group(offset int) Expr {
	p.i++
	if p.take(")") {
		return &List{Offset: offset, Kind: '('}
	}
	x := p.element()
	if x != nil && p.take(")") {
		return x
	}
	p.take(",")
	p.take("as")
	items := p.items(")")
	if x != nil {
		items = append([]Expr{x}, items...)
	}
	return &List{Offset: offset, Kind: '(', Items: items}
}

// braces reads a dict or a set.
func (p *parser) braces(offset int) Expr {
	p.i++
	dict, set := &Dict{Offset: offset}, &List{Offset: offset, Kind: '{'}
	for !p.lineOver() && !p.is("}") {
		before := p.i
		switch x := p.element(); {
		case x == nil:
		case p.take(":"):
			value := p.expr()
			if p.startsComp() && value != nil {
				x = p.comp(offset, x, value)
				set.Items = append(set.Items, x)
			} else {
				dict.Keys, dict.Values = append(dict.Keys, x), append(dict.Values, value)
			}
		default:
			if w, ok := x.(*Wrap); ok && w.Op == "**" {
				dict.Keys, dict.Values = append(dict.Keys, nil), append(dict.Values, w.X)
			} else {
				set.Items = append(set.Items, x)
			}
		}
		if !p.take(",") && p.i == before {
			p.i++
		}
	}
	p.take("}")
	if len(set.Items) > 0 {
		return set
	}
	return dict
}

// str reads strings that follow on each other as one.
func (p *parser) str() Expr {
	s := &Str{Offset: p.peek().Offset}
	for p.peek().Kind == python.String {
		for _, part := range p.peek().Parts {
			if !part.Field {
				s.Parts = append(s.Parts, StrPart{Text: part.Text})
				continue
			}
			inner := &parser{tokens: part.Tokens, depth: p.depth}
			field := inner.loose()
			if inner.err != nil && p.err == nil {
				p.err = inner.err
			}
			s.Parts = append(s.Parts, StrPart{Field: append([]Expr{}, field...)})
		}
		p.i++
	}
	return s
}

func isKeyword(text string) bool {
	switch text {
	case "and", "as", "assert", "async", "break", "class", "continue", "def", "del", "elif", "else", "except", "finally",
		"for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
		"try", "while", "with", "yield":
		return true
	}
	return false
}
