package find

import (
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// block looks at statements in their order, and reports whether the way ends in them.
func (p *pyFile) block(body []tree.Stmt, s *pyScope) (ends bool) {
	for _, stmt := range body {
		if p.stmt(stmt, s) {
			ends = true // what follows is looked at too, though it doesn't run
		}
	}
	return ends
}

func (p *pyFile) stmt(stmt tree.Stmt, s *pyScope) (ends bool) {
	switch n := stmt.(type) {
	case *tree.ExprStmt:
		for _, x := range n.X {
			if _, text := x.(*tree.Str); text && len(n.X) == 1 && isPlain(x) {
				continue // a docstring, or a comment in its shape
			}
			p.eval(x, s)
		}
	case *tree.Assign:
		p.assignStmt(n, s)
	case *tree.Import:
		p.importStmt(n, s)
	case *tree.ImportFrom:
		p.importFrom(n, s)
	case *tree.Global:
		p.global(n, s)
	case *tree.Del:
		for _, x := range n.Targets {
			p.del(x, s)
		}
	case *tree.Exit:
		p.exit(n, s)
		return true
	case *tree.If:
		return p.ifStmt(n, s)
	case *tree.While:
		p.eval(n.Test, s)
		p.loop(n.Body, n.Else, s)
	case *tree.For:
		p.bind(n.Target, p.eval(n.Iter, s).element(), s)
		p.loop(n.Body, n.Else, s)
	case *tree.Try:
		return p.try(n, s)
	case *tree.With:
		return p.with(n, s)
	case *tree.Func:
		p.function(n, s)
	case *tree.Class:
		p.classStmt(n, s)
	case *tree.Match:
		p.match(n, s)
	}
	return false
}

// isPlain reports whether a string has no fields, so that nothing in it is code.
func isPlain(x tree.Expr) bool {
	s, ok := x.(*tree.Str)
	if !ok {
		return false
	}
	for _, part := range s.Parts {
		if part.Field != nil {
			return false
		}
	}
	return true
}

func (p *pyFile) exit(n *tree.Exit, s *pyScope) {
	for _, x := range n.X {
		v := p.eval(x, s)
		if n.Word == "return" {
			p.returns(v, s)
		}
	}
}

// returns remembers what the function gives back.
func (p *pyFile) returns(v *pyValue, s *pyScope) {
	for s.inline && s.outer != nil {
		s = s.outer
	}
	if s.fn == nil {
		return
	}
	if s.fn.returned {
		v = merge(s.fn.returns, v)
	}
	s.fn.returns, s.fn.returned = v, true
}

func (p *pyFile) global(n *tree.Global, s *pyScope) {
	if s.globals == nil {
		s.globals = map[string]*pyScope{}
	}
	for _, name := range n.Names {
		owner := s.module()
		if n.Nonlocal {
			for at := s.outer; at != nil; at = at.outer {
				if _, ok := at.ever[name]; ok && at.class == nil {
					owner = at
					break
				}
			}
		}
		if owner != s {
			s.globals[name] = owner
		}
	}
}

func (p *pyFile) del(x tree.Expr, s *pyScope) {
	switch x := x.(type) {
	case *tree.Name:
		s.unset(x.ID)
	case *tree.List:
		for _, item := range x.Items {
			p.del(item, s)
		}
	default:
		p.eval(x, s)
	}
}

// ways runs one alternative after the other from the same start, and merges where they meet.
func (p *pyFile) ways(s *pyScope, alternatives ...func() (ends bool)) (ends bool) {
	before := s.now
	var met []*pyLayer
	for _, alternative := range alternatives {
		s.now = newLayer(before)
		if !alternative() {
			met = append(met, s.now)
		}
	}
	s.now = before
	s.now.meet(met...)
	return len(met) == 0
}

func (p *pyFile) ifStmt(n *tree.If, s *pyScope) (ends bool) {
	var all []func() bool
	for _, b := range n.Branches {
		p.eval(b.Test, s)
		all = append(all, func() bool {
			p.narrow(b.Test, s)
			return p.block(b.Body, s)
		})
	}
	all = append(all, func() bool { return p.block(n.Else, s) })
	return p.ways(s, all...)
}

// narrow takes note of isinstance(name, ArgoService).
func (p *pyFile) narrow(test tree.Expr, s *pyScope) {
	call, ok := test.(*tree.Call)
	if !ok || len(call.Args) != 2 {
		return
	}
	fn, isName := call.Fn.(*tree.Name)
	name, isVar := call.Args[0].Value.(*tree.Name)
	if !isName || !isVar || fn.ID != "isinstance" {
		return
	}
	if v := p.instance(call.Args[1].Value, s); v != nil {
		s.set(name.ID, v)
	}
}

func (p *pyFile) loop(body, after []tree.Stmt, s *pyScope) {
	p.ways(s, func() bool { return p.block(body, s) && false }, func() bool { return false })
	p.block(after, s)
}

func (p *pyFile) match(n *tree.Match, s *pyScope) {
	p.eval(n.Subject, s)
	all := []func() bool{func() bool { return false }}
	for _, c := range n.Cases {
		all = append(all, func() bool {
			p.pattern(c.Pattern, s)
			if c.Guard != nil {
				p.eval(c.Guard, s)
			}
			return p.block(c.Body, s)
		})
	}
	p.ways(s, all...)
}

// pattern binds the names of a pattern, and looks at the classes in it.
func (p *pyFile) pattern(x tree.Expr, s *pyScope) {
	switch x := x.(type) {
	case *tree.Name:
		s.set(x.ID, nil)
	case *tree.List:
		for _, item := range x.Items {
			p.pattern(item, s)
		}
	case *tree.Dict:
		for _, value := range x.Values {
			p.pattern(value, s)
		}
	case *tree.Operation:
		for _, operand := range x.X {
			p.pattern(operand, s)
		}
	case *tree.Wrap:
		p.pattern(x.X, s)
	case *tree.Call:
		p.eval(x.Fn, s)
		for _, arg := range x.Args {
			p.pattern(arg.Value, s)
		}
	case *tree.Attr:
		p.eval(x, s)
	}
}
