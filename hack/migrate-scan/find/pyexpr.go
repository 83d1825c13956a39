package find

import (
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// eval looks at an expression, and is what is known of its value.
func (p *pyFile) eval(x tree.Expr, s *pyScope) *pyValue {
	v := p.value(x, s)
	p.named(x, v)
	return v
}

// named tells of an expression that only names something old, without calling it.
func (p *pyFile) named(x tree.Expr, v *pyValue) {
	switch x.(type) {
	case *tree.Name, *tree.Attr:
	default:
		return
	}
	if v.is(pyBound) {
		if m, ok := old.MethodNamed(v.name); ok {
			p.tell(x.At(), old.Use{Rule: old.RuleMethodRef, Old: old.Class + "." + m.Name, Replacement: m.Call, Sure: v.sure})
		}
		return
	}
	if name, sure := v.old(); name != "" {
		p.tellName(start(x), name, sure)
	}
}

// tellName tells of a name of the old module.
func (p *pyFile) tellName(offset int, name string, sure old.Sure) {
	switch name {
	case old.Class:
		p.tell(offset, old.Use{Rule: old.RuleReference, Old: name, Replacement: old.ReferenceReplacement(), Sure: sure})
	case old.EndingPhases:
		p.tell(offset, old.Use{Rule: old.RulePhases, Old: name, Replacement: old.PhasesReplacement(), Sure: sure})
	case old.EndedError:
		r, _ := old.ErrorReplacement(name)
		p.tell(offset, old.Use{Rule: old.RuleError, Old: name, Replacement: r, Sure: sure})
	}
}

// value looks at what is inside an expression, and is what is known of its value.
func (p *pyFile) value(x tree.Expr, s *pyScope) *pyValue {
	switch x := x.(type) {
	case *tree.Name:
		return p.name(x, s)
	case *tree.Const:
		if x.Text == "None" {
			return &pyValue{kind: pyNone, sure: old.Certain}
		}
		return &pyValue{kind: pyOther, sure: old.Certain}
	case *tree.Attr:
		return p.attr(x, s)
	case *tree.Call:
		return p.call(x, s)
	case *tree.Index:
		base := p.eval(x.X, s)
		for _, item := range x.Items {
			p.eval(item, s)
		}
		return base.element()
	case *tree.Str:
		return p.str(x, s)
	case *tree.List:
		return p.list(x, s)
	case *tree.Dict:
		return p.dict(x, s)
	case *tree.Lambda:
		inner := newScope(s)
		inner.inline = true
		for _, param := range x.Params {
			inner.set(param.Name, p.param(param, s))
		}
		p.eval(x.Body, inner)
	case *tree.Comp:
		return p.comp(x, s)
	case *tree.Operation:
		return p.operation(x, s)
	case *tree.Cond:
		p.eval(x.If, s)
		then := p.eval(x.Then, s)
		if x.Else == nil {
			return then
		}
		return merge(then, p.eval(x.Else, s))
	case *tree.Walrus:
		v := p.eval(x.Value, s)
		at := s
		for at.inline && at.class == nil && at.outer != nil { // a comprehension binds it outside of itself
			at = at.outer
		}
		at.set(x.Target.ID, v)
		return v
	case *tree.Wrap:
		return p.wrap(x, s)
	}
	return nil
}

func (p *pyFile) wrap(x *tree.Wrap, s *pyScope) *pyValue {
	if x.X == nil {
		return nil
	}
	v := p.eval(x.X, s)
	switch x.Op {
	case "await", "*", "**":
		return v
	case "yield":
		p.returns(v, s) // of a fixture, or a context manager
	}
	return nil
}

// name is what a name means. One that nothing in the file binds is probably what it says.
func (p *pyFile) name(x *tree.Name, s *pyScope) *pyValue {
	if v, bound := s.get(x.ID); bound {
		return v
	}
	switch x.ID {
	case old.Class, old.EndedError, old.EndingPhases:
		v := ref("?." + x.ID)
		v.sure = p.guess()
		return v
	case old.TimeoutError, "__import__", "getattr", "setattr", "super", "isinstance", "str", "list", "tuple":
		return ref("builtins." + x.ID)
	case old.Runner, old.RunnerError:
		return ref("?." + x.ID)
	}
	return nil
}

// attr is what an attribute is.
func (p *pyFile) attr(x *tree.Attr, s *pyScope) *pyValue {
	base := p.value(x.X, s)
	p.bases[x] = base
	switch {
	case base.is(pyResult):
		p.resultField(x, base)
		return nil
	case base.is(pyBound): // as in mock.start_workflow.return_value
		p.named(x.X, base)
		return nil
	case base.is(pyText), base.is(pyList), base.is(pyOther), base.is(pyFunc), base.is(pyNone):
		return p.dotted(x, s)
	case base.is(pyObject), base.is(pyClass):
		v, found, _, _ := base.class.attr(x.Name, 0)
		if found {
			if v.is(pyFunc) && v.fn.property {
				return v.fn.returns
			}
			return v
		}
	case base.is(pyRef):
		if name, _ := base.old(); name == "" {
			path := base.path + "." + x.Name
			if _, method := old.MethodNamed(x.Name); !method || base.module {
				v := ref(path)
				v.module = base.module
				return v.weaken(base.sure)
			}
		}
	}
	if v := p.dotted(x, s); v != nil {
		p.named(x.X, base)
		return v
	}
	if v := p.method(x, base); v != nil {
		if name, _ := base.old(); name != "" {
			p.named(x.X, base)
		}
		return v
	}
	p.named(x.X, base)
	return nil
}

// dotted is what was given to the attribute before in the same scopes.
func (p *pyFile) dotted(x *tree.Attr, s *pyScope) *pyValue {
	key := dottedKey(x)
	if key == "" {
		return nil
	}
	v, _ := s.get(key)
	return v
}

// method is the old method that an attribute of a receiver means, for sure or by its name; nil:
// none.
func (p *pyFile) method(x *tree.Attr, base *pyValue) *pyValue {
	_, known := old.MethodNamed(x.Name)
	bound := func(sure old.Sure) *pyValue { return &pyValue{kind: pyBound, sure: sure, name: x.Name} }
	if base.is(pyService) {
		if known {
			return bound(base.sure)
		}
		return nil
	}
	if !known {
		return nil
	}
	switch {
	case base == nil:
		return bound(p.guess())
	case base.is(pyObject), base.is(pyClass):
		_, _, oldBase, sure := base.class.attr(x.Name, 0)
		if oldBase {
			return bound(min(sure, base.sure))
		}
		return bound(p.guess())
	case base.is(pyRef):
		if name, sure := base.old(); name == old.Class {
			return bound(sure)
		}
		if !base.module {
			return bound(p.guess())
		}
	}
	return nil
}

func (p *pyFile) resultField(x *tree.Attr, base *pyValue) {
	if r, ok := old.ResultField(base.name, x.Name); ok {
		p.tell(x.Offset, old.Use{Rule: old.RuleResult, Old: base.name + "(…)." + x.Name, Replacement: r, Sure: base.sure})
	}
}
