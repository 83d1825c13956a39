package main

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	sitter "github.com/tree-sitter/go-tree-sitter"
)

// binding is what a name, "self.name" or "function()" is bound to from an offset on. All but scope
// and at can be unset.
type binding struct {
	scope      *scope
	at         uint
	imported   string // a dotted name
	same       string // another name
	typ, value *sitter.Node
	class      *scope
	none       bool     // the value is None
	more       *binding // the one that the value is added to
	begun      bool     // to compute what it is
	is         value
	words      []string
}

// value is what is known of an expression: its kind is "class", "object", "method", "result",
// "field" (of a result), "error" or "phases" of the old API, "path" for another import, "other"
// for anything else, and empty if it is not known.
type value struct {
	kind, name string
	unsure     bool
}

func (v value) isOld() bool {
	return slices.Contains([]string{"class", "object", "method", "result", "error"}, v.kind)
}

// as returns a value of another kind that is as sure.
func (v value) as(kind string) value { return value{kind, v.name, v.unsure} }

// bindAll learns all scopes, and what their names are bound to.
func (p *python) bindAll(root *sitter.Node) error {
	var rest []captures
	err := p.each("bindings.scm", root, func(c captures) {
		if n := c["scope"]; n != nil {
			p.scopes = append(p.scopes, &scope{node: n, start: n.StartByte(), end: n.EndByte()})
		} else {
			rest = append(rest, c)
		}
	})
	slices.SortStableFunc(p.scopes[1:], func(a, b *scope) int { return int(a.start) - int(b.start) })
	for i, s := range p.scopes[1:] {
		for s.parent = p.scopes[i]; s.parent.end <= s.start; {
			s.parent = s.parent.parent
		}
		if name := s.node.ChildByFieldName("name"); s.node.Kind() == "class_definition" {
			p.add(p.source(name), binding{scope: s.parent, at: name.StartByte(), class: s})
			p.add("self."+p.source(name), binding{scope: s.parent, class: s})
		} else {
			p.own[p.source(name)] = true
		}
	}
	for _, c := range rest {
		p.bind(c)
	}
	for _, all := range p.names {
		slices.SortStableFunc(all, func(a, b *binding) int { return int(a.at) - int(b.at) })
	}
	return err
}

func (p *python) add(name string, b binding) { p.names[name] = append(p.names[name], &b) }

// bind remembers what a match of bindings.scm binds.
func (p *python) bind(c captures) {
	module := p.scopes[0]
	switch {
	case c["import"] != nil:
		p.bindImport(c)
	case c["parameter"] != nil: // which pytest can fill in
		name, at := p.source(c["parameter"]), c["parameter"].StartByte()
		p.add(name, binding{scope: p.scopeAt(at), at: at, same: "fixture " + name})
	case c["function"] != nil:
		p.add(p.source(c["function"])+"()", binding{scope: module, typ: c["type"], value: c["value"]})
	case c["decorated"] != nil: // as a fixture of pytest or a property
		name := p.source(c["decorated"])
		for part, key := range map[string]string{"fixture": "fixture ", "property": "self."} {
			if strings.Contains(p.source(c["decorator"]), part) {
				p.add(key+name, binding{scope: module, same: name + "()"})
			}
		}
	case c["more"] != nil:
		p.bindTarget(c["target"], binding{value: c["more"], more: p.lookup(p.source(c["target"]), c["target"].StartByte(), 0)})
	default:
		p.bindTarget(c["target"], binding{typ: c["type"], value: c["value"]})
	}
}

// bindTarget binds a name, an attribute of self, or several of these.
func (p *python) bindTarget(target *sitter.Node, b binding) {
	for b.value != nil && b.value.Kind() == "assignment" { // a = b = value
		b.value = b.value.ChildByFieldName("right")
	}
	b.at, b.none = cmp.Or(b.value, target).EndByte(), b.value != nil && b.value.Kind() == "none"
	b.scope = p.scopeAt(target.StartByte())
	switch target.Kind() {
	case "attribute":
		b.scope = p.scopes[0]
		p.add(p.source(target), b)
	case "identifier":
		p.add(p.source(target), b)
		if b.scope.node.Kind() == "class_definition" {
			b.scope = p.scopes[0]
			p.add("self."+p.source(target), b)
		}
	case "pattern_list", "tuple_pattern", "list_pattern", "expression_list", "tuple":
		values := []*sitter.Node{}
		if b.value != nil && (b.value.Kind() == "expression_list" || b.value.Kind() == "tuple") {
			values = p.children(b.value)
		}
		for i, each := range p.children(target) {
			if i < len(values) {
				b.value = values[i]
			}
			p.bindTarget(each, b)
		}
	}
}

