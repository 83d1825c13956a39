package main

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Limits, since the parser is recursive and values can double in each line.
const (
	maxScript = 256 << 10
	maxValue  = 512
)

// shell finds what a script runs. It begins at an offset of the file's text.
func (s *scanner) shell(text string, offset int) error {
	err := s.commands(text, 0, nil, func(at int, u use) { s.addAll(offset+at, []use{u}, false) })
	if wrong, ok := errors.AsType[syntax.ParseError](err); ok {
		return s.broken(offset+int(wrong.Pos.Offset()), wrong.Text)
	}
	return err
}

// script is a shell script that is being scanned.
type script struct {
	*table
	text  string
	depth int
	vars  map[string]string // variables with constant values; with "()" behind the name, what an alias or a function stands for
	found func(offset int, u use)
}

// commands finds what a script runs, also in substitutions. What is quoted, commented or in a
// heredoc is not a command.
func (t *table) commands(text string, depth int, vars map[string]string, found func(offset int, u use)) (first error) {
	if len(text) > maxScript {
		return errors.New("is too large for a script")
	}
	s := &script{table: t, text: text, depth: depth, vars: map[string]string{}, found: found}
	maps.Copy(s.vars, vars)
	for stmt, err := range syntax.NewParser(syntax.Variant(syntax.LangBash)).StmtsSeq(strings.NewReader(text)) {
		switch { // the loop is not left: the parser can yield an error, and then the same error again
		case err == nil && stmt != nil:
			syntax.Walk(stmt, s.visit)
		case first == nil:
			first = err
		}
	}
	return first
}

func (s *script) visit(node syntax.Node) bool {
	switch n := node.(type) {
	case *syntax.CallExpr:
		if len(n.Args) > 0 {
			s.call(n.Args)
			break
		}
		for _, a := range n.Assigns {
			s.assign(a)
		}
	case *syntax.DeclClause:
		for _, a := range n.Args {
			s.assign(a)
		}
	case *syntax.WordIter:
		delete(s.vars, n.Name.Value)
	case *syntax.FuncDecl: // k() { kubectl -n ma "$@"; }
		if m := regexp.MustCompile(`^(?:function\s+)?([\w-]+)\s*(?:\(\s*\))?\s*\{\s*([^;&|]*)\s"?\$[@*]"?;?\s*\}$`).FindStringSubmatch(s.source(n)); m != nil {
			s.vars[m[1]+"()"] = m[2]
		}
	}
	return true
}

func (s *script) call(args []*syntax.Word) {
	all := s.words(args)
	if len(all) == 0 {
		return
	}
	for _, word := range all[1:] {
		switch name, value, found := strings.Cut(word, "="); {
		case all[0] == "alias" && found:
			s.vars[name+"()"] = value
		case all[0] == "read":
			delete(s.vars, word)
		}
	}
	prefix, unsure := s.vars[all[0]+"()"]
	if unsure {
		all = append(strings.Fields(prefix), all[1:]...)
	}
	unsure = unsure || strings.Contains(s.source(args[0]), "$")
	for _, u := range s.process(all, s.depth) {
		u.Maybe = u.Maybe || unsure
		s.found(int(args[0].Pos().Offset()), u)
	}
}

// assign remembers a variable with a constant value, and forgets it if the value is not known.
func (s *script) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	words := []*syntax.Word{a.Value}
	if a.Array != nil {
		for _, e := range a.Array.Elems {
			words = append(words, e.Value)
		}
	}
	value := strings.Join(s.words(words), " ")
	if a.Append {
		value = s.vars[a.Name.Value] + " " + value
	}
	s.vars[a.Name.Value] = value
	if a.Index != nil || len(value) > maxValue || strings.Contains(value, unknown) {
		delete(s.vars, a.Name.Value)
	}
}

// source returns a node as it is written.
func (s *script) source(n syntax.Node) string {
	return s.text[min(int(n.Pos().Offset()), len(s.text)):min(int(n.End().Offset()), len(s.text))]
}

// words returns what words stand for: several words, or none, where one is only a variable.
func (s *script) words(all []*syntax.Word) (list []string) {
	for _, w := range all {
		switch {
		case w == nil:
		case len(s.source(w)) > maxText:
			list = append(list, unknown)
		case s.is("variable", s.source(w)):
			list = append(list, strings.Fields(s.expand(w.Parts))...)
		default:
			list = append(list, s.expand(w.Parts))
		}
	}
	return bounded(list)
}

// expand returns what the parts of a word stand for.
func (s *script) expand(parts []syntax.WordPart) (text string) {
	for _, part := range parts {
		if len(text) > maxText {
			break
		}
		switch p := part.(type) {
		case *syntax.Lit:
			text += regexp.MustCompile(`\\(.)`).ReplaceAllString(p.Value, "$1")
		case *syntax.SglQuoted:
			text += p.Value
		case *syntax.DblQuoted:
			text += s.expand(p.Parts)
		case *syntax.ParamExp:
			value, known := s.vars[p.Param.Value]
			if !known && p.Exp != nil && p.Exp.Word != nil { // ${name:-value}
				value, known = s.expand(p.Exp.Word.Parts), true
			}
			if !known {
				value = unknown
			}
			text += value
		default:
			text += unknown
		}
	}
	return text
}

// makefile finds what the recipes of a makefile run. A recipe that is not a script, because make
// builds it from variables, is left out.
func (s *scanner) makefile() {
	vars := map[string]string{}
	assignment := regexp.MustCompile(`^([\w]+)\s*[:?]*=\s*([^$\n]*)\n?$`)
	reference := regexp.MustCompile(`\$\((\w+)\)`)
	s.eachLine(func(line string, offset int) {
		if m := assignment.FindStringSubmatch(line); m != nil && len(m[2]) < maxValue {
			vars[m[1]] = m[2]
		}
		if strings.HasPrefix(line, "\t") { // with the shell's notation in place of make's, of the same length
			recipe := strings.TrimLeft(line, "\t @+-")
			shell := strings.ReplaceAll(reference.ReplaceAllString(recipe, "$${$1}"), "$$", " $")
			offset += len(line) - len(recipe)
			_ = s.commands(shell, 0, vars, func(at int, u use) { s.addAll(offset+at, []use{u}, false) }) // an error says nothing about the makefile
		}
	})
}

// dockerfile finds what RUN, CMD and ENTRYPOINT run. Heredocs are left out.
func (s *scanner) dockerfile() {
	instruction := regexp.MustCompile(`(?is)^\s*(?:run|cmd|entrypoint)\s+(?:--\S+[\s\\]+)*(.*)$`)
	s.eachLine(func(line string, offset int) {
		if m := instruction.FindStringSubmatchIndex(line); m != nil {
			var all []string
			if json.Unmarshal([]byte(line[m[2]:]), &all) == nil {
				s.addAll(offset+m[2], s.process(all, 0), false)
			} else {
				_ = s.shell(line[m[2]:], offset+m[2]) // comments between lines, and heredocs, are Docker's own
			}
		}
	})
}

// eachLine calls do for each line, together with the lines that it continues on.
func (s *scanner) eachLine(do func(line string, offset int)) {
	offset, end := 0, 0
	for line := range strings.Lines(s.text) {
		if end += len(line); !strings.HasSuffix(line, "\\\n") || end == len(s.text) {
			do(s.text[offset:end], offset)
			offset = end
		}
	}
}
