package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	sitter "github.com/tree-sitter/go-tree-sitter"
	grammar "github.com/tree-sitter/tree-sitter-python/bindings/go"
)

const (
	maxParse = 5 * time.Second
	maxChunk = 32 << 10 // bytes; the parser copies each chunk that it reads
	maxDepth = 50       // of expressions that are followed
	maxOpen  = 1000     // nodes around one that a query looks at
	maxTried = 100      // bindings of one name
	maxName  = 100      // bytes of a dotted name
)

// python is Python source that is being scanned.
type python struct {
	*scanner
	scopes  []*scope // in the order of their beginnings; the first is the module
	names   map[string][]*binding
	own     map[string]bool   // functions that the file defines
	calls   []methodCall      // of old methods
	known   map[uintptr]value // what expressions are, by node
	skip    map[uint]bool     // where a name or string is not a use
	touched []uint            // the literals that words were read from
	ran     map[uint]bool     // the literals that were found where they are run
	later   []func()          // what is reported when all calls are known
	tooDeep bool
	errorAt int // the first place that was not understood
}

// scope is the module, a class, a function or a lambda.
type scope struct {
	node       *sitter.Node
	start, end uint
	parent     *scope
}

// methodCall is a call of an old method, or its mention.
type methodCall struct {
	at uint
	value
}

// captures are the nodes of a match, by their names in the query.
type captures map[string]*sitter.Node

// python finds the old API, and commands that are run, in Python source.
func (s *scanner) python() error {
	parser := sitter.NewParser()
	defer parser.Close()
	if err := parser.SetLanguage(sitter.NewLanguage(grammar.Language())); err != nil {
		return err
	}
	began := time.Now()
	tree := parser.ParseWithOptions(func(at int, _ sitter.Point) []byte {
		at = min(at, len(s.text))
		return []byte(s.text[at:min(at+maxChunk, len(s.text))])
	}, nil, &sitter.ParseOptions{ProgressCallback: func(sitter.ParseState) bool { return time.Since(began) > maxParse }})
	if tree == nil {
		return fmt.Errorf("is not parsed within %v", maxParse)
	}
	defer tree.Close()
	root := tree.RootNode()
	p := &python{
		scanner: s, names: map[string][]*binding{}, own: map[string]bool{}, skip: map[uint]bool{}, ran: map[uint]bool{}, known: map[uintptr]value{},
		scopes: []*scope{{node: root, end: uint(len(s.text) + 1)}},
	}
	if err := p.bindAll(root); err != nil {
		return err
	}
	if unsure, ok := s.module(p.resolve("." + strings.TrimSuffix(path.Base(s.file), ".py"))); ok && !unsure { // the old API itself
		for _, b := range p.names[s.Class] {
			p.report(b.at, "definition", "class "+s.Class, value{})
		}
	} else if err := p.each("uses.scm", root, p.use); err != nil {
		return err
	}
	for _, report := range p.later {
		report()
	}
	switch {
	case root.HasError():
		return p.broken(p.errorAt, "is not understood")
	case p.tooDeep:
		return partialError{errors.New("is nested too deep; something may be missed")}
	}
	return nil
}

// each calls do for each match of a query.
func (p *python) each(file string, root *sitter.Node, do func(captures)) error {
	query := p.queries[file]
	if query == nil {
		text, err := data.ReadFile(file)
		if err != nil {
			return err
		}
		var wrong *sitter.QueryError
		if query, wrong = sitter.NewQuery(sitter.NewLanguage(grammar.Language()), string(text)); wrong != nil {
			return fmt.Errorf("%s: %w", file, wrong)
		}
		p.queries[file] = query // until the program ends
	}
	cursor := sitter.NewQueryCursor()
	defer cursor.Close()
	cursor.SetMatchLimit(maxOpen)
	matches := cursor.Matches(query, root, nil)
	for m := matches.Next(); m != nil; m = matches.Next() {
		c := captures{}
		for _, capture := range m.Captures {
			node := capture.Node
			c[query.CaptureNames()[capture.Index]] = &node
		}
		do(c)
	}
	p.tooDeep = p.tooDeep || cursor.DidExceedMatchLimit()
	return nil
}

// source returns the text of a node; nil has none.
func (p *python) source(n *sitter.Node) string {
	if n == nil {
		return ""
	}
	return p.text[n.StartByte():n.EndByte()]
}

// children returns the named children of a node without comments, as many as are followed.
func (p *python) children(n *sitter.Node) (list []*sitter.Node) {
	cursor := n.Walk()
	defer cursor.Close()
	for more := cursor.GotoFirstChild(); more && len(list) < maxWords; more = cursor.GotoNextSibling() {
		if child := cursor.Node(); child.IsNamed() && !child.IsExtra() {
			list = append(list, child)
		}
	}
	return list
}