// bindImport binds what is imported, and reports what is of the old module.
func (p *python) bindImport(c captures) {
	name := strings.Join(strings.Fields(p.source(c["import"])), "")
	at := c["import"].StartByte()
	b := binding{scope: p.scopeAt(at), at: at, imported: name}
	alias := cmp.Or(p.source(c["as"]), name)
	if c["from"] == nil {
		if unsure, ok := p.module(name); ok {
			p.report(at, "import", "import "+name, value{unsure: unsure})
		}
		if c["as"] == nil { // import a.b binds a
			b.imported, _, _ = strings.Cut(name, ".")
			alias = b.imported
		}
		p.add(alias, b)
		return
	}
	from := p.resolve(strings.Join(strings.Fields(p.source(c["from"])), ""))
	b.imported = from + "." + name
	unsure, whole := p.module(from)
	part, isModule := p.module(b.imported)
	switch old := "from " + p.source(c["from"]) + " import " + name; {
	case whole:
		p.report(c["statement"].StartByte(), "import", old, value{unsure: unsure})
	case isModule || p.Names[name] != "":
		p.report(at, "import", old, value{unsure: part || !isModule})
	}
	if name == "*" && whole {
		for exported := range p.Names {
			b.imported = from + "." + exported
			p.add(exported, b)
		}
		return
	}
	p.add(alias, b)
}

