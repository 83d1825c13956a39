package main

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	sitter "github.com/tree-sitter/go-tree-sitter"
)

// python finds the old API, and commands that are run, in Python source.
func (s *scanner) python() error {
	c := &code{scanner: s, scopes: map[uintptr]*scope{}, shared: map[string]value{}}
	unsure, ok := s.module(c.resolve("." + strings.TrimSuffix(path.Base(s.file), ".py")))
	c.isOld = ok && !unsure
	c.kinds = map[string]func(*sitter.Node) value{
		"identifier": c.identifier, "attribute": c.attribute, "call": c.call, "binary_operator": c.operator,
		"string": c.str, "concatenated_string": c.str, "type": c.annotation,
		"assignment": c.binding, "augmented_assignment": c.binding, "named_expression": c.binding, "as_pattern": c.binding,
		"for_statement": c.binding, "for_in_clause": c.binding,
		"typed_parameter": c.binding, "default_parameter": c.binding, "typed_default_parameter": c.binding,
		"parameters": c.parameters, "lambda_parameters": c.parameters, "lambda": c.function, "function_definition": c.function,
		"decorated_definition": c.decorated, "class_definition": c.class, "return_statement": c.returns, "yield": c.returns,
		"import_statement": c.imports, "import_from_statement": c.imports, "try_statement": c.try, "with_statement": c.with,
		"none":             func(*sitter.Node) value { return value{kind: "none"} },
		"keyword_argument": func(n *sitter.Node) value { return c.eval(field(n, "value")) },
	}
	return c.scan()
}