// arguments returns the arguments of a call, without the names of those that have one.
func (p *python) arguments(call *sitter.Node) (list []*sitter.Node) {
	if args := call.ChildByFieldName("arguments"); args != nil && args.Kind() == "argument_list" {
		for _, arg := range p.children(args) {
			if arg.Kind() == "keyword_argument" {
				arg = arg.ChildByFieldName("value")
			}
			list = append(list, arg)
		}
	}
	return list
}

// lastName returns what is behind the last dot.
func lastName(dotted string) string { return dotted[strings.LastIndexByte(dotted, '.')+1:] }

// scopeAt returns the innermost scope at an offset.
func (p *python) scopeAt(offset uint) *scope {
	s := p.scopes[sort.Search(len(p.scopes), func(i int) bool { return p.scopes[i].start > offset })-1]
	for s.end <= offset && s.parent != nil {
		s = s.parent
	}
	return s
}

// use reports what a match of uses.scm is a use of.
func (p *python) use(c captures) {
	switch {
	case c["skip"] != nil:
		p.skip[c["skip"].StartByte()] = true
	case c["error"] != nil && p.errorAt == 0:
		p.errorAt = int(c["error"].StartByte())
	case c["call"] != nil:
		p.useCall(c["call"])
	case c["attribute"] != nil:
		p.skip[c["member"].StartByte()] = true
		at, name := c["member"].StartByte(), p.source(c["member"])
		if _, field := p.find("result", "start_workflow."+name); !field && !p.methods[name] && p.Names[name] == "" {
			return
		}
		switch v := p.value(c["attribute"], 0); v.kind {
		case "method":
			p.useMethod(at, "method-reference", v)
		case "field":
			p.report(at, "result", strings.Replace(v.name, ".", "(…).", 1), v)
		default:
			if p.Names[name] != "" { // not what only has such a value
				p.mentionName(c["attribute"].StartByte(), v)
			}
		}
	case c["identifier"] != nil:
		at := c["identifier"].StartByte()
		if b := p.lookup(p.source(c["identifier"]), at, 0); b != nil && b.imported != "" {
			p.mentionName(at, p.of(b, 0))
		}
	case c["string"] != nil && c["string"].EndByte()-c["string"].StartByte() < maxName:
		name := strings.Trim(p.source(c["string"]), `"'`)
		_, ok := p.module(name)
		if ok = ok || strings.HasPrefix(name, p.Module+".") || p.Names[p.classify(name).name] != ""; ok && p.is("dotted", name) {
			p.mention(c["string"].StartByte(), "dotted-name", `"`+name+`"`, value{unsure: true})
		}
	case c["annotation"] != nil:
		if v := p.annotated(c["annotation"], 0); v.kind != "" {
			p.report(c["annotation"].StartByte(), "reference", v.name, v)
		}
	case c["words"] != nil:
		first := c["words"].NamedChild(0)
		if first == nil || first.Kind() != "string" && first.Kind() != "identifier" {
			return
		}
		if all := p.words(c["words"], 0); len(all) > 1 && isProgram(base(all[0])) {
			at := c["words"].StartByte()
			p.later = append(p.later, func() { p.literal(int(at), all, p.ran[at]) })
		}
	case c["base"] != nil:
		if v := p.value(c["base"], 0); v.kind == "class" {
			p.report(c["base"].StartByte(), "subclass", "class "+p.source(c["class"])+"("+p.source(c["base"])+")", v)
		}
	case c["definition"] != nil:
		name := p.source(c["definition"])
		if v := p.inside(c["definition"].StartByte(), 0); v.kind != "" && p.methods[name] {
			p.report(c["definition"].StartByte(), "definition", "def "+name, v)
		}
	case c["caught"] != nil:
		p.later = append(p.later, func() { p.caught(c["caught"], c["body"], "handler") })
	case c["expected"] != nil && p.is("catches", lastName(p.source(c["catcher"]))):
		p.later = append(p.later, func() { p.caught(c["expected"], c["body"], "error") })
	}
}

// mention reports a use at the end, unless its offset is to be skipped.
func (p *python) mention(at uint, rule, old string, v value) {
	p.later = append(p.later, func() {
		if !p.skip[at] {
			p.report(at, rule, old, v)
		}
	})
}

func (p *python) mentionName(at uint, v value) {
	if rule := map[string]string{"class": "reference", "error": "error", "phases": "phases"}[v.kind]; rule != "" && p.Names[v.name] != "" {
		p.mention(at, rule, v.name, v)
	}
}

func (p *python) useMethod(at uint, rule string, v value) {
	p.calls = append(p.calls, methodCall{at, v})
	p.report(at, rule, p.Class+"."+v.name, v)
}

