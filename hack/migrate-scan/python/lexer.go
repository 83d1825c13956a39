package python

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxBrackets = 500 // Python itself allows 200
	maxFields   = 100 // f-strings within f-strings; Python allows 150 levels of everything
)

type bracket struct {
	char   byte
	offset int
}

type lexer struct {
	text      string
	pos       int
	tokens    []Token
	brackets  []bracket
	indents   []int
	lineStart bool // the next character begins a logical line
	fields    int  // how many fields of f-strings are open
	err       *Error
}

func (l *lexer) fail(offset int, format string, args ...any) {
	if l.err == nil {
		l.err = &Error{Offset: offset, Reason: fmt.Sprintf(format, args...)}
	}
}

func (l *lexer) emit(kind Kind, offset int, text string) {
	l.tokens = append(l.tokens, Token{Kind: kind, Offset: offset, Text: text})
}

func (l *lexer) peek(ahead int) byte {
	if l.pos+ahead < len(l.text) {
		return l.text[l.pos+ahead]
	}
	return 0
}

func (l *lexer) run() {
	for l.err == nil {
		if l.lineStart && len(l.brackets) == 0 {
			l.indentation()
		}
		if l.pos >= len(l.text) {
			break
		}
		l.next()
	}
	if len(l.brackets) > 0 {
		open := l.brackets[len(l.brackets)-1]
		l.fail(open.offset, "%q is never closed", string(open.char))
	}
	l.newline()
	for range l.indents[1:] {
		l.emit(Dedent, l.pos, "")
	}
	l.emit(End, l.pos, "")
}

// indentation reads the space a line begins with, and passes over lines without code.
func (l *lexer) indentation() {
	for {
		column := l.space()
		switch c := l.peek(0); {
		case l.pos >= len(l.text):
			return
		case c == '#':
			l.comment()
			continue
		case c == '\n' || c == '\r':
			l.lineBreak()
			continue
		case c == '\\' && l.lineBreakAt(1) > 0: // the indentation goes on in the next line
			l.pos += 1 + l.lineBreakAt(1)
			l.space()
			if next := l.peek(0); next == '\n' || next == '\r' || next == '#' {
				continue
			}
		}
		l.lineStart = false
		l.indent(column)
		return
	}
}

func (l *lexer) space() (column int) {
	for ; ; l.pos++ {
		switch l.peek(0) {
		case ' ':
			column++
		case '\t':
			column = column/8*8 + 8
		case '\f':
			column = 0
		default:
			return column
		}
	}
}

func (l *lexer) indent(column int) {
	if column > l.indents[len(l.indents)-1] {
		l.indents = append(l.indents, column)
		l.emit(Indent, l.pos, "")
		return
	}
	for column < l.indents[len(l.indents)-1] {
		l.indents = l.indents[:len(l.indents)-1]
		l.emit(Dedent, l.pos, "")
	}
}

// lineBreakAt is the length of the line break at so many bytes ahead; 0: there is none.
func (l *lexer) lineBreakAt(ahead int) int {
	switch {
	case l.peek(ahead) == '\r' && l.peek(ahead+1) == '\n':
		return 2
	case l.peek(ahead) == '\r', l.peek(ahead) == '\n':
		return 1
	}
	return 0
}

func (l *lexer) lineBreak() { l.pos += l.lineBreakAt(0) }

func (l *lexer) comment() {
	if end := strings.IndexAny(l.text[l.pos:], "\r\n"); end >= 0 {
		l.pos += end
		return
	}
	l.pos = len(l.text)
}

// newline ends the logical line, if there is one.
func (l *lexer) newline() {
	if n := len(l.tokens); n > 0 {
		switch l.tokens[n-1].Kind {
		case Newline, Indent, Dedent:
		default:
			l.emit(Newline, l.pos, "")
		}
	}
	l.lineStart = true
}

// next reads one token, or what is between tokens.
func (l *lexer) next() {
	switch c := l.peek(0); {
	case c == ' ' || c == '\t' || c == '\f':
		l.pos++
	case c == '#':
		l.comment()
	case c == '\n' || c == '\r':
		if len(l.brackets) == 0 && l.fields == 0 {
			l.newline()
		}
		l.lineBreak()
	case c == '\\' && l.lineBreakAt(1) > 0:
		l.pos += 1 + l.lineBreakAt(1)
	case c == '"' || c == '\'':
		l.str(l.pos, "")
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		l.number()
	case c == '_' || isLetter(c) || c >= utf8.RuneSelf:
		l.name()
	default:
		l.operator()
	}
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func (l *lexer) name() {
	start := l.pos
	for l.pos < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.pos:])
		if r != '_' && !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Pc) {
			break
		}
		l.pos += size
	}
	if l.pos == start { // such as a dash that came from a text processor
		_, size := utf8.DecodeRuneInString(l.text[start:])
		l.pos += size
		l.emit(Op, start, l.text[start:l.pos])
		return
	}
	text := l.text[start:l.pos]
	if c := l.peek(0); (c == '"' || c == '\'') && isPrefix(text) {
		l.str(start, strings.ToLower(text))
		return
	}
	l.emit(Name, start, text)
}

// isPrefix reports whether a string can begin so, in any case and order; "ur" is Python 2's.
func isPrefix(text string) bool {
	switch strings.ToLower(text) {
	case "r", "b", "u", "f", "t", "br", "rb", "fr", "rf", "tr", "rt", "ur":
		return true
	}
	return false
}

func (l *lexer) number() {
	start := l.pos
	if l.peek(0) == '0' && strings.IndexByte("xXoObB", l.peek(1)) >= 0 {
		for l.pos += 2; l.peek(0) == '_' || isHex(l.peek(0)); l.pos++ {
		}
	} else {
		l.digits()
		if l.peek(0) == '.' {
			l.pos++
			l.digits()
		}
		if l.peek(0)|0x20 == 'e' {
			switch next := l.peek(1); {
			case isDigit(next):
				l.pos++
				l.digits()
			case (next == '+' || next == '-') && isDigit(l.peek(2)):
				l.pos += 2
				l.digits()
			}
		}
	}
	if c := l.peek(0) | 0x20; c == 'j' || c == 'l' {
		l.pos++
	}
	l.emit(Number, start, l.text[start:l.pos])
}

func (l *lexer) digits() {
	for isDigit(l.peek(0)) || l.peek(0) == '_' {
		l.pos++
	}
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
