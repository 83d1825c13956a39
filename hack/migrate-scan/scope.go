package main

import (
	sitter "github.com/tree-sitter/go-tree-sitter"
)

// scope is the module, a class, a function or a lambda.
type scope struct {
	parent   *scope
	names    map[string]value // at the present place
	known    map[string]value // anywhere; of several values, one that is something old
	returned value
	isClass  bool
	base     value // of a class: the old class, if it derives from it
}

// inScope evaluates something in the scope of a node.
func (c *code) inScope(n *sitter.Node, do func()) {
	outer := c.scope
	defer func() { c.scope = outer }()
	c.scope = c.scopes[n.Id()]
	if c.scope == nil {
		c.scope = &scope{parent: outer, known: map[string]value{}}
		c.scopes[n.Id()] = c.scope
	}
	c.scope.names = map[string]value{}
	do()
}

// inside returns the old class if the class around the present place derives from it.
func (c *code) inside() value {
	for s := c.scope; s != nil; s = s.parent {
		if s.isClass {
			return s.base
		}
	}
	return value{}
}

func (c *code) lookup(name string) (v value, ok bool) {
	for s := c.scope; s != nil && !ok; s = s.parent {
		if v, ok = s.names[name]; !ok {
			v, ok = s.known[name]
		}
	}
	return v, ok
}

// bind binds a name from here on. None says nothing about a name that has another value too.
func (c *code) bind(name string, v value) {
	if _, bound := c.scope.names[name]; !bound || v.kind != "none" {
		c.scope.names[name] = v
	}
	keep(c.scope.known, name, v)
	if c.scope.isClass {
		keep(c.shared, "self."+name, v)
	}
}

// keep remembers a value, unless something old is known.
func keep(known map[string]value, name string, v value) {
	if before, ok := known[name]; !ok || !before.isOld() && v.kind != "none" {
		known[name] = v
	}
}

// assign binds a name, an attribute, or several of these.
func (c *code) assign(target *sitter.Node, v value) {
	v.imported = false
	switch target.Kind() {
	case "identifier":
		c.bind(c.source(target), v)
	case "attribute":
		c.eval(target)
		keep(c.shared, c.source(target), v)
	case "pattern_list", "tuple_pattern", "list_pattern", "expression_list", "tuple":
		for i, each := range c.children(target) {
			part := v
			if i < len(v.parts) {
				part = v.parts[i]
			}
			c.assign(each, part)
		}
	default:
		c.eval(target)
	}
}

// binding evaluates what binds a target to a value, or to what its annotation says.
func (c *code) binding(n *sitter.Node) value {
	target, from := field(n, "left", "name"), field(n, "right", "value")
	switch n.Kind() {
	case "typed_parameter":
		target = n.NamedChild(0)
	case "as_pattern":
		from, target = n.NamedChild(0), field(n, "alias")
		if target != nil {
			target = target.NamedChild(0)
		}
	}
	v := c.eval(from)
	if t := c.eval(field(n, "type")); t.kind == "class" {
		v = t.as("object")
	}
	if c.source(field(n, "operator")) == "+=" {
		before, _ := c.lookup(c.source(target))
		sum := before.and(v)
		v.words, v.lists, v.parts = sum.words, sum.lists, nil
	}
	if target != nil {
		c.assign(target, v)
	}
	for _, child := range c.children(n) { // of a loop
		if c.is("body", child.Kind()) {
			c.eval(child)
		}
	}
	return v
}
