package python

import "strings"

// literal is a string that is being read.
type literal struct {
	start     int
	quote     string // of one or three characters
	raw       bool
	formatted bool // has fields
	bytes     bool
	parts     []Part
	from      int // where the text begins that is in no part yet
}

// str reads a string whose prefix, in lower case, began at start and has been read.
func (l *lexer) str(start int, prefix string) {
	s := &literal{
		start: start, quote: l.text[l.pos : l.pos+1],
		raw: strings.Contains(prefix, "r"), formatted: strings.ContainsAny(prefix, "ft"), bytes: strings.Contains(prefix, "b"),
	}
	if triple := strings.Repeat(s.quote, 3); strings.HasPrefix(l.text[l.pos:], triple) {
		s.quote = triple
	}
	l.pos += len(s.quote)
	s.from = l.pos
	for l.err == nil {
		switch {
		case l.pos >= len(l.text), len(s.quote) == 1 && l.lineBreakAt(0) > 0:
			l.fail(start, "the string is never closed")
		case strings.HasPrefix(l.text[l.pos:], s.quote):
			l.flush(s, l.pos)
			l.pos += len(s.quote)
			l.tokens = append(l.tokens, Token{Kind: String, Offset: start, Text: prefix, Parts: s.parts})
			return
		case l.peek(0) == '\\':
			l.backslash(s)
		case s.formatted && (l.peek(0) == '{' || l.peek(0) == '}'):
			l.brace(s)
		default:
			l.pos++
		}
	}
}

// backslash passes over what it escapes. In a raw string it keeps a quote from ending it too.
func (l *lexer) backslash(s *literal) {
	switch {
	case l.lineBreakAt(1) > 0:
		l.pos += 1 + l.lineBreakAt(1)
	case s.formatted && (l.peek(1) == '{' || l.peek(1) == '}'):
		l.pos++ // it doesn't escape a brace
	case s.formatted && !s.raw && strings.HasPrefix(l.text[l.pos:], `\N{`):
		if end := strings.IndexAny(l.text[l.pos:], "}\r\n"); end >= 0 {
			l.pos += end
			if l.peek(0) == '}' {
				l.pos++
			}
			return
		}
		l.pos += 3
	case l.pos+1 >= len(l.text):
		l.pos++
	default:
		l.pos += 2
	}
}

// flush makes a part of the text up to an offset.
func (l *lexer) flush(s *literal, to int) {
	if to > s.from {
		s.parts = append(s.parts, Part{Text: unescape(l.text[s.from:to], s.raw, s.bytes)})
	}
	s.from = to
}

// brace reads a field, or a doubled brace that stands for itself.
func (l *lexer) brace(s *literal) {
	if l.peek(1) == l.peek(0) {
		l.flush(s, l.pos+1)
		l.pos += 2
		s.from = l.pos
		return
	}
	if l.peek(0) == '}' {
		l.fail(l.pos, "a single '}' in an f-string")
		return
	}
	l.flush(s, l.pos)
	l.field(s)
	s.from = l.pos
}

// field reads a replacement field from its opening brace to its closing one.
func (l *lexer) field(s *literal) {
	open := l.pos
	l.pos++
	if l.fields == maxFields {
		l.fail(open, "more than %d fields of f-strings are open", maxFields)
		return
	}
	l.fields++
	outer, brackets := l.tokens, l.brackets
	l.tokens, l.brackets = nil, nil
	ended := l.expression()
	if l.err == nil && !ended {
		l.fail(open, "the field of the f-string is never closed")
	}
	tokens := l.tokens
	if n := len(tokens); n > 0 && tokens[n-1].Is("=") { // {x=} shows the expression as well
		tokens = tokens[:n-1]
	}
	l.tokens, l.brackets = outer, brackets
	s.parts = append(s.parts, Part{Field: true, Tokens: append(tokens, Token{Kind: End, Offset: l.pos})})
	if l.err == nil {
		l.tail(s, open)
	}
	l.fields--
}

// expression reads a field's tokens up to what ends the expression, which is left.
func (l *lexer) expression() (ended bool) {
	for l.err == nil && l.pos < len(l.text) {
		if len(l.brackets) == 0 {
			switch c := l.peek(0); {
			case c == '}', c == ':', c == '!' && l.peek(1) != '=':
				return true
			}
		}
		l.next()
	}
	return false
}

// tail reads what follows a field's expression: conversion, format, brace.
func (l *lexer) tail(s *literal, open int) {
	if l.peek(0) == '!' {
		for l.pos++; isLetter(l.peek(0)) || l.peek(0) == ' '; l.pos++ {
		}
	}
	if l.peek(0) == ':' {
		l.pos++
		l.format(s, open)
	}
	if l.err != nil {
		return
	}
	if l.peek(0) != '}' {
		l.fail(open, "the field of the f-string is never closed")
		return
	}
	l.pos++
}

// format reads a format up to the brace that ends the field. Doubled braces have no meaning here.
func (l *lexer) format(s *literal, open int) {
	for l.err == nil {
		switch {
		case l.pos >= len(l.text), strings.HasPrefix(l.text[l.pos:], s.quote):
			l.fail(open, "the field of the f-string is never closed")
		case l.peek(0) == '}':
			return
		case l.peek(0) == '{':
			l.field(s)
		case l.peek(0) == '\\':
			l.backslash(s)
		default:
			l.pos++
		}
	}
}
