package python

import "strings"

// operators returns those of more than one character, longer ones first.
func operators() []string {
	return []string{
		"**=", "//=", ">>=", "<<=", "...",
		"!=", "->", ":=", "==", "<=", ">=", "<>", "**", "//", "<<", ">>",
		"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=",
	}
}

func (l *lexer) operator() {
	start := l.pos
	size := 1
	if next := l.peek(1); strings.IndexByte("=>.*/<", next) >= 0 && next != 0 {
		for _, op := range operators() {
			if strings.HasPrefix(l.text[start:], op) {
				size = len(op)
				break
			}
		}
	}
	l.pos += size
	text := l.text[start:l.pos]
	switch text {
	case "(", "[", "{":
		if len(l.brackets) == maxBrackets {
			l.fail(start, "more than %d brackets are open", maxBrackets)
		}
		l.brackets = append(l.brackets, bracket{text[0], start})
	case ")", "]", "}":
		l.closes(start, text[0])
	}
	l.emit(Op, start, text)
}

func (l *lexer) closes(offset int, char byte) {
	n := len(l.brackets)
	if n == 0 {
		l.fail(offset, "%q closes nothing", string(char))
		return
	}
	open := l.brackets[n-1]
	l.brackets = l.brackets[:n-1]
	if want := strings.IndexByte(")]}", char); want != strings.IndexByte("([{", open.char) {
		l.fail(offset, "%q closes %q", string(char), string(open.char))
	}
}