func (p *python) useCall(n *sitter.Node) {
	function := n.ChildByFieldName("function")
	name := ""
	if kind := function.Kind(); kind == "identifier" || kind == "attribute" {
		name = lastName(p.source(function))
	}
	switch v := p.value(function, 0); v.kind {
	case "class":
		p.report(function.StartByte(), "construct", p.Class+"(…)", v)
		return
	case "method":
		p.useMethod(cmp.Or(function.ChildByFieldName("attribute"), function).StartByte(), "method", v)
		return
	case "path":
		name = v.name
	}
	p.touched = nil
	var words [][]string
	owner := value{}
	for _, arg := range p.arguments(n) {
		words = append(words, p.words(arg, 0))
		if v := p.value(arg, 0); v.kind == "class" || v.kind == "object" {
			owner = v
		} else if method := words[len(words)-1]; owner.kind != "" && len(method) == 1 && p.methods[method[0]] { // patch.object(ArgoService, "stop_workflow")
			p.useMethod(arg.StartByte(), "method-reference", value{"method", method[0], owner.unsure})
		}
	}
	if name != "" && p.call(int(n.StartByte()), name, words) {
		for _, at := range p.touched {
			p.ran[at] = true
		}
	}
}

// caught reports an error that is caught or expected. One that others have too counts only if the
// body calls a method that can return it.
func (p *python) caught(n, body *sitter.Node, rule string) {
	v := p.value(n, 0)
	if v.kind != "error" {
		return
	}
	if p.Names[v.name] == "" {
		raised, unsure := false, true
		for _, call := range p.calls {
			if call.at >= body.StartByte() && call.at < body.EndByte() && p.scopeAt(call.at) == p.scopeAt(body.StartByte()) &&
				(v.name != "TimeoutError" || p.is("waits", call.name)) {
				raised, unsure = true, unsure && call.unsure
			}
		}
		if !raised {
			return
		}
		v.unsure = v.unsure || unsure
	}
	old := v.name
	if rule == "handler" {
		old = "except " + old
	}
	p.report(n.StartByte(), rule, old, v)
}

// words returns the words of an expression that can be a command, or one string.
func (p *python) words(n *sitter.Node, depth int) (all []string) {
	if n == nil || depth > maxDepth {
		return []string{unknown}
	}
	depth++
	switch n.Kind() {
	case "string", "concatenated_string":
		text := ""
		for _, part := range p.children(n) {
			switch part.Kind() {
			case "string_content":
				text += strings.NewReplacer("\\\n", "", `\n`, "\n", `\t`, "\t", `\"`, `"`, `\'`, "'", `\\`, `\`).Replace(p.source(part))
			case "interpolation":
				text += strings.Join(p.words(part.ChildByFieldName("expression"), depth), " ")
			case "string":
				text += p.words(part, depth)[0]
			}
		}
		return bounded([]string{text})
	case "identifier", "attribute":
		if b := p.lookup(p.source(n), n.StartByte(), depth); b != nil {
			return p.wordsOf(b, depth)
		}
	case "list", "tuple", "expression_list", "dictionary", "pair", "list_splat", "parenthesized_expression":
		touched := len(p.touched)
		for _, child := range p.children(n) {
			if child.Kind() != "none" {
				all = bounded(append(all, p.words(child, depth)...))
			}
		}
		p.touched = append(p.touched[:touched], n.StartByte()) // without the lists in it, of which each can be a command
		return all
	case "binary_operator":
		left, right := p.words(n.ChildByFieldName("left"), depth), p.words(n.ChildByFieldName("right"), depth)
		switch {
		case p.source(n.ChildByFieldName("operator")) == "%":
			return left
		case len(left) == 1 && len(right) == 1:
			return bounded([]string{left[0] + right[0]})
		}
		return bounded(append(left, right...))
	case "call": // "…".split(), "…".format(x), shlex.split("…")
		if all = p.words(n.ChildByFieldName("function").ChildByFieldName("object"), depth); len(all) == 0 || all[0] != unknown {
			return all
		}
		if args := p.arguments(n); len(args) > 0 && p.is("words", lastName(p.source(n.ChildByFieldName("function")))) {
			return p.words(args[0], depth)
		}
	}
	return []string{unknown}
}

func (p *python) wordsOf(b *binding, depth int) []string {
	if b.words == nil {
		b.words = []string{unknown} // if it refers to itself
		b.words = p.words(b.value, depth)
		if b.more != nil {
			b.words = bounded(append(p.wordsOf(b.more, depth), b.words...))
		}
	}
	if b.value != nil {
		p.touched = append(p.touched, b.value.StartByte())
	}
	return slices.Clip(b.words)
}
