package find

import (
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// function binds a function. Its body is looked at after the module, which it can use all of.
func (p *pyFile) function(n *tree.Func, s *pyScope) {
	info := p.funcs[n]
	if info == nil {
		info = &pyFuncInfo{}
		p.funcs[n] = info
	}
	if n.TypeParams != nil {
		p.eval(n.TypeParams, s)
	}
	static, classMethod := false, false
	for _, d := range n.Decorators {
		p.eval(d, s)
		switch lastName(d) {
		case "staticmethod":
			static = true
		case "classmethod":
			classMethod = true
		case "property", "cached_property":
			info.property = true
		case "fixture":
			info.fixture = true
		}
	}
	if n.Returns != nil {
		if v := p.annotation(n.Returns, s); v != nil {
			info.returns, info.returned = v, true
		}
	}
	params := map[string]*pyValue{}
	for i, param := range n.Params {
		v := p.param(param, s)
		if i == 0 && s.class != nil && !static && param.Stars == 0 {
			v = &pyValue{kind: pyObject, sure: old.Certain, class: s.class}
			if classMethod {
				v.kind = pyClass
			}
		}
		params[param.Name] = v
	}
	p.override(n, s)
	s.set(n.Name, &pyValue{kind: pyFunc, sure: old.Certain, fn: info, name: n.Name})
	p.later = append(p.later, func() {
		inner := newScope(s)
		inner.fn = info
		for name, v := range params {
			if v == nil { // a fixture's result, where there is one of that name
				if f, _ := s.module().get(name); f.is(pyFunc) && f.fn.fixture {
					v = f.fn.returns
				}
			}
			inner.set(name, v)
		}
		p.block(n.Body, inner)
	})
}

// param is what a parameter's annotation or default say it is.
func (p *pyFile) param(param tree.Param, s *pyScope) *pyValue {
	var v *pyValue
	if param.Annotation != nil {
		v = p.annotation(param.Annotation, s)
	}
	if param.Default != nil {
		if d := p.eval(param.Default, s); v == nil && (d.is(pyService) || d.is(pyObject)) {
			v = d.weaken(old.Likely)
		}
	}
	if param.Stars > 0 {
		return nil
	}
	return v
}

// override tells of a method that takes the place of an old one.
func (p *pyFile) override(n *tree.Func, s *pyScope) {
	if s.class == nil {
		return
	}
	m, ok := old.MethodNamed(n.Name)
	if !ok {
		return
	}
	for _, base := range s.class.bases {
		_, _, oldBase, sure := (&pyClassInfo{bases: []*pyValue{base}}).attr(n.Name, 0)
		if oldBase {
			p.tell(n.Offset, old.Use{Rule: old.RuleDefinition, Old: "def " + m.Name, Replacement: old.SubclassReplacement(), Sure: sure})
			return
		}
	}
}

func (p *pyFile) classStmt(n *tree.Class, s *pyScope) {
	info := p.classes[n]
	if info == nil {
		info = &pyClassInfo{name: n.Name, attrs: map[string]*pyValue{}}
		p.classes[n] = info
	}
	for _, d := range n.Decorators {
		p.eval(d, s)
	}
	if n.TypeParams != nil {
		p.eval(n.TypeParams, s)
	}
	info.bases = nil
	for _, arg := range n.Args {
		v := p.value(arg.Value, s)
		if arg.Name != "" || arg.Stars > 0 {
			p.named(arg.Value, v)
			continue
		}
		info.bases = append(info.bases, v)
		if name, sure := v.old(); name == old.Class {
			p.tell(start(arg.Value), old.Use{Rule: old.RuleSubclass, Old: "class " + n.Name + "(" + old.Class + ")",
				Replacement: old.SubclassReplacement(), Sure: sure})
			continue
		}
		p.named(arg.Value, v)
	}
	if _, ok := old.IsModule(p.module); ok && n.Name == old.Class {
		p.tell(n.Offset, old.Use{Rule: old.RuleDefinition, Old: "class " + old.Class, Replacement: old.ReferenceReplacement(), Sure: old.Certain})
	}
	s.set(n.Name, &pyValue{kind: pyClass, sure: old.Certain, class: info})
	inner := newScope(s)
	inner.class, inner.inline = info, true
	p.block(n.Body, inner)
	for name, b := range inner.now.vars {
		if !b.gone {
			info.attrs[name] = mergeEver(info.attrs, name, b.v)
		}
	}
}

// annotation looks at a type, and is what a value of it is known to be.
func (p *pyFile) annotation(x tree.Expr, s *pyScope) *pyValue {
	p.types(x, s)
	return p.instance(x, s)
}

// types looks at what is named in a type, in quotes or without.
func (p *pyFile) types(x tree.Expr, s *pyScope) {
	if text, ok := x.(*tree.Str); ok && isPlain(x) && len(text.Parts) == 1 {
		if inner := tree.ParseExpr(text.Parts[0].Text); inner != nil {
			p.quoted(inner, text.Offset, s)
		}
		return
	}
	switch x := x.(type) {
	case *tree.Index:
		p.eval(x.X, s)
		for _, item := range x.Items {
			p.types(item, s)
		}
	case *tree.List:
		for _, item := range x.Items {
			p.types(item, s)
		}
	case *tree.Operation:
		for _, operand := range x.X {
			p.types(operand, s)
		}
	default:
		p.eval(x, s)
	}
}

// quoted looks at names in quotes, all of which count as where the quotes are.
func (p *pyFile) quoted(x tree.Expr, offset int, s *pyScope) {
	switch x := x.(type) {
	case *tree.Name, *tree.Attr:
		if name, sure := p.value(x, s).old(); name != "" {
			p.tellName(offset, name, sure)
		}
	case *tree.Str:
		if text, _, ok := plainText(x); ok {
			if inner := tree.ParseExpr(text); inner != nil {
				p.quoted(inner, offset, s)
			}
		}
	case *tree.Index:
		p.quoted(x.X, offset, s)
		for _, item := range x.Items {
			p.quoted(item, offset, s)
		}
	case *tree.List:
		for _, item := range x.Items {
			p.quoted(item, offset, s)
		}
	case *tree.Operation:
		for _, operand := range x.X {
			p.quoted(operand, offset, s)
		}
	}
}

// instance is what a value of a type is known to be; nil: nothing.
func (p *pyFile) instance(x tree.Expr, s *pyScope) *pyValue {
	switch x := x.(type) {
	case *tree.Str:
		if isPlain(x) && len(x.Parts) == 1 {
			if inner := tree.ParseExpr(x.Parts[0].Text); inner != nil {
				return p.instance(inner, s)
			}
		}
	case *tree.Name, *tree.Attr:
		return instanceOf(p.value(x, s))
	case *tree.Operation: // X | None
		for _, operand := range x.X {
			if v := p.instance(operand, s); v != nil {
				return v
			}
		}
	case *tree.Index:
		for _, item := range x.Items {
			v := p.instance(item, s)
			if v == nil {
				continue
			}
			switch lastName(x.X) {
			case "Optional", "Union", "Annotated", "Final", "ClassVar", "Awaitable", "Coroutine":
				return v
			case "Type", "type", "Callable":
				return nil
			}
			return listValue(nil, []*pyValue{v}, nil) // a container of them
		}
	case *tree.List:
		for _, item := range x.Items {
			if v := p.instance(item, s); v != nil {
				return v
			}
		}
	}
	return nil
}

// instanceOf is what calling a class makes.
func instanceOf(class *pyValue) *pyValue {
	switch {
	case class.is(pyClass):
		return &pyValue{kind: pyObject, sure: class.sure, class: class.class}
	case class.is(pyRef):
		if name, sure := class.old(); name == old.Class {
			return &pyValue{kind: pyService, sure: sure}
		}
	}
	return nil
}

// lastName is the last part of a dotted name, also of one that is called.
func lastName(x tree.Expr) string {
	switch x := x.(type) {
	case *tree.Name:
		return x.ID
	case *tree.Attr:
		return x.Name
	case *tree.Call:
		return lastName(x.Fn)
	}
	return ""
}