// str evaluates a string: its text can be a command, or a name of the old module.
func (c *code) str(n *sitter.Node) value {
	text := ""
	for _, part := range c.children(n) {
		switch part.Kind() {
		case "string_content":
			text += strings.NewReplacer("\\\n", "", `\n`, "\n", `\t`, "\t", `\"`, `"`, `\'`, "'", `\\`, `\`).Replace(c.source(part))
		case "interpolation":
			for i, child := range c.children(part) {
				if v := c.eval(child); i == 0 {
					text += strings.Join(v.text(), " ")
				}
			}
		case "string":
			text += strings.Join(c.eval(part).text(), " ")
		}
	}
	source := c.source(n)
	name := strings.Trim(source, `"'`)
	switch _, isModule := c.module(name[:min(len(name), maxName)]); {
	case c.inType:
		for _, part := range regexp.MustCompile(`\w+`).FindAllString(source, maxWords) {
			if v, _ := c.lookup(part); v.kind == "class" {
				c.report(n, "reference", v.name, v)
				return v
			}
		}
	case len(name) < maxName && c.is("dotted", name) && n.Parent().Kind() != "expression_statement" && // a docstring
		(isModule || strings.HasPrefix(name, c.Module+".") || c.Names[lastName(name)] != ""):
		c.report(n, "dotted-name", `"`+name+`"`, value{unsure: true})
	}
	return value{kind: "other", words: bounded([]string{text})}
}

func (c *code) annotation(n *sitter.Node) value {
	defer func(outer bool) { c.inType = outer }(c.inType)
	c.inType = true
	return c.all(n)
}

// parameters binds the parameters of a function. Pytest can fill them in.
func (c *code) parameters(n *sitter.Node) value {
	for _, child := range c.children(n) {
		if child.Kind() == "identifier" {
			c.bind(c.source(child), c.shared["fixture "+c.source(child)])
		} else {
			c.eval(child)
		}
	}
	return value{}
}

func (c *code) function(n *sitter.Node) value {
	name := field(n, "name")
	if base := c.inside(); base.kind != "" && c.methods[c.source(name)] {
		c.report(name, "definition", "def "+c.source(name), base)
	}
	c.inScope(n, func() {
		for _, child := range c.children(n) {
			if v := c.eval(child); child.Kind() == "type" && v.kind == "class" {
				c.scope.returned = v.as("object")
			}
		}
		if name != nil {
			keep(c.shared, c.source(name)+"()", c.scope.returned)
		}
	})
	return value{kind: "other"}
}

func (c *code) returns(n *sitter.Node) value {
	v := c.all(n)
	if !c.scope.returned.isOld() {
		c.scope.returned = v
	}
	return v
}

// decorated evaluates a function that is decorated, as a fixture of pytest or a property.
func (c *code) decorated(n *sitter.Node) value {
	c.all(n)
	definition := cmp.Or(field(n, "definition"), n)
	name, decorators := c.source(field(definition, "name")), c.text[n.StartByte():definition.StartByte()]
	for part, key := range map[string]string{"fixture": "fixture ", "property": "self."} {
		if v, ok := c.shared[name+"()"]; ok && strings.Contains(decorators, part) {
			keep(c.shared, key+name, v)
		}
	}
	return value{}
}

func (c *code) class(n *sitter.Node) value {
	name := field(n, "name")
	class, base := "class "+c.source(name), value{}
	if bases := field(n, "superclasses"); bases != nil {
		for _, child := range c.children(bases) {
			if v := c.eval(child); v.kind == "class" {
				base = v.as("class")
				c.report(child, "subclass", class+"("+c.source(child)+")", v)
			}
		}
	}
	if c.isOld && class == "class "+c.Class {
		c.reporting = true
		c.report(name, "definition", class, value{})
		c.reporting = false
	}
	kind := base
	kind.kind = cmp.Or(kind.kind, "other")
	c.bind(c.source(name), kind)
	c.inScope(n, func() {
		c.scope.isClass, c.scope.base = true, base
		c.all(n)
	})
	return value{}
}

// imports binds what is imported, and reports what is of the old module.
func (c *code) imports(n *sitter.Node) value {
	module := field(n, "module_name")
	from := c.resolve(strings.Join(strings.Fields(c.source(module)), ""))
	unsureFrom, isFrom := c.module(from)
	for _, child := range c.children(n) {
		alias := c.source(field(child, "alias"))
		if alias != "" {
			child = field(child, "name")
		}
		name := strings.Join(strings.Fields(c.source(child)), "")
		switch {
		case module == nil:
			if unsure, ok := c.module(name); ok {
				c.report(child, "import", "import "+name, value{unsure: unsure})
			}
			if alias == "" { // import a.b binds a
				name, _, _ = strings.Cut(name, ".")
			}
			c.bind(cmp.Or(alias, name), value{kind: "path", name: name})
		case child.Id() != module.Id():
			unsure, isModule := c.module(from + "." + name)
			at, old := child, "from "+c.source(module)+" import "+name
			if isFrom {
				at, unsure = n, unsureFrom
			}
			if isFrom || isModule || c.Names[name] != "" {
				c.report(at, "import", old, value{unsure: unsure || !isFrom && !isModule})
			}
			names := []string{name}
			if name == "*" && isFrom {
				names = slices.Collect(maps.Keys(c.Names))
			}
			for _, exported := range names {
				v := c.classify(from + "." + exported)
				v.imported = true
				c.bind(cmp.Or(alias, exported), v)
			}
		}
	}
	return value{}
}

// resolve returns the full name of the module in a from clause. A relative one begins with "?" if it
// is not below the top package of the old module.
func (c *code) resolve(written string) string {
	name := strings.TrimLeft(written, ".")
	level := len(written) - len(name)
	if level == 0 {
		return name
	}
	dir := path.Join("/", path.Dir(strings.ReplaceAll(c.file, `\`, "/")), strings.Repeat("../", level-1), strings.ReplaceAll(name, ".", "/"))
	if top, _, _ := strings.Cut(c.Module, "."); !strings.Contains(dir+"/", "/"+top+"/") {
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
		return value{kind: kind, name: name, unsure: unsure || !ok}
	case t.is("other errors", dotted):
		return value{kind: "error", name: name, unsure: name == "TimeoutError"} // asyncio's is the same only since Python 3.11
	}
	return value{kind: "path", name: dotted}
}

func (c *code) try(n *sitter.Node) value {
	before := len(c.calls)
	var raised []methodCall
	for i, child := range c.children(n) {
		c.eval(child)
		if i == 0 {
			raised = c.calls[before:]
		} else if strings.HasPrefix(child.Kind(), "except") {
			c.caught(child.NamedChild(0), raised, "handler")
		}
	}
	return value{}
}

func (c *code) with(n *sitter.Node) value {
	before := len(c.calls)
	c.all(n)
	c.expected(n.NamedChild(0), c.calls[before:])
	return value{}
}

// expected reports the errors that a context manager expects.
func (c *code) expected(n *sitter.Node, raised []methodCall) {
	switch {
	case n == nil:
	case n.Kind() == "call" && c.is("catches", lastName(c.source(field(n, "function")))):
		for _, arg := range c.children(field(n, "arguments")) {
			c.caught(arg, raised, "error")
		}
	case c.is("managers", n.Kind()):
		for _, child := range c.children(n) {
			c.expected(child, raised)
		}
	}
}

// caught reports errors that are caught or expected around calls. An error that others have too
// counts only if one of the methods called can return it.
func (c *code) caught(n *sitter.Node, raised []methodCall, rule string) {
	switch {
	case n == nil:
	case c.is("named", n.Kind()):
		v, old := c.eval(n), ""
		able := slices.DeleteFunc(slices.Clone(raised), func(call methodCall) bool {
			return call.scope != c.scope || v.name == "TimeoutError" && !c.is("waits", call.name)
		})
		isOther := c.Names[v.name] == ""
		if v.kind != "error" || isOther && len(able) == 0 {
			return
		}
		v.unsure = v.unsure || isOther && !slices.ContainsFunc(able, func(call methodCall) bool { return !call.unsure })
		if rule == "handler" {
			old = "except "
		}
		c.report(n, rule, old+v.name, v)
	case c.is("several", n.Kind()):
		for _, child := range c.children(n) {
			c.caught(child, raised, rule)
		}
	}
}
