package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sitter "github.com/tree-sitter/go-tree-sitter"
	grammar "github.com/tree-sitter/tree-sitter-python/bindings/go"
)

const (
	maxParse  = 5 * time.Second
	maxChunk  = 32 << 10 // bytes; the parser copies each chunk that it reads
	maxNested = 2000     // nodes
	maxName   = 100      // bytes of a dotted name
)

// code is Python source. It is evaluated three times: twice to learn what names are bound
// to, since code uses what is defined below it, and once to report.
type code struct {
	*scanner
	kinds     map[string]func(*sitter.Node) value // nodes that are not just what is in them
	cursor    *sitter.TreeCursor
	scopes    map[uintptr]*scope // by node
	scope     *scope             // the innermost one
	shared    map[string]value   // what "self.name", "name.name", "function()" and "fixture name" are, wherever they are bound
	calls     []methodCall       // so far
	reporting bool
	inType    bool // in an annotation
	isOld     bool // it is the old API itself
	depth     int
	tooDeep   bool
}

// methodCall is a call of an old method, or its mention.
type methodCall struct {
	value
	scope *scope
}

// scan finds the old API, and commands that are run.
func (c *code) scan() error {
	parser := sitter.NewParser()
	defer parser.Close()
	if err := parser.SetLanguage(sitter.NewLanguage(grammar.Language())); err != nil {
		return err
	}
	began := time.Now()
	tree := parser.ParseWithOptions(func(at int, _ sitter.Point) []byte {
		at = min(at, len(c.text))
		return []byte(c.text[at:min(at+maxChunk, len(c.text))])
	}, nil, &sitter.ParseOptions{ProgressCallback: func(sitter.ParseState) bool { return time.Since(began) > maxParse }})
	if tree == nil {
		return fmt.Errorf("is not parsed within %v", maxParse)
	}
	defer tree.Close()
	root := tree.RootNode()
	c.cursor = root.Walk()
	defer c.cursor.Close()
	for pass := range 3 {
		c.reporting, c.calls = pass == 2 && !c.isOld, nil
		c.inScope(root, func() { c.all(root) })
	}
	switch {
	case root.HasError():
		return c.broken(c.firstError(root), "is not understood")
	case c.tooDeep:
		return partialError{errors.New("is nested too deep; something may be missed")}
	}
	return nil
}

// firstError returns the first place that was not understood.
func (c *code) firstError(n *sitter.Node) int {
	for !n.IsError() && !n.IsMissing() {
		list := n.Children(c.cursor)
		at := slices.IndexFunc(list, func(child sitter.Node) bool { return child.HasError() || child.IsMissing() })
		if at < 0 {
			break
		}
		n = &list[at]
	}
	return int(n.StartByte())
}

// source returns the text of a node; nil has none.
func (c *code) source(n *sitter.Node) string {
	if n == nil {
		return ""
	}
	return c.text[n.StartByte():n.EndByte()]
}

// children returns the named children of a node without comments.
func (c *code) children(n *sitter.Node) (list []*sitter.Node) {
	for _, child := range n.NamedChildren(c.cursor) {
		if !child.IsExtra() || child.IsError() {
			list = append(list, &child)
		}
	}
	return list
}

// field returns the first child of a node with one of these field names, or nil.
func field(n *sitter.Node, names ...string) *sitter.Node {
	for _, name := range names {
		if child := n.ChildByFieldName(name); child != nil {
			return child
		}
	}
	return nil
}

// lastName returns what is behind the last dot.
func lastName(dotted string) string { return dotted[strings.LastIndexByte(dotted, '.')+1:] }

// report adds the use of a name of the old API.
func (c *code) report(n *sitter.Node, rule, old string, v value) {
	from := strings.TrimSuffix(rule, "-reference")
	if rule == "handler" {
		from = "error"
	}
	if r, ok := c.find(from, v.name); ok && c.reporting {
		r.Rule, r.Maybe = rule, v.unsure
		c.add(int(n.StartByte()), use{r, old})
	}
}

func (c *code) useMethod(n *sitter.Node, rule string, v value) {
	c.calls = append(c.calls, methodCall{v, c.scope})
	c.report(n, rule, c.Class+"."+v.name, v)
}

// eval evaluates a node and everything in it.
func (c *code) eval(n *sitter.Node) value {
	if n == nil || c.depth == maxNested {
		c.tooDeep = c.tooDeep || n != nil
		return value{}
	}
	c.depth++
	defer func() { c.depth-- }()
	if evaluate := c.kinds[n.Kind()]; evaluate != nil {
		return evaluate(n)
	}
	return c.all(n)
}

// all evaluates the children of a node, and returns what is known of the node: a list is what its
// elements are, and an annotation what is named in it.
func (c *code) all(n *sitter.Node) (v value) {
	kind, list := n.Kind(), c.children(n)
	transparent, listed := c.inType || c.is("transparent", kind), c.is("listed", kind)
	if c.is("constant", kind) {
		v.kind = "other"
	}
	if listed {
		v.words = []string{}
	}
	for _, child := range list {
		part := c.eval(child)
		if transparent && !v.isOld() && part.isOld() && (kind != "subscript" || c.inType || part.kind == "object") {
			v.kind, v.name, v.unsure = part.kind, part.name, part.unsure
		}
		if listed && part.kind != "none" && len(v.words) < maxWords {
			sum := v.and(part)
			v.words, v.lists = sum.words, sum.lists
		}
		if kind == "tuple" || kind == "expression_list" {
			v.parts = append(v.parts, part)
		}
	}
	if kind == "list" || kind == "tuple" {
		v.lists = nil
		if len(list) > 0 && c.is("word", list[0].Kind()) && c.reporting {
			v.lists = c.literal(int(n.StartByte()), v.words)
		}
	}
	return v
}

