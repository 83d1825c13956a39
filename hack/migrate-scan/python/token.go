// Package python reads Python source into tokens, by the lexical rules of Python 3.12 and
// later: what is in a comment or a string is no code, and what is in the braces of an
// f-string is.
package python

import "fmt"

// Kind is what a token is.
type Kind uint8

const (
	End     Kind = iota // End: the text is over; there is exactly one, the last
	Name                // Name: an identifier or a keyword
	Number              // Number: a literal number
	String              // String: a literal string of any kind, see Token.Parts
	Op                  // Op: an operator or a bracket, or a character that Python doesn't know
	Newline             // Newline: the end of a logical line
	Indent              // Indent: the next line begins a block
	Dedent              // Dedent: a block has ended
)

// Token is a piece of source.
type Token struct {
	Kind   Kind
	Offset int    // in bytes, from the start of the text
	Text   string // of a Name, Number or Op; of a String its prefix in lower case
	Parts  []Part // of a String
}

// Is reports whether the token is that operator or keyword.
func (t Token) Is(text string) bool {
	return (t.Kind == Op || t.Kind == Name) && t.Text == text
}

// Part is a piece of a string: text, or a field of an f-string.
type Part struct {
	Text  string // with its escapes resolved
	Field bool
	// Tokens are the field's expression, ended by an End. The fields within its format follow
	// as parts of their own.
	Tokens []Token
}

// Error says where source is broken. What was before is read.
type Error struct {
	Offset int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Reason) }

// Tokenize splits a text into tokens. The tokens are whole in any case: blocks are closed, and
// an End comes last. The error, nil or an [*Error], is about the first place from which on
// the text could not be understood, such as a string that doesn't end.
func Tokenize(text string) ([]Token, error) {
	l := &lexer{text: text, indents: []int{0}, lineStart: true}
	l.tokens = make([]Token, 0, len(text)/6+8)
	l.run()
	if l.err != nil {
		return l.tokens, l.err
	}
	return l.tokens, nil
}