// resolve returns the full name of the module in a from clause. A relative one begins with "?" if it
// is not below the top package of the old module.
func (p *python) resolve(written string) string {
	name := strings.TrimLeft(written, ".")
	level := len(written) - len(name)
	if level == 0 {
		return name
	}
	dir := path.Join("/", path.Dir(strings.ReplaceAll(p.file, `\`, "/")), strings.Repeat("../", level-1), strings.ReplaceAll(name, ".", "/"))
	if top, _, _ := strings.Cut(p.Module, "."); !strings.Contains(dir+"/", "/"+top+"/") {
		dir = "?" + dir
	}
	return strings.ReplaceAll(strings.Trim(dir, "/"), "/", ".")
}

// module reports whether a dotted name is that of the old module. It is not sure without the
// package, since it can be imported from inside.
func (t *table) module(name string) (unsure, ok bool) {
	unsure = !t.is("module", name)
	return unsure, !unsure || t.is("short module", name)
}

// classify returns what a dotted name stands for.
func (t *table) classify(dotted string) value {
	name := lastName(dotted)
	switch kind := t.Names[name]; {
	case kind != "":
		unsure, ok := t.module(strings.TrimSuffix(dotted, "."+name))
		return value{kind, name, unsure || !ok}
	case t.is("other errors", dotted):
		return value{"error", name, name == "TimeoutError"} // asyncio's is the same only since Python 3.11
	}
	return value{kind: "path", name: dotted}
}

// lookup returns the last binding of a name that applies at an offset, or the first one; None says
// nothing. Of attributes and functions, whose order says little, it returns one that is something old.
func (p *python) lookup(name string, at uint, depth int) (first *binding) {
	if len(name) > maxName {
		return nil
	}
	all := p.names[name]
	ordered := !strings.ContainsAny(name, ".(")
	last := len(all)
	if ordered {
		last = min(last, 1+sort.Search(len(all), func(i int) bool { return all[i].at > at }))
	}
	for i := last - 1; i >= max(0, last-maxTried); i-- {
		if b := all[i]; at >= b.scope.start && at < b.scope.end {
			if ordered && b.at <= at && !b.none || !ordered && p.of(b, depth).isOld() {
				return b
			}
			if first == nil || !b.none {
				first = b
			}
		}
	}
	return first
}

// of returns what is known of a binding.
func (p *python) of(b *binding, depth int) value {
	if b == nil {
		return value{}
	}
	if b.begun {
		return b.is // nothing, if it refers to itself
	}
	b.begun = true
	switch {
	case b.imported != "":
		b.is = p.classify(b.imported)
	case b.same != "":
		b.is = p.of(p.lookup(b.same, b.at, depth), depth+1)
	case b.class != nil:
		b.is = p.base(b.class, depth)
		b.is.kind = cmp.Or(b.is.kind, "other")
	case b.typ != nil:
		if v := p.annotated(b.typ, depth); v.kind != "" {
			b.is = v.as("object")
			break
		}
		fallthrough
	default:
		b.is = p.value(b.value, depth)
	}
	return b.is
}

// base returns the old class if a class derives from it.
func (p *python) base(c *scope, depth int) value {
	if bases := c.node.ChildByFieldName("superclasses"); bases != nil {
		for _, n := range p.children(bases) {
			if v := p.value(n, depth+1); v.kind == "class" {
				return v
			}
		}
	}
	return value{}
}

// inside returns the old class if the class around an offset derives from it.
func (p *python) inside(at uint, depth int) value {
	for s := p.scopeAt(at); s != nil; s = s.parent {
		if s.node.Kind() == "class_definition" {
			return p.base(s, depth)
		}
	}
	return value{}
}

// annotated returns the old class if a type names it, also in quotes.
func (p *python) annotated(n *sitter.Node, depth int) value {
	switch n.Kind() {
	case "string":
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(p.source(n), maxWords) {
			if v := p.of(p.lookup(name, n.StartByte(), depth), depth); v.kind == "class" {
				return v
			}
		}
	case "identifier", "attribute":
		if v := p.value(n, depth); v.kind == "class" {
			return v
		}
	default:
		for _, child := range p.children(n) {
			if depth < maxDepth {
				if v := p.annotated(child, depth+1); v.kind != "" {
					return v
				}
			}
		}
	}
	return value{}
}

// value returns what is known of an expression.
func (p *python) value(n *sitter.Node, depth int) value {
	if n == nil || depth > maxDepth {
		return value{}
	}
	if known, ok := p.known[n.Id()]; ok {
		return known
	}
	v := p.compute(n, depth+1)
	p.known[n.Id()] = v
	return v
}

func (p *python) compute(n *sitter.Node, depth int) value {
	switch n.Kind() {
	case "identifier":
		if b := p.lookup(p.source(n), n.StartByte(), depth); b != nil || p.source(n) != "TimeoutError" {
			return p.of(b, depth)
		}
		return value{kind: "error", name: "TimeoutError"}
	case "attribute":
		return p.attribute(n, depth)
	case "call":
		function := n.ChildByFieldName("function")
		if name := p.source(function); len(name) < maxName {
			if b := p.lookup(strings.TrimPrefix(name, "self.")+"()", n.StartByte(), depth); b != nil {
				return p.of(b, depth)
			}
		}
		v := p.value(function, depth)
		switch {
		case v.kind == "class":
			return v.as("object")
		case v.kind == "method":
			return v.as("result")
		case v.kind == "other":
			return v
		case p.source(function) == "super":
			return p.inside(n.StartByte(), depth)
		}
	case "integer", "float", "string", "concatenated_string", "true", "false", "dictionary", "lambda", "comparison_operator", "not_operator":
		return value{kind: "other"}
	case "parenthesized_expression", "await", "boolean_operator", "conditional_expression", "named_expression", "as_pattern", "list", "subscript",
		"tuple", "set", "expression_list", "list_comprehension", "set_comprehension", "generator_expression", "yield":
		for _, child := range p.children(n) { // a list is what its elements are
			if v := p.value(child, depth); v.isOld() && (n.Kind() != "subscript" || v.kind == "object") {
				return v
			}
		}
	}
	return value{}
}

func (p *python) attribute(n *sitter.Node, depth int) value {
	object, name := n.ChildByFieldName("object"), p.source(n.ChildByFieldName("attribute"))
	isSelf := p.source(object) == "self" || p.source(object) == "cls"
	if b := p.lookup(p.source(n), n.StartByte(), depth); b != nil && (isSelf || !p.methods[name]) {
		return p.of(b, depth)
	}
	of := p.value(object, depth)
	if isSelf && p.methods[name] {
		if of = p.inside(n.StartByte(), depth); of.kind == "" && p.own[name] {
			return value{kind: "other"}
		}
	}
	switch of.kind {
	case "path":
		return p.classify(of.name + "." + name)
	case "result":
		if _, ok := p.find("result", of.name+"."+name); ok {
			return value{"field", of.name + "." + name, of.unsure}
		}
	case "object", "class", "":
		switch {
		case p.methods[name]:
			return value{"method", name, of.unsure || of.kind == ""}
		case of.kind == "" && p.Names[name] != "": // such as of importlib.import_module("…")
			return value{p.Names[name], name, true}
		}
		return value{}
	}
	return value{kind: "other"}
}
