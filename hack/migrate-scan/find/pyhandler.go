package find

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

func (p *pyFile) try(n *tree.Try, s *pyScope) (ends bool) {
	first := len(p.calls)
	before := s.now
	s.now = newLayer(before)
	bodyEnds := p.block(n.Body, s)
	called := append([]pyCall{}, p.calls[first:]...)
	after := s.now

	all := []func() bool{func() bool {
		s.now.meet(after)
		return p.block(n.Else, s) || bodyEnds
	}}
	broken := newLayer(before) // the body may have broken off anywhere
	broken.meet(after, newLayer(before))
	for _, h := range n.Handlers {
		all = append(all, func() bool {
			s.now.meet(broken)
			p.handled(h.Type, called, old.RuleHandler, s)
			if h.As != nil {
				s.set(h.As.ID, nil)
			}
			return p.block(h.Body, s)
		})
	}
	s.now = before
	if ends = p.ways(s, all...); ends {
		s.now.meet(broken)
	}
	return p.block(n.Finally, s) || ends
}

// handled looks at the errors that are caught, of which some count only where an old call can
// raise them.
func (p *pyFile) handled(x tree.Expr, called []pyCall, rule string, s *pyScope) {
	switch x := x.(type) {
	case nil:
		return
	case *tree.List:
		for _, item := range x.Items {
			p.handled(item, called, rule, s)
		}
		return
	case *tree.Operation: // a tuple + another
		for _, operand := range x.X {
			p.handled(operand, called, rule, s)
		}
		return
	}
	v := p.value(x, s)
	name, sure := v.old()
	switch name {
	case old.EndedError:
		if rule != old.RuleHandler {
			p.named(x, v)
			return
		}
	case old.TimeoutError, old.RunnerError:
		most := old.Sure(0)
		for _, c := range called {
			if c.method.Waits || name == old.RunnerError {
				most = max(most, c.sure)
			}
		}
		if most == 0 {
			return
		}
		if name == old.RunnerError { // where it comes from says little, what it is caught around says all
			sure = most
		}
		sure = min(sure, most)
		if strings.HasPrefix(v.path, "asyncio.") {
			sure = min(sure, old.Likely) // the same only since Python 3.11
		}
	default:
		if v.is(pyList) { // a tuple with a name
			for _, item := range v.items {
				if which, sure := item.old(); which == old.EndedError {
					r, _ := old.ErrorReplacement(which)
					p.tell(start(x), old.Use{Rule: rule, Old: which, Replacement: r, Sure: sure})
				}
			}
		}
		p.named(x, v)
		return
	}
	text := name
	if rule == old.RuleHandler {
		text = "except " + name
	}
	r, _ := old.ErrorReplacement(name)
	p.tell(start(x), old.Use{Rule: rule, Old: text, Replacement: r, Sure: sure})
}

// with binds what the items give, and looks at those that catch or expect errors.
func (p *pyFile) with(n *tree.With, s *pyScope) (ends bool) {
	var all []tree.Expr // the types that are caught
	caught := false
	for _, item := range n.Items {
		v := p.eval(item.X, s)
		if item.As != nil {
			p.bind(item.As, v, s)
		}
		call, ok := item.X.(*tree.Call)
		if !ok {
			continue
		}
		if catches(lastName(call.Fn)) {
			caught = true
			for _, arg := range call.Args {
				if arg.Name == "" || arg.Name == "expected_exception" {
					all = append(all, arg.Value)
				}
			}
		}
	}
	first := len(p.calls)
	before := s.now
	s.now = newLayer(before)
	ends = p.block(n.Body, s)
	called := append([]pyCall{}, p.calls[first:]...)
	for _, types := range all {
		p.handled(types, called, old.RuleError, s)
	}
	body := s.now
	s.now = before
	if caught { // it can go on after the block, wherever that broke off
		s.now.meet(body, newLayer(before))
		return false
	}
	s.now.meet(body)
	return ends
}

// catches reports whether a context manager of that name catches errors.
func catches(name string) bool {
	switch name {
	case "raises", "assertRaises", "assertRaisesRegex", "assertRaisesRegexp", "suppress":
		return true
	}
	return false
}

// expected looks at assertRaises(error, method, …), where the method is passed on.
func (p *pyFile) expected(x *tree.Call, args pyArgs, s *pyScope) {
	if !catches(lastName(x.Fn)) || len(x.Args) < 2 {
		return
	}
	var called []pyCall
	for _, v := range args.vals[1:] {
		if m, ok := old.MethodNamed(v.boundName()); ok {
			called = append(called, pyCall{m, v.sure})
		}
	}
	if len(called) > 0 {
		p.handled(x.Args[0].Value, called, old.RuleError, s)
	}
}
