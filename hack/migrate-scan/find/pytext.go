package find

import (
	"regexp"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// str looks at the fields of a string, and is its text with what is unknown of it.
func (p *pyFile) str(x *tree.Str, s *pyScope) *pyValue {
	var text strings.Builder
	for _, part := range x.Parts {
		if part.Field == nil {
			text.WriteString(part.Text)
			continue
		}
		known := old.Unknown
		for _, field := range part.Field {
			if v := p.eval(field, s); v.is(pyText) && len(part.Field) == 1 {
				known = v.text()
			}
		}
		text.WriteString(known)
	}
	if isPlain(x) && !p.claimed[x] {
		if found := text.String(); strings.Contains(found, old.Module) && isDotted(found) {
			p.tell(x.Offset, dottedUse(found, old.Possible))
		}
	}
	return textValue(text.String(), x)
}

func dottedUse(text string, sure old.Sure) old.Use {
	return old.Use{Rule: old.RuleDotted, Old: old.Shown([]string{`"` + text + `"`}), Replacement: old.ReferenceReplacement(), Sure: sure}
}

// isDotted reports whether a text is names with dots, or a colon, between them.
func isDotted(text string) bool {
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:") == "" && strings.Contains(text, ".")
}

func (p *pyFile) list(x *tree.List, s *pyScope) *pyValue {
	if len(x.Items) == 1 {
		if c, ok := x.Items[0].(*tree.Comp); ok {
			return p.comp(c, s)
		}
	}
	var words []string
	var items []*pyValue
	from := []tree.Expr{x}
	for _, item := range x.Items {
		v := p.eval(item, s)
		if w, ok := item.(*tree.Wrap); ok && w.Op == "*" {
			if v.is(pyList) {
				words, items, from = append(words, v.words...), append(items, v.items...), append(from, v.from...)
				continue
			}
			v = nil
		}
		words, items = append(words, v.text()), append(items, v)
	}
	if p.telling && x.Kind != '{' && len(words) > 1 {
		p.lists = append(p.lists, pyLiteral{x, words})
	}
	return listValue(words, items, from)
}

// dict is a list of its values, and of keys and values as the words of a CommandRunner.
func (p *pyFile) dict(x *tree.Dict, s *pyScope) *pyValue {
	var words []string
	var items []*pyValue
	for i, key := range x.Keys {
		var k, v *pyValue
		if key != nil {
			k = p.eval(key, s)
		}
		if x.Values[i] != nil {
			v = p.eval(x.Values[i], s)
		}
		items = append(items, v)
		switch {
		case key == nil && v.is(pyList):
			words = append(words, v.words...)
		case key == nil:
		default:
			words = append(words, k.text())
			if !v.is(pyNone) && lastName(x.Values[i]) != "FlagOnlyArgument" && v.text() != "" {
				words = append(words, v.text())
			}
		}
	}
	return listValue(words, items, nil)
}

func (p *pyFile) comp(x *tree.Comp, s *pyScope) *pyValue {
	inner := newScope(s)
	inner.inline = true
	for _, c := range x.Clauses {
		if c.Iter != nil {
			p.bind(c.Target, p.eval(c.Iter, inner).element(), inner)
		}
		for _, test := range c.Ifs {
			p.eval(test, inner)
		}
	}
	var last *pyValue
	for _, item := range x.Items {
		last = p.eval(item, inner)
	}
	if last == nil {
		return listValue(nil, nil, nil)
	}
	return listValue([]string{old.Unknown}, []*pyValue{last}, nil)
}

func (p *pyFile) operation(x *tree.Operation, s *pyScope) *pyValue {
	v := p.eval(x.X[0], s)
	for i, op := range x.Ops {
		next := p.eval(x.X[i+1], s)
		switch {
		case op == "or" || op == "and" || op == "|":
			v = merge(v, next)
		case op == "+":
			v = plus(v, next)
		case op == "%" && v.is(pyText):
			v = textValue(verbs(v.text()), v.from...)
		case op == "/" && next.is(pyText): // of a pathlib.Path
			v = textValue(v.text() + "/" + next.text())
		case op == "*" && v.is(pyList):
			v = listValue(nil, v.items, nil)
		default:
			v = &pyValue{kind: pyOther, sure: old.Certain}
		}
	}
	return v
}

// verbs makes a text of what % formats.
func verbs(format string) string {
	return regexp.MustCompile(`%(\([^)]*\))?[-+# 0-9.*]*[a-zA-Z]`).ReplaceAllString(format, old.Unknown)
}

// fields makes a text of what format fills in.
func fields(format string) string {
	return regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(format, old.Unknown)
}

// plus is one text or list after another, where one of both may be unknown.
func plus(a, b *pyValue) *pyValue {
	switch {
	case a.is(pyList) || b.is(pyList):
		var words []string
		var items []*pyValue
		var from []tree.Expr
		for _, v := range []*pyValue{a, b} {
			if v.is(pyList) {
				words, items, from = append(words, v.words...), append(items, v.items...), append(from, v.from...)
			} else {
				words = append(words, old.Unknown)
			}
		}
		return listValue(words, items, from)
	case a.is(pyText) || b.is(pyText):
		return textValue(a.text() + b.text())
	}
	return nil
}

// textMethod is the result of a method of a text or list that says what it does; ok is false
// for any other.
func textMethod(base *pyValue, name string, args []*pyValue) (v *pyValue, ok bool) {
	switch {
	case base.is(pyText):
		switch name {
		case "format":
			return textValue(fields(base.text())), true
		case "split":
			return listValue(strings.Fields(base.text()), nil, base.from), true
		case "join":
			if len(args) == 1 && args[0].is(pyList) {
				v := textValue(strings.Join(args[0].words, base.text()), args[0].from...)
				return v, true
			}
		case "strip", "lstrip", "rstrip", "encode", "lower":
			return base, true
		}
	case base.is(pyList):
		switch name {
		case "copy":
			return base, true
		case "get", "pop":
			return base.element(), true
		case "values":
			return base, true
		}
	}
	return nil, false
}

// mutated is what a list is after a call of a method that changes it; ok is false for any other.
func mutated(base *pyValue, name string, args []*pyValue) (v *pyValue, ok bool) {
	if !base.is(pyList) || len(args) == 0 {
		return nil, false
	}
	switch name {
	case "append":
		return plus(base, listValue([]string{args[0].text()}, []*pyValue{args[0]}, nil)), true
	case "extend":
		return plus(base, args[0]), true
	case "insert":
		return plus(base, listValue([]string{old.Unknown}, nil, nil)), true
	}
	return nil, false
}
