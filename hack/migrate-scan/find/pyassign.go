package find

import (
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

func (p *pyFile) assignStmt(n *tree.Assign, s *pyScope) {
	var v *pyValue
	if n.Annotation != nil {
		v = p.annotation(n.Annotation, s)
	}
	if n.Value != nil {
		value := p.eval(n.Value, s)
		if v == nil || value.weight() >= v.weight() {
			v = value
		}
	} else if v == nil && n.Annotation == nil {
		return
	}
	if n.Op != "=" {
		if len(n.Targets) == 1 && n.Op == "+=" {
			before := p.value(n.Targets[0], s)
			p.bind(n.Targets[0], plus(before, v), s)
		}
		return
	}
	for _, target := range n.Targets {
		if n.Value == nil {
			if _, ok := target.(*tree.Name); ok && v == nil {
				continue // only a type, which isn't old
			}
		}
		p.bind(target, v, s)
	}
}

// bind gives a target its value.
func (p *pyFile) bind(target tree.Expr, v *pyValue, s *pyScope) {
	switch t := target.(type) {
	case *tree.Name:
		s.set(t.ID, v)
	case *tree.Attr:
		p.bindAttr(t, v, s)
	case *tree.List:
		for i, item := range t.Items {
			var one *pyValue
			if v.is(pyList) && len(v.items) == len(t.Items) {
				one = v.items[i]
			}
			p.bind(item, one, s)
		}
	case *tree.Wrap:
		if t.X != nil {
			p.bind(t.X, nil, s)
		}
	case nil:
	default:
		p.eval(t, s)
	}
}

func (p *pyFile) bindAttr(t *tree.Attr, v *pyValue, s *pyScope) {
	base := p.value(t.X, s)
	if base.is(pyObject) || base.is(pyClass) {
		base.class.attrs[t.Name] = mergeEver(base.class.attrs, t.Name, v)
		return
	}
	if m, ok := old.MethodNamed(t.Name); ok { // a mock takes its place
		if bound := p.method(t, base); bound != nil {
			p.tell(t.Offset, old.Use{Rule: old.RuleMethodRef, Old: old.Class + "." + m.Name, Replacement: m.Call, Sure: bound.sure})
		}
		return
	}
	p.named(t.X, base)
	if key := dottedKey(t); key != "" {
		s.set(key, v)
	}
}

// dottedKey is a chain of attributes of a name as text; "": it is none, or a long one.
func dottedKey(x tree.Expr) string {
	text := ""
	for range 6 {
		switch e := x.(type) {
		case *tree.Name:
			return e.ID + text
		case *tree.Attr:
			text = "." + e.Name + text
			x = e.X
		default:
			return ""
		}
	}
	return ""
}