func (c *code) operator(n *sitter.Node) value {
	left, right := c.eval(field(n, "left")), c.eval(field(n, "right"))
	v := left.and(right)
	switch {
	case c.inType && left.isOld():
		return left
	case c.inType:
		return right
	case c.source(field(n, "operator")) == "%":
		v.words = left.words
	case len(left.text()) == 1 && len(right.text()) == 1:
		return v.joined("")
	}
	return v
}

// call evaluates a call of a function, which can be the old API or run a command.
func (c *code) call(n *sitter.Node) (v value) {
	before := len(c.calls)
	function, arguments := field(n, "function"), field(n, "arguments")
	source, name := c.source(function), ""
	if c.is("named", function.Kind()) {
		name = lastName(source)
	}
	f := c.eval(function)
	switch f.kind {
	case "class":
		v = f.as("object")
		c.report(function, "construct", c.Class+"(…)", f)
	case "method":
		v = f.as("result")
		c.useMethod(cmp.Or(field(function, "attribute"), function), "method", f)
	case "other":
		v = f.as("other")
	}
	if source == "super" {
		v = c.inside()
	}
	if made, ok := c.shared[strings.TrimPrefix(source[:min(len(source), maxName)], "self.")+"()"]; ok {
		v = made
	}
	if arguments.Kind() != "argument_list" {
		c.eval(arguments)
		return v
	}
	var args []value
	owner, list := value{}, c.children(arguments)
	for _, child := range list {
		arg := c.eval(child)
		args = append(args, arg)
		if arg.kind == "class" || arg.kind == "object" {
			owner = arg
		} else if owner.kind != "" && len(arg.words) == 1 && c.methods[arg.words[0]] { // patch.object(ArgoService, "stop_workflow")
			c.useMethod(child, "method-reference", value{kind: "method", name: arg.words[0], unsure: owner.unsure})
		}
	}
	if c.reporting && name != "" && f.kind != "class" && f.kind != "method" {
		callee := name
		if f.kind == "path" {
			callee = f.name
		}
		c.run(int(n.StartByte()), callee, args)
	}
	if c.is("catches", name) && len(list) > 1 {
		c.caught(list[0], c.calls[before:], "error")
	}
	v.words, v.lists = nil, nil
	switch {
	case len(f.on) > 0 && f.on[0] != unknown: // "…".split(), "…".format(x)
		v.words = f.on
	case len(args) == 0:
	case c.is("splits", name):
		v.words = strings.Fields(strings.Join(args[0].text(), " "))
	case c.is("joins", name):
		v.words = args[0].joined(" ").words
	}
	return v
}

func (c *code) identifier(n *sitter.Node) value {
	name := c.source(n)
	v, bound := c.lookup(name)
	switch {
	case !bound && name == "TimeoutError":
		return value{kind: "error", name: name}
	case v.imported:
		c.mention(n, v)
	case v.kind == "none":
		v.kind = ""
	}
	return v
}

// mention reports a name by itself.
func (c *code) mention(n *sitter.Node, v value) {
	rule := map[string]string{"class": "reference", "error": "error", "phases": "phases"}[v.kind]
	if rule != "" && c.Names[v.name] != "" {
		c.report(n, rule, v.name, v)
	}
}

// attribute evaluates an attribute, and reports it if it is a method, a field of a result, or a
// name that only the old module has.
func (c *code) attribute(n *sitter.Node) value {
	object, member := field(n, "object"), field(n, "attribute")
	of, name := c.eval(object), c.source(member)
	v := c.member(n, of, name)
	switch {
	case v.kind == "method" && c.methods[name]:
		c.useMethod(member, "method-reference", v)
	case v.kind == "field" && lastName(v.name) == name:
		c.report(member, "result", strings.Replace(v.name, ".", "(…).", 1), v)
	case c.Names[name] != "":
		c.mention(n, v)
	}
	v.on = of.text()
	return v
}

// member returns what is known of a member of an object.
func (c *code) member(n *sitter.Node, of value, name string) value {
	whole := c.source(n)
	isSelf := whole == "self."+name || whole == "cls."+name
	if v, ok := c.shared[whole[:min(len(whole), maxName)]]; ok && (isSelf || !c.methods[name]) {
		return v
	}
	if isSelf && c.methods[name] {
		of = c.inside()
		if _, isOwn := c.shared[name+"()"]; isOwn && of.kind == "" {
			return value{kind: "other"}
		}
	}
	switch of.kind {
	case "path":
		if len(of.name) < maxName {
			return c.classify(of.name + "." + name)
		}
	case "result":
		if _, ok := c.find("result", of.name+"."+name); ok {
			return value{kind: "field", name: of.name + "." + name, unsure: of.unsure}
		}
	case "object", "class", "":
		switch {
		case c.methods[name]:
			return value{kind: "method", name: name, unsure: of.unsure || of.kind == ""}
		case of.kind == "" && c.Names[name] != "": // such as of importlib.import_module("…")
			return value{kind: c.Names[name], name: name, unsure: true}
		}
		return value{}
	}
	return value{kind: "other"}
}
