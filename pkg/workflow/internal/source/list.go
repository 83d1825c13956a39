package source

import (
	"bytes"
	"encoding/json"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// errNotList means that the answer is not a list, or not all of one.
var errNotList = errors.New("the answer is not a complete list")

// splitList separates the items of a list, which it leaves as they are, from the list's metadata.
// It looks at brackets and strings alone, so an item that no parser can read does not hide those
// beside it: the API server stores objects that are nested as deep as a parser goes, and a list of
// them is nested deeper.
func splitList(data []byte) (meta metav1.ListMeta, items [][]byte, err error) {
	s := splitter{data: data}
	complete := s.each('{', '}', func() bool {
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
	if !complete || s.next() != 0 {
		return metav1.ListMeta{}, nil, errNotList
	}
	return meta, items, nil
}

// splitter moves over JSON and finds where values end, without reading them.
type splitter struct {
	data []byte
	pos  int
}

// next moves over spaces and returns the next byte, or 0 at the end.
func (s *splitter) next() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// take moves past the next byte if it is c.
func (s *splitter) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.pos++
	return true
}

// each moves past an object or a list. element moves past one of its elements.
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

// value moves past the next value and returns it. It reports false if there is none, or if it is
// cut off.
func (s *splitter) value() ([]byte, bool) {
	s.next()
	start := s.pos
	for depth := 0; s.pos < len(s.data); {
		switch s.data[s.pos] {
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			if depth == 0 {
				return s.data[start:s.pos], s.pos > start
			}
			depth--
			s.pos++
		case '"':
			if !s.skipString() {
				return nil, false
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return s.data[start:s.pos], s.pos > start
			}
			s.pos++
			continue
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return s.data[start:s.pos], true
		}
	}
	return nil, false
}

// skipString moves past a string.
func (s *splitter) skipString() bool {
	for s.pos++; ; s.pos += 2 { // past a backslash and the byte it escapes
		at := bytes.IndexAny(s.data[min(s.pos, len(s.data)):], `"\`)
		if at < 0 {
			s.pos = len(s.data)
			return false
		}
		s.pos += at
		if s.data[s.pos] == '"' {
			s.pos++
			return true
		}
	}
}
