package python

import (
	"sort"
	"unicode/utf8"
)

// Lines tells in which line and column an offset of a text is. A line ends with a line feed,
// a carriage return, or both.
type Lines struct {
	text   string
	starts []int
}

// NewLines looks for the lines of a text.
func NewLines(text string) *Lines {
	starts := []int{0}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			starts = append(starts, i+1)
		case '\n':
			starts = append(starts, i+1)
		}
	}
	return &Lines{text: text, starts: starts}
}

// Position returns line and column of a byte offset, both counted from 1, columns in
// characters. An offset outside the text counts as its nearest end.
func (l *Lines) Position(offset int) (line, column int) {
	offset = max(0, min(offset, len(l.text)))
	line = sort.SearchInts(l.starts, offset+1)
	return line, utf8.RuneCountInString(l.text[l.starts[line-1]:offset]) + 1
}
