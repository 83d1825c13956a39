package find

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// Shell finds the processes that a shell script runs on workflows. The error, nil or a
// [*BrokenError], says from where on it could not be read.
func Shell(text string) ([]old.Finding, error) {
	c := newCollector(text)
	err := shellInto(c, text, 0)
	return c.sorted(), err
}

// shellInto looks at a script that begins at an offset of the collector's text.
func shellInto(c *collector, text string, offset int) error {
	err := eachCommand(text, func(found command) {
		for _, u := range process(found.words) {
			c.add(offset+found.offset, u.Weaken(found.sure))
		}
	})
	var wrong syntax.ParseError
	if errors.As(err, &wrong) {
		return c.broken(offset+int(wrong.Pos.Offset()), wrong.Text)
	}
	if err != nil {
		return c.broken(offset, err.Error())
	}
	return nil
}

// command is one simple command of a script.
type command struct {
	offset int
	words  []string
	sure   old.Sure // less than certain where its program is a variable, an alias or a function
}

// Unknown text goes through the shell's parser as a character that no script has.
const unknownInScript = "\uE0FF"

const maxNesting = 2000

// eachCommand calls found for each simple command of a script, in its order, also for those in
// substitutions. What is quoted, commented or in a heredoc is none.
func eachCommand(text string, found func(command)) error {
	if strings.Contains(text, old.Unknown) {
		text = strings.ReplaceAll(text, old.Unknown, unknownInScript)
	}
	if nesting(text) > maxNesting {
		return errors.New("brackets are nested too deep")
	}
	s := &shellScript{vars: map[string][]string{}, prefixes: map[string][]string{}, found: found}
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	var first error
	for stmt, err := range parser.StmtsSeq(strings.NewReader(text)) {
		switch { // the loop is not left: the parser can yield an error, and then the same error again
		case err == nil && stmt != nil:
			syntax.Walk(stmt, s.visit)
		case first == nil:
			first = err
		}
	}
	return first
}

// nesting is how deep brackets are nested at most, at a guess.
func nesting(text string) (deepest int) {
	level := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{':
			level++
			deepest = max(deepest, level)
		case ')', '}':
			level = max(0, level-1)
		}
	}
	return deepest
}

// shellScript is a script that is being looked at.
type shellScript struct {
	vars     map[string][]string // variables with constant values, as words
	prefixes map[string][]string // aliases, and functions that only put words before theirs
	found    func(command)
}

func (s *shellScript) visit(node syntax.Node) bool {
	switch n := node.(type) {
	case *syntax.CallExpr:
		s.call(n)
	case *syntax.DeclClause:
		for _, a := range n.Args {
			s.assign(a)
		}
	case *syntax.FuncDecl:
		s.function(n)
	case *syntax.ForClause:
		if iter, ok := n.Loop.(*syntax.WordIter); ok {
			delete(s.vars, iter.Name.Value)
		}
	}
	return true
}

func (s *shellScript) call(n *syntax.CallExpr) {
	if len(n.Args) == 0 {
		for _, a := range n.Assigns {
			s.assign(a)
		}
		return
	}
	c := command{offset: int(n.Args[0].Pos().Offset()), sure: old.Certain}
	for i, w := range n.Args {
		words, byVariable := s.word(w)
		if byVariable && i == 0 {
			c.sure = old.Likely
		}
		c.words = append(c.words, words...)
	}
	if len(c.words) == 0 {
		return
	}
	switch c.words[0] {
	case "alias":
		for _, definition := range c.words[1:] {
			if name, value, found := strings.Cut(definition, "="); found {
				s.prefixes[name] = strings.Fields(value)
			}
		}
		return
	case "read":
		for _, name := range c.words[1:] {
			delete(s.vars, name)
		}
	}
	if prefix, ok := s.prefixes[c.words[0]]; ok {
		c.words = append(append([]string{}, prefix...), c.words[1:]...)
		c.sure = old.Likely
	}
	s.found(c)
}

// assign remembers a variable with a constant value, and forgets it where that isn't known.
func (s *shellScript) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	name := a.Name.Value
	var words []string
	switch {
	case a.Index != nil:
		delete(s.vars, name)
		return
	case a.Array != nil:
		for _, e := range a.Array.Elems {
			if e.Value != nil {
				more, _ := s.word(e.Value)
				words = append(words, more...)
			}
		}
	case a.Value != nil:
		more, _ := s.word(a.Value)
		for _, word := range more {
			words = append(words, strings.Fields(word)...)
		}
	}
	if a.Append {
		words = append(append([]string{}, s.vars[name]...), words...)
	}
	if len(words) > 200 {
		delete(s.vars, name)
		return
	}
	s.vars[name] = words
}

// function remembers what a function puts before its arguments: k() { kubectl -n ma "$@"; }.
func (s *shellScript) function(n *syntax.FuncDecl) {
	if n.Name == nil {
		return
	}
	delete(s.prefixes, n.Name.Value)
	block, ok := n.Body.Cmd.(*syntax.Block)
	if !ok || len(block.Stmts) != 1 {
		return
	}
	call, ok := block.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) < 2 || !allArguments(call.Args[len(call.Args)-1]) {
		return
	}
	var prefix []string
	for _, w := range call.Args[:len(call.Args)-1] {
		words, _ := s.word(w)
		prefix = append(prefix, words...)
	}
	s.prefixes[n.Name.Value] = prefix
}
