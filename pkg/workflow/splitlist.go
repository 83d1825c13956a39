package workflow

import (
	"bytes"
	"encoding/json"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// errNotAList: what was read is not all of a list, or none at all.
var errNotAList = errors.New("the answer is not a whole list")

// splitList separates the items of a list, which are left as they are, from its metadata. It goes
// by brackets and strings alone, so an item that nobody can read is one item, and those beside it
// are not lost: the API server stores objects that are nested as deep as a parser goes, and a list
// of them is nested deeper.
func splitList(text []byte) (meta metav1.ListMeta, items [][]byte, err error) {
	s := splitter{text: text}
	whole := s.each('{', '}', func() bool {
		name, ok := s.value()
		if !ok || !s.take(':') {
			return false
		}
		switch string(name) {
		case `"items"`:
			items = nil
			if s.next() == 'n' {
				value, ok := s.value()
				return ok && string(value) == "null"
			}
			return s.each('[', ']', func() bool {
				item, ok := s.value()
				items = append(items, item)
				return ok
			})
		case `"metadata"`:
			value, ok := s.value()
			return ok && json.Unmarshal(value, &meta) == nil
		}
		_, ok = s.value()
		return ok
	})
	if !whole || s.next() != 0 {
		return metav1.ListMeta{}, nil, errNotAList
	}
	return meta, items, nil
}

// splitter moves over JSON without looking at more than where values end.
type splitter struct {
	text []byte
	pos  int
}

// next is the next byte that is no space; 0: there is none.
func (s *splitter) next() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// take moves behind the next byte if it is c.
func (s *splitter) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.pos++
	return true
}

// each moves behind the object or list at hand; element moves behind each of its elements.
func (s *splitter) each(opening, closing byte, element func() bool) bool {
	if !s.take(opening) {
		return false
	}
	if s.take(closing) {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !s.take(',') {
			return s.take(closing)
		}
	}
}

// value moves behind the next value and returns it; false: the text ends in it, or there is none.
func (s *splitter) value() ([]byte, bool) {
	s.next()
	start := s.pos
	for depth := 0; s.pos < len(s.text); {
		switch s.text[s.pos] {
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			if depth == 0 {
				return s.text[start:s.pos], s.pos > start
			}
			depth--
			s.pos++
		case '"':
			if !s.skipString() {
				return nil, false
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return s.text[start:s.pos], s.pos > start
			}
			s.pos++
			continue
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return s.text[start:s.pos], true
		}
	}
	return nil, false
}

// skipString moves behind the string at hand.
func (s *splitter) skipString() bool {
	for s.pos++; ; s.pos += 2 { // over a backslash and what it is for
		at := bytes.IndexAny(s.text[min(s.pos, len(s.text)):], `"\`)
		if at < 0 {
			s.pos = len(s.text)
			return false
		}
		s.pos += at
		if s.text[s.pos] == '"' {
			s.pos++
			return true
		}
	}
}
