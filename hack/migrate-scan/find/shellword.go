package find

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// word returns what a word of a script stands for, as far as it is constant: several words, or
// none, where it is a variable without quotes or an array. byVariable: by a variable's value.
func (s *shellScript) word(w *syntax.Word) (words []string, byVariable bool) {
	if whole, ok := s.several(w); ok {
		return whole, true
	}
	var text strings.Builder
	for _, part := range w.Parts {
		if s.part(&text, part, false) {
			byVariable = true
		}
	}
	return []string{strings.ReplaceAll(text.String(), unknownInScript, old.Unknown)}, byVariable
}

// several is the value of a word that is nothing but a variable, where it can be several words.
func (s *shellScript) several(w *syntax.Word) ([]string, bool) {
	if len(w.Parts) != 1 {
		return nil, false
	}
	switch p := w.Parts[0].(type) {
	case *syntax.ParamExp:
		if value, known := s.param(p); known {
			return value, true
		}
	case *syntax.DblQuoted:
		if len(p.Parts) == 1 {
			if e, ok := p.Parts[0].(*syntax.ParamExp); ok && e.Index != nil {
				if value, known := s.param(e); known {
					return value, true
				}
			}
		}
	}
	return nil, false
}

// param is the value of a variable, or the default that is given where it has none.
func (s *shellScript) param(p *syntax.ParamExp) (words []string, known bool) {
	if p.Param == nil || p.Length || p.Excl || p.Slice != nil || p.Repl != nil {
		return nil, false
	}
	if value, ok := s.vars[p.Param.Value]; ok && len(value) > 0 {
		return value, true
	}
	if p.Exp == nil || p.Exp.Word == nil {
		return nil, false
	}
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		words, _ := s.word(p.Exp.Word)
		return strings.Fields(strings.Join(words, " ")), true
	}
	return nil, false
}

// part writes the text of a part of a word, and reports whether a variable's value is in it.
func (s *shellScript) part(text *strings.Builder, part syntax.WordPart, quoted bool) (byVariable bool) {
	switch p := part.(type) {
	case *syntax.Lit:
		text.WriteString(unbackslash(p.Value, quoted))
	case *syntax.SglQuoted:
		text.WriteString(p.Value)
	case *syntax.DblQuoted:
		for _, inner := range p.Parts {
			byVariable = s.part(text, inner, true) || byVariable
		}
	case *syntax.ParamExp:
		if value, known := s.param(p); known {
			text.WriteString(strings.Join(value, " "))
			return true
		}
		text.WriteString(old.Unknown)
	default:
		text.WriteString(old.Unknown)
	}
	return byVariable
}

// unbackslash takes away the backslashes that only quote.
func unbackslash(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (!quoted || strings.IndexByte("$`\"\\\n", text[i+1]) >= 0) {
			i++
			if text[i] == '\n' {
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// allArguments reports whether a word is "$@" or "$*".
func allArguments(w *syntax.Word) bool {
	if len(w.Parts) != 1 {
		return false
	}
	part := w.Parts[0]
	if q, ok := part.(*syntax.DblQuoted); ok && len(q.Parts) == 1 {
		part = q.Parts[0]
	}
	p, ok := part.(*syntax.ParamExp)
	return ok && p.Param != nil && (p.Param.Value == "@" || p.Param.Value == "*")
}
