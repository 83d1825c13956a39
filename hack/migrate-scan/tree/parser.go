package tree

import (
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
)

// The most that expressions and blocks may be nested, and the longest chain of calls and
// attributes. Nothing that a person writes comes near.
const (
	maxDepth = 2000
	maxChain = 2000
)

type parser struct {
	tokens []python.Token
	i      int
	depth  int
	err    *python.Error
}

// Parse reads the tokens of a file. The statements are good in any case; the error, nil or a
// [*python.Error], says from where on the tree is not whole, because it is too deep.
func Parse(tokens []python.Token) ([]Stmt, error) {
	p := &parser{tokens: tokens}
	var body []Stmt
	for p.peek().Kind != python.End {
		body = append(body, p.block()...)
		if p.peek().Kind == python.Dedent {
			p.i++
		}
	}
	if p.err != nil {
		return body, p.err
	}
	return body, nil
}

// ParseExpr reads text as one expression, such as an annotation in quotes; nil: it is none.
func ParseExpr(text string) Expr {
	tokens, err := python.Tokenize(text)
	if err != nil {
		return nil
	}
	p := &parser{tokens: tokens}
	x := p.exprs()
	if p.err != nil || p.peek().Kind != python.Newline {
		return nil
	}
	return x
}

func (p *parser) peek() python.Token { return p.tokens[p.i] }

func (p *parser) ahead(n int) python.Token {
	return p.tokens[min(p.i+n, len(p.tokens)-1)]
}

func (p *parser) is(text string) bool { return p.tokens[p.i].Is(text) }

// take passes over an operator or keyword if it comes next.
func (p *parser) take(text string) bool {
	if p.is(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) name() (string, int) {
	t := p.peek()
	if t.Kind != python.Name {
		return "", t.Offset
	}
	p.i++
	return t.Text, t.Offset
}

// lineOver reports whether the logical line is at its end.
func (p *parser) lineOver() bool {
	switch p.peek().Kind {
	case python.Newline, python.End, python.Indent, python.Dedent:
		return true
	}
	return false
}

// enter counts a level of nesting. Where it says no there are too many, and what comes next in
// the line has been passed over.
func (p *parser) enter() bool {
	if p.depth < maxDepth {
		p.depth++
		return true
	}
	p.tooDeep("nested more than %d levels deep", maxDepth)
	return false
}

func (p *parser) tooDeep(format string, limit int) {
	if p.err == nil {
		p.err = &python.Error{Offset: p.peek().Offset, Reason: fmt.Sprintf(format, limit)}
	}
	for !p.lineOver() {
		p.i++
	}
}

// block reads statements up to the end of their block.
func (p *parser) block() []Stmt {
	var body []Stmt
	if !p.enter() {
		p.skipBlock()
		return nil
	}
	defer func() { p.depth-- }()
	for {
		switch t := p.peek(); t.Kind {
		case python.End, python.Dedent:
			return body
		case python.Newline:
			p.i++
		case python.Indent: // where none belongs
			p.i++
			body = append(body, p.block()...)
			if p.peek().Kind == python.Dedent {
				p.i++
			}
		default:
			before := p.i
			if s := p.statement(); s != nil {
				body = append(body, s)
			}
			if p.i == before { // nothing that a statement can begin with
				p.i++
			}
		}
	}
}

func (p *parser) skipBlock() {
	for level := 0; ; p.i++ {
		switch p.peek().Kind {
		case python.Indent:
			level++
		case python.Dedent:
			if level == 0 {
				return
			}
			level--
		case python.End:
			return
		}
	}
}

// suite reads what follows the colon of a compound statement.
func (p *parser) suite() []Stmt {
	p.take(":")
	if p.peek().Kind != python.Newline {
		var body []Stmt
		for !p.lineOver() {
			before := p.i
			if s := p.simple(); s != nil {
				body = append(body, s)
			}
			if !p.take(";") && p.i == before {
				p.i++
			}
		}
		return body
	}
	p.i++
	if p.peek().Kind != python.Indent {
		return nil
	}
	p.i++
	body := p.block()
	if p.peek().Kind == python.Dedent {
		p.i++
	}
	return body
}
